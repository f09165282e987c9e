package io.tidegate.buffer;

import java.util.List;

/**
 * When commits really happened, as far as it is known now: their effective time, corrected for those whose time was an
 * estimate and whose boot learned the time later. Immutable.
 */
final class CorrectedTime {
    static final CorrectedTime NONE = new CorrectedTime(List.of());

    /** Only spans that are corrected, in the order of their commits, disjoint. */
    private final List<ControlEntry.ClockSpan> spans;

    CorrectedTime(List<ControlEntry.ClockSpan> spans) {
        this.spans = spans.stream().filter(span -> span.correctionMillis() != 0).toList();
    }

    /** The corrected time of the commit with this LSN and effective time. */
    long of(long lsn, long timeMillis) {
        int low = 0;
        int high = spans.size() - 1;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            ControlEntry.ClockSpan span = spans.get(middle);
            if (lsn < span.firstLsn()) {
                high = middle - 1;
            } else if (lsn >= span.nextLsn()) {
                low = middle + 1;
            } else {
                return timeMillis + span.correctionMillis();
            }
        }
        return timeMillis;
    }

    /** No commit of a segment has a later corrected time than this. */
    long latestOf(SegmentSummary segment) {
        long most = 0;
        for (ControlEntry.ClockSpan span : spans) {
            if (span.firstLsn() < segment.nextLsn() && span.nextLsn() > segment.firstLsn()) {
                most = Math.max(most, span.correctionMillis());
            }
        }
        return segment.lastTimeMillis() + most;
    }
}
