package io.tidegate.buffer;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.tinylog.Logger;

/**
 * Makes the index of a closed segment from its blocks. Numbers that must have been there, by what the segment's summary
 * and the density of numbers say, but are in no sound block, get an entry of their own, whose block cannot be read: so
 * readers meet them in their place. That is the last LSN that is missing before the shard's next block: whoever has
 * passed it has passed them.
 *
 * <p>Confined to one thread.
 */
final class IndexScan implements BlockScan.Sink {
    private record Place(SegmentIndex.Entry entry, boolean isTelling) {}

    private final TreeMap<Long, Place> places = new TreeMap<>();
    private final Map<Integer, Long> next = new HashMap<>();
    private final Map<Integer, NumberRanges> told;
    private final @Nullable SegmentSummary summary;
    private final long endLsn;
    private long lastLsn;
    private long missingLsn;
    /** Of the block after the missing one. */
    private long missingTimeMillis;

    private long missingPoweredOnNanos;

    /**
     * @param summary null: nothing is known, and nothing is taken for missing
     * @param told per shard's ordinal, numbers whose absence a later block tells
     */
    IndexScan(@Nullable SegmentSummary summary, long endLsn, Map<Integer, NumberRanges> told) {
        this.summary = summary;
        this.endLsn = endLsn;
        this.told = told;
        if (this.summary != null) {
            this.summary.spans().forEach(span -> next.put(span.ordinal(), span.first()));
            lastLsn = this.summary.firstLsn() - 1;
            // Nothing can be missing from blocks that are all there; if it is, it is met before them.
            missingLsn = lastLsn;
        }
    }

    @Override
    public void sound(Block block) {
        if (block.lsn() >= endLsn || block.lsn() <= lastLsn) {
            return; // it does not exist, or a database whose pages are of different ages shows it again
        }
        BlockHeader header = block.header();
        noteMissing(header.lsn() - 1, header.timeMillis(), header.poweredOnNanos());
        for (Run run : block.runs()) {
            Long expected = next.put(run.ordinal(), run.nextSequenceNumber());
            if (summary != null && expected != null && run.firstSequenceNumber() > expected) {
                addLost(run.ordinal(), expected, run.firstSequenceNumber());
            }
        }
        SegmentIndex.Entry entry =
                new SegmentIndex.Entry(header.lsn(), header.timeMillis(), header.poweredOnNanos(), block.runs(), false);
        places.put(header.lsn(), new Place(entry, SegmentIndex.isTelling(block)));
        lastLsn = header.lsn();
    }

    /** A block from this LSN back to the last one that is there. */
    private void noteMissing(long lsn, long timeMillis, long poweredOnNanos) {
        if (lsn > lastLsn) {
            missingLsn = lsn;
            missingTimeMillis = timeMillis;
            missingPoweredOnNanos = poweredOnNanos;
        }
    }

    private void addLost(int ordinal, long from, long to) {
        List<NumberRanges.Range> missing =
                told.getOrDefault(ordinal, new NumberRanges()).missing(from, to);
        if (missing.isEmpty()) {
            return;
        }
        List<Run> runs = new ArrayList<>();
        Place there = places.get(missingLsn);
        if (there != null) {
            runs.addAll(there.entry().runs());
        }
        for (NumberRanges.Range range : missing) {
            runs.add(new Run(ordinal, range.fromInclusive(), (int) Math.min(Integer.MAX_VALUE, range.size()), 0));
        }
        SegmentIndex.Entry entry =
                new SegmentIndex.Entry(missingLsn, missingTimeMillis, missingPoweredOnNanos, runs, true);
        places.put(missingLsn, new Place(entry, false));
    }

    @Override
    public void damaged(long lsn, String cause) {
        Logger.error("A commit cannot be read: {}", cause);
    }

    SegmentIndex finish() {
        SegmentSummary known = summary;
        if (known != null) {
            noteMissing(known.nextLsn() - 1, known.lastTimeMillis(), known.lastPoweredOnNanos());
            for (SegmentSummary.Span span : known.spans()) {
                long reached = next.getOrDefault(span.ordinal(), span.first());
                if (reached < span.next()) {
                    addLost(span.ordinal(), reached, span.next());
                }
            }
        }
        SegmentIndex index = new SegmentIndex();
        places.values().forEach(place -> index.add(place.entry(), place.isTelling()));
        return index;
    }
}
