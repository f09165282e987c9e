package io.tidegate.buffer;

import io.tidegate.core.runtime.EffectiveClock;
import java.util.Optional;

/** What every cursor reads with. Thread-safe. */
record LogReading(
        LogState state,
        SegmentStore store,
        BlockReader reader,
        ReadWaiters waiters,
        EffectiveClock clock,
        DamageReports reports) {

    /** Hears of records that cannot be read. */
    interface DamageReports {
        /**
         * @param lastLsn no later commit has had one of them
         */
        void lost(ShardState shard, Hole hole, long lastLsn);

        /** The same of records that the medium does not give back now: counted only if the next commit is stored. */
        void unreadable(ShardState shard, Hole hole, long lastLsn);

        /** Tries again to count what no commit would take. */
        void countAgain();
    }

    /**
     * The numbers of a run that cannot be read any more; told to the writer, which counts them once.
     *
     * @param lastLsn no later commit has had one of them
     */
    Hole damaged(ShardState shard, long from, Run run, long lastLsn) {
        Hole whole = Hole.corrupt(run, clock.now().millis());
        reports.lost(shard, whole, lastLsn);
        return whole.from(Math.max(from, run.firstSequenceNumber()));
    }

    long ageMillis(long timeMillis) {
        return Math.max(0, clock.now().millis() - timeMillis);
    }

    /** The run of a shard with this number or a greater one; only what is lost has more than one of a shard. */
    static Optional<Run> runOf(SegmentIndex.Entry entry, int ordinal, long sequenceNumber) {
        return entry.runs().stream()
                .filter(run -> run.ordinal() == ordinal && run.nextSequenceNumber() > sequenceNumber)
                .findFirst();
    }
}
