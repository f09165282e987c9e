package io.tidegate.buffer;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.tinylog.Logger;

/**
 * Makes the index of a closed segment from its blocks. Numbers that must have been there, by what the segment's summary
 * and the density of numbers say, but are in no sound block, get an entry of their own, whose block cannot be read: so
 * readers meet them in their place.
 *
 * <p>Confined to one thread.
 */
final class IndexScan implements BlockScan.Sink {
    private final SegmentIndex index = new SegmentIndex();
    private final Map<Integer, Long> next = new HashMap<>();
    private final @Nullable SegmentSummary summary;
    private final long endLsn;

    /**
     * @param summary null, or suspect: what is missing is told elsewhere
     */
    IndexScan(@Nullable SegmentSummary summary, long endLsn) {
        this.summary = summary == null || summary.suspect() ? null : summary;
        this.endLsn = endLsn;
        if (this.summary != null) {
            this.summary.spans().forEach(span -> next.put(span.ordinal(), span.first()));
        }
    }

    @Override
    public void sound(Block block) {
        if (block.lsn() >= endLsn) {
            return;
        }
        List<Run> missing = new ArrayList<>();
        for (Run run : block.runs()) {
            Long expected = next.put(run.ordinal(), run.nextSequenceNumber());
            if (summary != null && expected != null && run.firstSequenceNumber() > expected) {
                missing.add(missing(run.ordinal(), expected, run.firstSequenceNumber()));
            }
        }
        if (!missing.isEmpty()) {
            index.addLost(block.lsn() - 1, block.header(), missing);
        }
        index.add(block);
    }

    private static Run missing(int ordinal, long from, long to) {
        return new Run(ordinal, from, (int) Math.min(Integer.MAX_VALUE, to - from), 0);
    }

    @Override
    public void damaged(long lsn, String cause) {
        Logger.error("A commit cannot be read: {}", cause);
    }

    SegmentIndex finish() {
        SegmentSummary known = summary;
        if (known != null) {
            List<Run> missing = known.spans().stream()
                    .filter(span -> next.getOrDefault(span.ordinal(), span.first()) < span.next())
                    .map(span -> missing(span.ordinal(), next.getOrDefault(span.ordinal(), span.first()), span.next()))
                    .toList();
            if (!missing.isEmpty()) {
                index.addLost(known.nextLsn() - 1, known, missing);
            }
        }
        return index;
    }
}
