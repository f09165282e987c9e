package io.tidegate.buffer;

import io.tidegate.core.stream.Gap;
import io.tidegate.core.stream.LogCursor;
import io.tidegate.core.stream.LogEntry;
import io.tidegate.core.stream.LogPosition;
import io.tidegate.core.stream.ReadBatch;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamRecord;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Reads several streams in commit order. Confined to one thread. */
final class CommitCursor implements LogCursor {
    /** A read ends here even if it has found nothing, so that it does not last. */
    private static final int BLOCKS_PER_READ = 256;

    private final LogReading log;
    private final Set<StreamName> streams;
    private final Map<Integer, ShardState> shards = new HashMap<>();
    private final BitSet ordinals = new BitSet();
    /** Per shard, up to where this reader has been told of a horizon. */
    private final Map<Integer, Long> told = new HashMap<>();
    /** Per shard, the number after the last that this reader was given or told of. */
    private final Map<Integer, Long> expected = new HashMap<>();

    private LogPosition position;
    private int seenOrdinals;

    CommitCursor(LogReading log, Set<StreamName> streams, LogPosition from) {
        this.log = log;
        this.streams = Set.copyOf(streams);
        this.position =
                from.equals(LogPosition.LATEST) ? new LogPosition(log.state().lastLsn() + 1, 0) : from;
        noticeShards();
        if (from.lsn() == 0) {
            shards.values()
                    .forEach(shard -> told.put(
                            shard.ordinal(), log.state().counters(shard).horizon()));
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
        List<LogEntry> entries = new ArrayList<>();
        long bytes = 0;
        for (int blocks = 0; blocks < BLOCKS_PER_READ; blocks++) {
            // Taken first: what is committed later belongs to the next read.
            long lastLsn = log.state().lastLsn();
            // Not before: a shard opened in between could have records below it.
            noticeShards();
            Optional<SegmentStore.Found> found = log.store().nextWith(ordinals, position.lsn());
            // Asked after the search: what went while this batch is read is passed over by the search, too.
            tellWhatWentBefore(entries);
            if (found.isEmpty() || found.get().entry().lsn() > lastLsn) {
                position = max(position, new LogPosition(lastLsn + 1, 0));
                return new ReadBatch(entries, 0, true);
            }
            SegmentIndex.Entry entry = found.get().entry();
            if (entry.lsn() > position.lsn()) {
                position = new LogPosition(entry.lsn(), 0);
            }
            Optional<Block> block = log.reader().read(found.get());
            if (block.isEmpty()) {
                tellWhatWentBefore(entries);
                tellDamage(entry, entries);
            } else {
                bytes = take(block.get(), entries, bytes, bytesMax);
                if (bytes < 0) {
                    return new ReadBatch(entries, log.ageMillis(entry.timeMillis()), false);
                }
            }
            position = new LogPosition(entry.lsn() + 1, 0);
        }
        return new ReadBatch(entries, 0, false);
    }

    /** Takes the records from the position on; negative: the batch is full before the end of the block. */
    private long take(Block block, List<LogEntry> entries, long before, int bytesMax) {
        long bytes = before;
        if (position.index() == 0) {
            tellHoles(block, entries);
        }
        Map<ShardId, ShardState> selected = new HashMap<>();
        for (Run run : block.runs()) {
            ShardState shard = shards.get(run.ordinal());
            if (shard != null) {
                selected.put(shard.id(), shard);
            }
        }
        tellLeftOut(block, entries);
        for (StreamRecord record : block.records(log.state())) {
            int index = record.position().index();
            ShardState shard = selected.get(record.shard());
            if (index < position.index() || shard == null || isBelowHorizon(shard, record, entries)) {
                continue;
            }
            bytes += record.data().length();
            if (!entries.isEmpty() && bytes > bytesMax) {
                position = new LogPosition(block.lsn(), index);
                return -1;
            }
            entries.add(record);
            expected.put(shard.ordinal(), record.sequenceNumber() + 1);
        }
        return bytes;
    }

    /** What a rewritten block has no more is below a horizon, as if it were passed over. */
    private void tellLeftOut(Block block, List<LogEntry> entries) {
        for (LeftOut missing : block.leftOut(log.state())) {
            ShardState shard = shards.get(missing.ordinal());
            int passed = Math.max(0, position.index() - missing.index());
            if (shard != null && passed < missing.count()) {
                ShardCounters counters = log.state().counters(shard);
                tellHorizon(shard, counters, missing.firstSequenceNumber() + passed, true, entries);
            }
        }
    }

    /** A record below the horizon is passed over; the first of them says so for all. */
    private boolean isBelowHorizon(ShardState shard, StreamRecord record, List<LogEntry> entries) {
        ShardCounters counters = log.state().counters(shard);
        if (record.sequenceNumber() >= counters.horizon()) {
            return false;
        }
        tellHorizon(shard, counters, record.sequenceNumber(), true, entries);
        return true;
    }

    private void tellHorizon(
            ShardState shard, ShardCounters counters, long from, boolean isExact, List<LogEntry> entries) {
        long horizon = counters.horizon();
        if (told.getOrDefault(shard.ordinal(), 0L) >= horizon) {
            return;
        }
        told.put(shard.ordinal(), horizon);
        expected.merge(shard.ordinal(), horizon, Math::max);
        entries.add(new Gap(
                shard.id(),
                from,
                horizon,
                Math.min(horizon - from, counters.appended()),
                isExact && horizon - from <= counters.appended(),
                counters.horizonReason(),
                counters.horizonMillis()));
    }

    /**
     * Records after the position that retention has given up in the meantime. Where this reader does not know which
     * number comes next and their files are gone, how many they are is not known exactly.
     */
    private void tellWhatWentBefore(List<LogEntry> entries) {
        if (position.lsn() == 0) {
            return;
        }
        for (ShardState shard : shards.values()) {
            ShardCounters counters = log.state().counters(shard);
            if (counters.horizonLsn() < position.lsn()
                    || told.getOrDefault(shard.ordinal(), 0L) >= counters.horizon()) {
                continue;
            }
            Long next = expected.get(shard.ordinal());
            if (next != null) {
                if (next < counters.horizon()) {
                    tellHorizon(shard, counters, next, true, entries);
                }
                continue;
            }
            boolean isStillInAFile = log.store()
                    .nextOf(shard.ordinal(), 0, position.lsn())
                    .filter(found -> found.entry().lsn() <= counters.horizonLsn())
                    .filter(found ->
                            log.store().isWhole(position.lsn(), found.entry().lsn()))
                    .isPresent();
            // Where the records are still there, the first that is passed over says it exactly.
            if (!isStillInAFile) {
                tellHorizon(shard, counters, 1, false, entries);
            }
        }
    }

    private void tellDamage(SegmentIndex.Entry entry, List<LogEntry> entries) {
        for (Run run : entry.runs()) {
            ShardState shard = shards.get(run.ordinal());
            if (shard != null && log.state().counters(shard).horizon() < run.nextSequenceNumber()) {
                Hole hole = log.damaged(shard, 0, run);
                entries.add(hole.gap(shard.id(), hole.fromInclusive()));
                expected.merge(shard.ordinal(), hole.toExclusive(), Math::max);
            }
        }
    }

    private void tellHoles(Block block, List<LogEntry> entries) {
        for (ControlEntry control : block.entries()) {
            if (control instanceof ControlEntry.HoleTold hole) {
                ShardState shard = shards.get(hole.ordinal());
                if (shard != null) {
                    entries.add(hole.hole().gap(shard.id(), hole.hole().fromInclusive()));
                    expected.merge(shard.ordinal(), hole.hole().toExclusive(), Math::max);
                }
            }
        }
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
