package io.tidegate.buffer;

import io.tidegate.core.stream.Gap;
import io.tidegate.core.stream.LogEntry;
import io.tidegate.core.stream.StreamRecord;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What one read in commit order returns. What lies below a horizon is added block by block, so that it is told exactly
 * where the reader passes it; adjoining pieces become one gap.
 *
 * <p>Confined to one thread.
 */
final class CommitBatch {
    private record Piece(ShardState shard, ShardCounters counters, long from, long to, long records, boolean isExact) {}

    private final List<LogEntry> entries = new ArrayList<>();
    private final Map<Integer, Piece> pieces = new LinkedHashMap<>();
    private long bytes;

    boolean isEmpty() {
        return entries.isEmpty() && pieces.isEmpty();
    }

    /** False: it does not fit, and is not added. */
    boolean add(ShardState shard, StreamRecord record, int bytesMax) {
        int size = record.data().length();
        if (!isEmpty() && bytes + size > bytesMax) {
            return false;
        }
        bytes += size;
        flush(shard);
        entries.add(record);
        return true;
    }

    void add(ShardState shard, Gap gap) {
        flush(shard);
        entries.add(gap);
    }

    /**
     * The numbers [from, to) are below the horizon.
     *
     * @param isExact the reader had everything before them; else some of them may not be missing
     */
    void addBelowHorizon(ShardState shard, ShardCounters counters, NumberRanges.Range range, boolean isExact) {
        long records = Math.min(range.size(), counters.appended());
        Piece added = new Piece(
                shard,
                counters,
                range.fromInclusive(),
                range.toExclusive(),
                records,
                isExact && range.size() == records);
        Piece before = pieces.get(shard.ordinal());
        if (before != null
                && before.to() == added.from()
                && before.counters().horizonReason() == counters.horizonReason()) {
            added = new Piece(
                    shard,
                    counters,
                    before.from(),
                    added.to(),
                    Math.min(before.records() + records, counters.appended()),
                    before.isExact() && added.isExact());
        } else {
            flush(shard);
        }
        pieces.put(shard.ordinal(), added);
    }

    private void flush(ShardState shard) {
        if (pieces.isEmpty()) {
            return;
        }
        Piece piece = pieces.remove(shard.ordinal());
        if (piece != null) {
            entries.add(gap(piece));
        }
    }

    private static Gap gap(Piece piece) {
        return new Gap(
                piece.shard().id(),
                piece.from(),
                piece.to(),
                piece.records(),
                piece.isExact(),
                piece.counters().horizonReason(),
                piece.counters().horizonMillis());
    }

    List<LogEntry> finish() {
        pieces.values().forEach(piece -> entries.add(gap(piece)));
        pieces.clear();
        return entries;
    }
}
