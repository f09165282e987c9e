package io.tidegate.buffer;

import io.tidegate.core.stream.Gap;
import io.tidegate.core.stream.LogCursor;
import io.tidegate.core.stream.LogPosition;
import io.tidegate.core.stream.ReadBatch;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StreamLogException;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamRecord;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Reads several streams in commit order. Confined to one thread. */
final class CommitCursor implements LogCursor {
    /** A read ends here even if it has found nothing, so that it does not last. */
    private static final int BLOCKS_PER_READ = 256;

    /** A shard while one block is taken, with its numbers as they were at the start. */
    private static final class Taking {
        private final ShardState shard;
        private final ShardCounters counters;
        /** After the last record that was given out; 0: none was. */
        private long next;

        Taking(ShardState shard, ShardCounters counters) {
            this.shard = shard;
            this.counters = counters;
        }
    }

    private final LogReading log;
    private final Set<StreamName> streams;
    private final Map<Integer, ShardState> shards = new HashMap<>();
    private final BitSet ordinals = new BitSet();
    /** Per shard, the number below which nothing is told: it was gone before this reader began. */
    private final Map<Integer, Long> floors = new HashMap<>();
    /** Per shard, the number after the last that this reader was given or told of. */
    private final Map<Integer, Long> expected = new HashMap<>();

    /** Per shard, what was told where it should have been; a block that tells of it may follow. */
    private final Map<Integer, NumberRanges> toldInPlace = new HashMap<>();

    private final LogPosition start;
    private LogPosition position;
    private int seenOrdinals;
    /** Time of the commit that is read now. */
    private long unreadMillis;

    CommitCursor(LogReading log, Set<StreamName> streams, LogPosition from) {
        this.log = log;
        this.streams = Set.copyOf(streams);
        this.start =
                from.equals(LogPosition.LATEST) ? new LogPosition(log.state().lastLsn() + 1, 0) : from;
        this.position = start;
        noticeShards();
        if (from.lsn() == 0) {
            for (ShardState shard : shards.values()) {
                long horizon = log.state().counters(shard).horizon();
                floors.put(shard.ordinal(), horizon);
                expected.put(shard.ordinal(), horizon);
            }
        }
    }

    /** Shards that have been opened since: by a reshard, or with a stream that was deleted and created again. */
    private void noticeShards() {
        int nextOrdinal = log.state().nextOrdinal();
        if (nextOrdinal == seenOrdinals) {
            return;
        }
        for (ShardState shard : log.state().allShards()) {
            if (shard.ordinal() >= seenOrdinals && streams.contains(shard.id().stream())) {
                shards.put(shard.ordinal(), shard);
                ordinals.set(shard.ordinal());
            }
        }
        seenOrdinals = nextOrdinal;
    }

    @Override
    public ReadBatch read(int bytesMax) {
        CommitBatch batch = new CommitBatch();
        try {
            return read(batch, bytesMax);
        } catch (StreamLogException e) {
            if (batch.isEmpty()) {
                throw e;
            }
            // The position is behind what has been read; the next read meets the failure again, or not.
            return new ReadBatch(batch.finish(), log.ageMillis(unreadMillis), false);
        }
    }

    private ReadBatch read(CommitBatch batch, int bytesMax) {
        for (int blocks = 0; ; blocks++) {
            // Taken first: what is committed later belongs to the next read.
            long lastLsn = log.state().lastLsn();
            // Not before: a shard opened in between could have records below it.
            noticeShards();
            Optional<SegmentStore.Found> found = log.store().nextWith(ordinals, position.lsn());
            // Asked after the search: what went while this batch is read is passed over by the search, too.
            if (found.isEmpty() || found.get().entry().lsn() > lastLsn) {
                tellWhatWentBefore(lastLsn + 1, true, batch);
                position = max(position, new LogPosition(lastLsn + 1, 0));
                return new ReadBatch(batch.finish(), 0, true);
            }
            SegmentIndex.Entry entry = found.get().entry();
            unreadMillis = entry.timeMillis();
            if (blocks == BLOCKS_PER_READ) {
                return new ReadBatch(batch.finish(), log.ageMillis(unreadMillis), false);
            }
            tellWhatWentBefore(entry.lsn(), false, batch);
            if (entry.lsn() > position.lsn()) {
                position = new LogPosition(entry.lsn(), 0);
            }
            Optional<Block> block = log.reader().read(found.get());
            if (block.isEmpty()) {
                tellDamage(found.get(), batch);
            } else if (!take(block.get(), batch, bytesMax)) {
                return new ReadBatch(batch.finish(), log.ageMillis(unreadMillis), false);
            }
            position = new LogPosition(entry.lsn() + 1, 0);
        }
    }

    /** Takes the records from the position on. False: the batch is full before the end of the block. */
    private boolean take(Block block, CommitBatch batch, int bytesMax) {
        if (position.index() == 0) {
            tellHoles(block, batch);
        }
        Map<ShardId, Taking> selected = new HashMap<>();
        for (Run run : block.runs()) {
            ShardState shard = shards.get(run.ordinal());
            if (shard != null) {
                selected.put(shard.id(), new Taking(shard, log.state().counters(shard)));
            }
        }
        tellLeftOut(block, batch);
        boolean isWhole = takeRecords(block, selected, batch, bytesMax);
        for (Taking taking : selected.values()) {
            if (taking.next > 0) {
                expected.put(taking.shard.ordinal(), taking.next);
            }
        }
        return isWhole;
    }

    private boolean takeRecords(Block block, Map<ShardId, Taking> selected, CommitBatch batch, int bytesMax) {
        int from = position.index();
        for (StreamRecord record : block.records(log.state())) {
            Taking taking = selected.get(record.shard());
            int index = record.position().index();
            if (index < from || taking == null) {
                continue;
            }
            // Numbers only grow: behind a record that was given out, none is below the horizon, and none is missing.
            if (taking.next == 0) {
                if (tellIfBelowHorizon(taking, record, batch)) {
                    continue;
                }
                tellWhatIsNotThere(taking.shard, record.sequenceNumber(), batch);
            }
            if (!batch.add(taking.shard, record, bytesMax)) {
                position = new LogPosition(block.lsn(), index);
                return false;
            }
            taking.next = record.sequenceNumber() + 1;
        }
        return true;
    }

    /** Numbers are dense: what should have come before this record, and did not, is told here if nothing else told it. */
    private void tellWhatIsNotThere(ShardState shard, long number, CommitBatch batch) {
        Long next = expected.get(shard.ordinal());
        if (next == null || next >= number) {
            return;
        }
        ShardGaps.between(log.state(), shard, next, number).forEach(gap -> batch.add(shard, gap));
        noteTold(shard, next, number);
        expected.put(shard.ordinal(), number);
    }

    private void noteTold(ShardState shard, long fromInclusive, long toExclusive) {
        toldInPlace
                .computeIfAbsent(shard.ordinal(), ordinal -> new NumberRanges())
                .add(fromInclusive, toExclusive);
    }

    /** What a rewritten block has no more is below a horizon, as if it were passed over. */
    private void tellLeftOut(Block block, CommitBatch batch) {
        for (LeftOut missing : block.leftOut(log.state())) {
            ShardState shard = shards.get(missing.ordinal());
            int passed = Math.max(0, position.index() - missing.index());
            if (shard != null && passed < missing.count()) {
                long from = missing.firstSequenceNumber() + passed;
                long next = Math.max(from, expected.getOrDefault(shard.ordinal(), from));
                long to = missing.firstSequenceNumber() + missing.count();
                if (next < to) {
                    tell(shard, log.state().counters(shard), next, to, true, batch);
                }
            }
        }
    }

    /** A record below the horizon is told as gone, and so is what should have come before this one and did not. */
    private boolean tellIfBelowHorizon(Taking taking, StreamRecord record, CommitBatch batch) {
        ShardState shard = taking.shard;
        ShardCounters counters = taking.counters;
        long number = record.sequenceNumber();
        Long next = expected.get(shard.ordinal());
        boolean isBelow = number < counters.horizon();
        if (isBelow || (next != null && next < counters.horizon())) {
            long from = next == null ? number : Math.min(next, number);
            tell(shard, counters, from, isBelow ? number + 1 : counters.horizon(), true, batch);
        }
        return isBelow;
    }

    private void tell(
            ShardState shard,
            ShardCounters counters,
            long fromInclusive,
            long toExclusive,
            boolean isExact,
            CommitBatch batch) {
        long from = Math.max(fromInclusive, floors.getOrDefault(shard.ordinal(), 1L));
        if (from < toExclusive) {
            batch.addBelowHorizon(shard, counters, new NumberRanges.Range(from, toExclusive), isExact);
        }
        expected.merge(shard.ordinal(), toExclusive, Math::max);
    }

    /**
     * Records from the position to another that retention has given up in the meantime, files and all. They are told when
     * the position passes them, never before: a reader that starts again at a stored position hears of them once. Where
     * it does not know which number comes next, how many they are is not known exactly.
     */
    private void tellWhatWentBefore(long lsnEnd, boolean isEnd, CommitBatch batch) {
        if (lsnEnd <= position.lsn() && !isEnd) {
            return;
        }
        boolean isWhole = position.lsn() == 0 || log.store().isWhole(position.lsn(), lsnEnd);
        if (isWhole && !isEnd) {
            return;
        }
        for (ShardState shard : shards.values()) {
            ShardCounters counters = log.state().counters(shard);
            Long next = expected.get(shard.ordinal());
            if (counters.horizonLsn() < position.lsn() || (next == null && isWhole)) {
                continue;
            }
            long to = firstFrom(shard, lsnEnd, counters.horizon());
            if (next != null) {
                if (next < to) {
                    tell(shard, counters, next, to, true, batch);
                }
            } else if (to > 1) {
                expected.put(shard.ordinal(), to);
                batch.addBelowHorizon(shard, counters, new NumberRanges.Range(1, to), false);
            }
        }
    }

    /** The first number of a shard that a file still has from an LSN on, at most its horizon. */
    private long firstFrom(ShardState shard, long lsn, long horizon) {
        return log.store()
                .nextOf(shard.ordinal(), 0, lsn)
                .flatMap(found -> LogReading.runOf(found.entry(), shard.ordinal(), 0))
                .map(run -> Math.min(horizon, run.firstSequenceNumber()))
                .orElse(horizon);
    }

    /**
     * An entry can stand for more than the block at its LSN. A reader that was started again behind the beginning of that
     * does not know how much of it it has had.
     */
    private void tellDamage(SegmentStore.Found found, CommitBatch batch) {
        SegmentIndex.Entry entry = found.entry();
        long beginLsn = entry.isLost() ? log.store().firstLsn(found.segment()) : entry.lsn();
        boolean isWholeAhead = start.compareTo(new LogPosition(beginLsn, 0)) <= 0;
        for (Run run : entry.runs()) {
            ShardState shard = shards.get(run.ordinal());
            if (shard == null) {
                continue;
            }
            ShardCounters counters = log.state().counters(shard);
            Long next = expected.get(shard.ordinal());
            long from = next == null ? run.firstSequenceNumber() : Math.max(next, run.firstSequenceNumber());
            boolean isExact = next != null || isWholeAhead;
            if (from >= run.nextSequenceNumber()) {
                continue;
            }
            if (counters.horizon() >= run.nextSequenceNumber()) {
                // Retention has taken the file away in the meantime.
                tell(shard, counters, from, run.nextSequenceNumber(), isExact, batch);
            } else {
                Gap gap = log.damaged(shard, from, run, entry.lsn()).gap(shard.id(), from);
                batch.add(shard, isExact ? gap : inexact(gap));
                noteTold(shard, gap.fromInclusive(), gap.toExclusive());
                expected.merge(shard.ordinal(), gap.toExclusive(), Math::max);
            }
        }
    }

    private static Gap inexact(Gap gap) {
        return new Gap(
                gap.shard(),
                gap.fromInclusive(),
                gap.toExclusive(),
                gap.records(),
                false,
                gap.reason(),
                gap.timeMillis());
    }

    private void tellHoles(Block block, CommitBatch batch) {
        for (ControlEntry control : block.entries()) {
            if (control instanceof ControlEntry.HoleTold hole) {
                ShardState shard = shards.get(hole.ordinal());
                if (shard != null && !isToldInPlace(hole)) {
                    batch.add(shard, hole.hole().gap(shard.id(), hole.hole().fromInclusive()));
                    expected.merge(shard.ordinal(), hole.hole().toExclusive(), Math::max);
                }
            }
        }
    }

    private boolean isToldInPlace(ControlEntry.HoleTold told) {
        NumberRanges ranges = toldInPlace.get(told.ordinal());
        return ranges != null
                && ranges.missing(told.hole().fromInclusive(), told.hole().toExclusive())
                        .isEmpty();
    }

    private static LogPosition max(LogPosition one, LogPosition other) {
        return one.compareTo(other) >= 0 ? one : other;
    }

    @Override
    public LogPosition position() {
        return position;
    }

    @Override
    public void whenReadable(Runnable callback) {
        log.waiters().await(this, shard -> streams.contains(shard.stream()), callback);
        // Looked at after registering, so that a commit in between is not missed.
        if (position.lsn() <= log.state().lastLsn() && log.waiters().forget(this)) {
            callback.run();
        }
    }

    @Override
    public void close() {
        log.waiters().forget(this);
    }
}
