package io.tidegate.buffer;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Compares the records that the blocks hold with those that the log says it has, and so tells damage that readers have
 * been told of from damage that nobody knows yet.
 *
 * <p>Confined to one thread.
 */
final class LossCheck {
    private static final int RANGES_SHOWN = 5;

    private final LogState state;
    private final Map<Integer, NumberRanges> held;

    /**
     * @param state of the whole log
     * @param held per shard's ordinal, the numbers that sound blocks hold
     */
    LossCheck(LogState state, Map<Integer, NumberRanges> held) {
        this.state = state;
        this.held = new HashMap<>(held);
    }

    /** Numbers of one shard that should be there. */
    record Missing(ShardState shard, NumberRanges.Range range) {}

    /** Everything that is neither in a block, nor in a hole, nor below a horizon. */
    List<Missing> uncounted() {
        List<Missing> missing = new ArrayList<>();
        for (ShardState shard : state.allShards()) {
            ShardCounters counters = state.counters(shard);
            missing.addAll(uncounted(shard, counters.horizon(), counters.next()));
        }
        return missing;
    }

    /** Of a segment's records, those that are in no block, no hole, and not below a horizon. */
    List<Missing> uncounted(SegmentSummary summary) {
        List<Missing> missing = new ArrayList<>();
        for (SegmentSummary.Span span : summary.spans()) {
            state.shardState(span.ordinal())
                    .ifPresent(shard -> missing.addAll(uncounted(
                            shard, Math.max(span.first(), state.counters(shard).horizon()), span.next())));
        }
        return missing;
    }

    private List<Missing> uncounted(ShardState shard, long from, long to) {
        NumberRanges known = state.holes(shard);
        List<Missing> missing = new ArrayList<>();
        for (NumberRanges.Range range : held(shard.ordinal()).missing(from, to)) {
            known.missing(range.fromInclusive(), range.toExclusive())
                    .forEach(part -> missing.add(new Missing(shard, part)));
        }
        return missing;
    }

    /** What a segment should hold by its summary and does not, told or not. */
    String lost(SegmentSummary summary) {
        List<Missing> missing = new ArrayList<>();
        for (SegmentSummary.Span span : summary.spans()) {
            state.shardState(span.ordinal()).ifPresent(shard -> held(span.ordinal())
                    .missing(span.first(), span.next())
                    .forEach(range -> missing.add(new Missing(shard, range))));
        }
        return text(missing);
    }

    private NumberRanges held(int ordinal) {
        return held.getOrDefault(ordinal, new NumberRanges());
    }

    static String text(List<Missing> missing) {
        if (missing.isEmpty()) {
            return "no record";
        }
        StringBuilder text = new StringBuilder();
        for (Missing each : missing.subList(0, Math.min(RANGES_SHOWN, missing.size()))) {
            NumberRanges.Range range = each.range();
            text.append(text.isEmpty() ? "" : ", ").append(each.shard().id());
            if (range.size() == 1) {
                text.append(" record ").append(range.fromInclusive());
            } else {
                text.append(" records ")
                        .append(range.fromInclusive())
                        .append(" to ")
                        .append(range.toExclusive() - 1);
            }
        }
        int more = missing.size() - RANGES_SHOWN;
        return more > 0 ? text + " and " + more + " more ranges" : text.toString();
    }
}
