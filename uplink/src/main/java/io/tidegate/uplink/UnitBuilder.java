package io.tidegate.uplink;

import io.tidegate.core.stream.Gap;
import io.tidegate.core.stream.GapReason;
import io.tidegate.core.stream.LogEntry;
import io.tidegate.core.stream.ReadBatch;
import io.tidegate.core.stream.ShardCursor;
import io.tidegate.core.stream.ShardEpoch;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StartingPosition;
import io.tidegate.core.stream.StreamLog;
import io.tidegate.core.stream.StreamRecord;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import org.jspecify.annotations.Nullable;

/**
 * Reads one shard and cuts it into units: each stays in one epoch, covers its range without a hole, and keeps to limits.
 * The same place, limits and log give the same unit.
 *
 * <p>Confined to the uplink's thread, but for the callback of {@link #whenReadable}.
 */
final class UnitBuilder implements AutoCloseable {
    private final StreamLog log;
    private final ShardId shard;
    private final List<ShardId> parents;
    private @Nullable ShardCursor cursor;
    private long cursorAt;
    private boolean atEnd;
    private boolean ended;

    /**
     * What bounds a unit.
     *
     * @param toExclusive it ends here at the latest; 0: anywhere
     * @param leaveOut records that are told as gaps
     */
    record Limits(int bytesMax, int recordsMax, long toExclusive, SortedSet<Long> leaveOut) {}

    UnitBuilder(StreamLog log, ShardId shard, List<ShardId> parents) {
        this.log = log;
        this.shard = shard;
        this.parents = parents;
    }

    /** The unit that starts here; empty if nothing is committed from here on. */
    Optional<OutgoingUnit> build(long fromInclusive, Limits limits) {
        ReadBatch batch = cursorAt(fromInclusive).read(limits.bytesMax(), limits.recordsMax());
        atEnd = batch.atEnd();
        ended = batch.ended();
        if (batch.isEmpty()) {
            return Optional.empty();
        }
        // Read after the records, so that their epoch is among them.
        List<ShardEpoch> epochs = log.epochs(shard);
        int index = epochIndex(epochs, fromInclusive);
        long epochEnd = index < epochs.size() - 1 ? epochs.get(index).nextSequenceNumber() : Long.MAX_VALUE;
        long end = limits.toExclusive() > fromInclusive ? Math.min(epochEnd, limits.toExclusive()) : epochEnd;
        Cut cut = new Cut(shard, fromInclusive, end, limits);
        for (LogEntry entry : batch.entries()) {
            if (!cut.take(entry)) {
                break;
            }
        }
        if (cut.next == fromInclusive) {
            // Only gaps without numbers: they go with the next record.
            close();
            atEnd = true;
            return Optional.empty();
        }
        if (cut.next != afterLast(batch)) {
            // The cursor is further than the unit: what lies between is read again next time.
            close();
            atEnd = false;
        } else {
            cursorAt = cut.next;
        }
        ShardEpoch previous = index == 0 ? null : epochs.get(index - 1);
        return Optional.of(new OutgoingUnit(
                shard,
                parents,
                epochs.get(index).epoch(),
                fromInclusive,
                cut.next,
                previous,
                false,
                cut.entries,
                Map.of()));
    }

    /** Whether the last unit reached the end of what is committed. */
    boolean isAtEnd() {
        return atEnd;
    }

    /** Whether the shard is closed and nothing was left from the place of the last unit on. */
    boolean isEnded() {
        return ended;
    }

    /** Calls back once there is something at or after this place. */
    void whenReadable(long fromInclusive, Runnable callback) {
        cursorAt(fromInclusive).whenReadable(callback);
    }

    private ShardCursor cursorAt(long place) {
        ShardCursor open = cursor;
        if (open != null && cursorAt == place) {
            return open;
        }
        close();
        ShardCursor opened = log.cursor(shard, new StartingPosition.AtSequenceNumber(place));
        cursor = opened;
        cursorAt = place;
        return opened;
    }

    private static int epochIndex(List<ShardEpoch> epochs, long sequenceNumber) {
        int index = 0;
        while (index < epochs.size() - 1 && epochs.get(index).nextSequenceNumber() <= sequenceNumber) {
            index++;
        }
        return index;
    }

    private static long afterLast(ReadBatch batch) {
        LogEntry last = batch.entries().get(batch.entries().size() - 1);
        return last instanceof StreamRecord record ? record.sequenceNumber() + 1 : ((Gap) last).toExclusive();
    }

    @Override
    public void close() {
        ShardCursor open = cursor;
        cursor = null;
        if (open != null) {
            open.close();
        }
    }

    /** A unit in the making. */
    private static final class Cut {
        private final ShardId shard;
        private final long end;
        private final Limits limits;
        private final List<LogEntry> entries = new ArrayList<>();
        private long next;
        private long bytes;

        Cut(ShardId shard, long from, long end, Limits limits) {
            this.shard = shard;
            this.next = from;
            this.end = end;
            this.limits = limits;
        }

        /** False: the entry, or a part of it, belongs to a later unit. */
        boolean take(LogEntry entry) {
            if (next >= end) {
                return false;
            }
            if (entry instanceof Gap gap) {
                return takeGap(gap);
            }
            StreamRecord record = (StreamRecord) entry;
            if (record.sequenceNumber() > next && !takeGap(unexplained(record))) {
                return false;
            }
            // Data alone counts, as it does in a cursor's reads: else every read would be cut once more.
            long size = record.data().length();
            if (record.sequenceNumber() >= end || (!entries.isEmpty() && bytes + size > limits.bytesMax())) {
                return false;
            }
            bytes += size;
            entries.add(limits.leaveOut().contains(record.sequenceNumber()) ? leftOut(record) : record);
            next = record.sequenceNumber() + 1;
            return true;
        }

        private boolean takeGap(Gap gap) {
            long from = Math.max(next, gap.fromInclusive());
            long to = Math.min(end, gap.toExclusive());
            boolean whole = from == gap.fromInclusive() && to == gap.toExclusive();
            // Of a part it is not known how many records it holds; never more than numbers, nor than the whole had.
            long records = whole ? gap.records() : Math.min(gap.records(), to - from);
            boolean exact = gap.exact() && (whole || gap.records() == gap.toExclusive() - gap.fromInclusive());
            entries.add(new Gap(shard, from, to, records, exact, gap.reason(), gap.timeMillis()));
            next = to;
            return to == gap.toExclusive();
        }

        /** A log tells every hole; should it ever not, the receiver must still hear of it. */
        private Gap unexplained(StreamRecord after) {
            long missing = after.sequenceNumber() - next;
            return new Gap(
                    shard, next, after.sequenceNumber(), missing, false, GapReason.CORRUPT, after.arrivalTimeMillis());
        }

        private Gap leftOut(StreamRecord record) {
            long number = record.sequenceNumber();
            return new Gap(shard, number, number + 1, 1, true, GapReason.REJECTED, record.arrivalTimeMillis());
        }
    }
}
