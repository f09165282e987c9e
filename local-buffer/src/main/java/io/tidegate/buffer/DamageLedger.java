package io.tidegate.buffer;

import io.tidegate.core.stream.AppendResult;
import io.tidegate.core.stream.ConsumerName;
import io.tidegate.core.stream.Gap;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.tinylog.Logger;

/** Counts records that can no longer be read, once, by a commit, and tells of them in {@code _gaps}. Thread-safe. */
final class DamageLedger implements LogReading.DamageReports {
    private static final int WEIGHT_BYTES = 512;

    private final LogState state;
    private final CommitQueue queue;

    DamageLedger(LogState state, CommitQueue queue) {
        this.state = state;
        this.queue = queue;
    }

    @Override
    public void lost(ShardState shard, Hole hole) {
        if (isKnown(state, shard, hole)) {
            return;
        }
        Logger.error("Records {} to {} of {} are damaged", hole.fromInclusive(), hole.toExclusive(), shard);
        queue.offerAlways(new Submission.Unit(
                WEIGHT_BYTES,
                draft -> {
                    if (!isKnown(state, shard, hole)) {
                        draft.add(new ControlEntry.HoleMade(shard.ordinal(), hole));
                        GapRecords.add(draft, gap(shard, hole), consumers(state, shard, hole));
                    }
                    return new AppendResult.Committed(draft.header().lsn(), List.of());
                },
                new CompletableFuture<>()));
    }

    private static boolean isKnown(LogState state, ShardState shard, Hole hole) {
        long horizon = state.counters(shard).horizon();
        return hole.toExclusive() <= horizon
                || state.holeAt(shard, Math.max(hole.fromInclusive(), horizon)).isPresent();
    }

    private static Gap gap(ShardState shard, Hole hole) {
        return hole.gap(shard.id(), hole.fromInclusive());
    }

    private static List<ConsumerName> consumers(LogState state, ShardState shard, Hole hole) {
        return state.consumersBehind(shard, hole.toExclusive(), Long.MAX_VALUE);
    }

    /** Holes that were found when the log was opened, and are state already, as records of {@code _gaps}. */
    static void announce(CommitQueue queue, LogState state, List<ControlEntry> told) {
        queue.offerAlways(new Submission.Unit(
                WEIGHT_BYTES,
                draft -> {
                    for (ControlEntry entry : told) {
                        if (entry instanceof ControlEntry.HoleTold hole) {
                            state.shardState(hole.ordinal())
                                    .ifPresent(shard -> GapRecords.add(
                                            draft, gap(shard, hole.hole()), consumers(state, shard, hole.hole())));
                        }
                    }
                    return new AppendResult.Committed(draft.header().lsn(), List.of());
                },
                new CompletableFuture<>()));
    }
}
