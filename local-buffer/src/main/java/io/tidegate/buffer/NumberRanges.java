package io.tidegate.buffer;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** A set of sequence numbers, kept as disjoint stretches that do not touch. Confined to one thread. */
final class NumberRanges {
    /** The numbers [from, to). */
    record Range(long fromInclusive, long toExclusive) {
        long size() {
            return toExclusive - fromInclusive;
        }
    }

    private final TreeMap<Long, Long> ends = new TreeMap<>();

    void add(long fromInclusive, long toExclusive) {
        if (toExclusive <= fromInclusive) {
            return;
        }
        long from = fromInclusive;
        long to = toExclusive;
        Map.Entry<Long, Long> before = ends.floorEntry(from);
        if (before != null && before.getValue() >= from) {
            from = before.getKey();
            to = Math.max(to, before.getValue());
        }
        for (Map.Entry<Long, Long> next = ends.ceilingEntry(from);
                next != null && next.getKey() <= to;
                next = ends.ceilingEntry(from)) {
            to = Math.max(to, next.getValue());
            ends.remove(next.getKey());
        }
        ends.put(from, to);
    }

    /** All of it from a number on, in order. */
    List<Range> from(long fromInclusive) {
        List<Range> ranges = new ArrayList<>();
        ends.forEach((start, end) -> {
            if (end > fromInclusive) {
                ranges.add(new Range(Math.max(start, fromInclusive), end));
            }
        });
        return ranges;
    }

    /** The parts of [from, to) that are not in the set, in order. */
    List<Range> missing(long fromInclusive, long toExclusive) {
        List<Range> missing = new ArrayList<>();
        long next = fromInclusive;
        Map.Entry<Long, Long> before = ends.floorEntry(next);
        if (before != null) {
            next = Math.max(next, before.getValue());
        }
        while (next < toExclusive) {
            Map.Entry<Long, Long> following = ends.ceilingEntry(next);
            long end = following == null ? toExclusive : Math.min(toExclusive, following.getKey());
            if (end > next) {
                missing.add(new Range(next, end));
            }
            next = following == null ? toExclusive : following.getValue();
        }
        return missing;
    }
}
