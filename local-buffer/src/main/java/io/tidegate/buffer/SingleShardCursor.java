package io.tidegate.buffer;

import io.tidegate.core.stream.Gap;
import io.tidegate.core.stream.LogEntry;
import io.tidegate.core.stream.ReadBatch;
import io.tidegate.core.stream.ShardCursor;
import io.tidegate.core.stream.StartingPosition;
import io.tidegate.core.stream.StreamLogException;
import io.tidegate.core.stream.StreamRecord;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Reads one shard. Confined to one thread. */
final class SingleShardCursor implements ShardCursor {
    private final LogReading log;
    private final ShardState shard;
    private long next;
    /** No block before this one can hold the next record: where the search begins. */
    private long searchLsn;

    SingleShardCursor(LogReading log, ShardState shard, StartingPosition from) {
        this.log = log;
        this.shard = shard;
        this.next = start(from);
    }

    private long start(StartingPosition from) {
        ShardCounters counters = log.state().counters(shard);
        if (from instanceof StartingPosition.TrimHorizon) {
            return counters.horizon();
        } else if (from instanceof StartingPosition.Latest) {
            return counters.next();
        } else if (from instanceof StartingPosition.AtSequenceNumber at) {
            return Math.max(1, at.sequenceNumber());
        } else if (from instanceof StartingPosition.AfterSequenceNumber after) {
            return Math.max(0, after.sequenceNumber()) + 1;
        }
        return startAt(((StartingPosition.AtTimestamp) from).timeMillis(), counters);
    }

    /** The first block with records of this shard that was committed at this corrected time or later. */
    private long startAt(long timeMillis, ShardCounters counters) {
        CorrectedTime corrected = log.state().clock().corrected();
        long lsn = 0;
        while (true) {
            Optional<SegmentStore.Found> block = log.store()
                    .firstAt(timeMillis, corrected, lsn)
                    .flatMap(first -> log.store().nextOf(shard.ordinal(), counters.horizon(), first));
            if (block.isEmpty()) {
                return counters.next();
            }
            SegmentIndex.Entry entry = block.get().entry();
            // The block found by time may be of another shard, and this one after it in an earlier time again.
            if (corrected.of(entry.lsn(), entry.timeMillis()) >= timeMillis) {
                return LogReading.runOf(entry, shard.ordinal(), counters.horizon())
                        .map(run -> Math.max(run.firstSequenceNumber(), counters.horizon()))
                        .orElse(counters.next());
            }
            lsn = entry.lsn() + 1;
        }
    }

    @Override
    public ReadBatch read(int bytesMax, int entriesMax) {
        Batch batch = new Batch(bytesMax, entriesMax);
        try {
            return read(batch);
        } catch (StreamLogException e) {
            if (batch.isEmpty()) {
                throw e;
            }
            // What has been read is behind this reader; the next read meets the failure again, or not.
            return batch.more(log.ageMillis(batch.unreadMillis));
        }
    }

    private ReadBatch read(Batch batch) {
        while (true) {
            ShardCounters counters = log.state().counters(shard);
            if (next < counters.horizon()) {
                if (!batch.add(belowHorizon(counters))) {
                    return batch.more(0);
                }
                next = counters.horizon();
                continue;
            }
            Optional<Hole> hole = log.state().holeAt(shard, next);
            if (hole.isPresent()) {
                if (!batch.add(hole.get().gap(shard.id(), next))) {
                    return batch.more(0);
                }
                next = hole.get().toExclusive();
                continue;
            }
            if (next >= counters.next()) {
                return batch.end(counters.closed());
            }
            if (!readBlock(counters, batch)) {
                return batch.more(log.ageMillis(batch.unreadMillis));
            }
        }
    }

    private Gap belowHorizon(ShardCounters counters) {
        long missing = counters.horizon() - next;
        return new Gap(
                shard.id(),
                next,
                counters.horizon(),
                Math.min(missing, counters.appended()),
                missing <= counters.appended(),
                counters.horizonReason(),
                counters.horizonMillis());
    }

    /** Reads on in one block. False: the batch is full. */
    private boolean readBlock(ShardCounters counters, Batch batch) {
        Optional<SegmentStore.Found> found = log.store().nextOf(shard.ordinal(), next, searchLsn);
        if (found.isEmpty()) {
            // The files do not have what the state promises: all that is left is lost.
            return lost(
                    new Run(shard.ordinal(), next, Math.toIntExact(Math.min(counters.next() - next, 1 << 30)), 0),
                    log.state().lastLsn(),
                    batch);
        }
        searchLsn = found.get().entry().lsn();
        Run run = LogReading.runOf(found.get().entry(), shard.ordinal(), next).orElseThrow();
        if (run.firstSequenceNumber() > next) {
            long until = log.state()
                    .holeAt(shard, run.firstSequenceNumber() - 1)
                    .map(Hole::fromInclusive)
                    .orElse(run.firstSequenceNumber());
            return lost(
                    new Run(shard.ordinal(), next, Math.toIntExact(Math.min(until - next, 1 << 30)), 0),
                    searchLsn - 1,
                    batch);
        }
        Optional<Block> block = log.reader().read(found.get());
        if (block.isEmpty()) {
            return lost(run, searchLsn, batch);
        }
        batch.unreadMillis = found.get().entry().timeMillis();
        for (StreamRecord record : block.get().records(log.state())) {
            if (record.sequenceNumber() >= next && record.shard().equals(shard.id())) {
                if (!batch.add(record)) {
                    return false;
                }
                next = record.sequenceNumber() + 1;
            }
        }
        searchLsn = block.get().lsn() + 1;
        return true;
    }

    private boolean lost(Run run, long lastLsn, Batch batch) {
        if (log.state().counters(shard).horizon() >= run.nextSequenceNumber()) {
            return true; // given up by retention in the meantime: the horizon tells
        }
        if (batch.isFull()) {
            return false;
        }
        Hole hole = log.damaged(shard, next, run, lastLsn);
        batch.add(hole.gap(shard.id(), Math.max(next, hole.fromInclusive())));
        next = hole.toExclusive();
        return true;
    }

    @Override
    public long nextSequenceNumber() {
        return next;
    }

    @Override
    public void whenReadable(Runnable callback) {
        log.waiters().await(this, shard.id()::equals, callback);
        // Looked at after registering, so that a commit in between is not missed.
        ShardCounters counters = log.state().counters(shard);
        if ((counters.next() > next || counters.closed()) && log.waiters().forget(this)) {
            callback.run();
        }
    }

    @Override
    public void close() {
        log.waiters().forget(this);
    }

    /** A batch while it fills. */
    private static final class Batch {
        private final int bytesMax;
        private final int entriesMax;
        private final List<LogEntry> entries = new ArrayList<>();
        private long bytes;
        private long unreadMillis;

        Batch(int bytesMax, int entriesMax) {
            this.bytesMax = bytesMax;
            this.entriesMax = entriesMax;
        }

        boolean isEmpty() {
            return entries.isEmpty();
        }

        boolean isFull() {
            return !entries.isEmpty() && (bytes >= bytesMax || entries.size() >= entriesMax);
        }

        boolean add(LogEntry entry) {
            long size = entry instanceof StreamRecord record ? record.data().length() : 0;
            if (!entries.isEmpty() && (bytes + size > bytesMax || entries.size() >= entriesMax)) {
                return false;
            }
            bytes += size;
            entries.add(entry);
            return true;
        }

        ReadBatch more(long millisBehindLatest) {
            return new ReadBatch(entries, millisBehindLatest, false);
        }

        ReadBatch end(boolean ended) {
            return new ReadBatch(entries, 0, true, ended);
        }
    }
}
