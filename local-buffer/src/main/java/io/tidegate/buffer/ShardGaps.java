package io.tidegate.buffer;

import io.tidegate.core.stream.Gap;
import io.tidegate.core.stream.GapReason;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Why numbers of a shard are in no block, as far as its state says: the horizon, holes, and damage for the rest. */
final class ShardGaps {
    private ShardGaps() {}

    /** The gaps that cover [from, to), in order. */
    static List<Gap> between(LogState state, ShardState shard, long fromInclusive, long toExclusive) {
        List<Gap> gaps = new ArrayList<>();
        ShardCounters counters = state.counters(shard);
        long next = fromInclusive;
        if (next < counters.horizon()) {
            long to = Math.min(toExclusive, counters.horizon());
            long records = Math.min(to - next, counters.appended());
            gaps.add(new Gap(
                    shard.id(),
                    next,
                    to,
                    records,
                    records == to - next,
                    counters.horizonReason(),
                    counters.horizonMillis()));
            next = to;
        }
        List<NumberRanges.Range> uncounted = state.holes(shard).missing(next, Math.max(next, toExclusive));
        for (NumberRanges.Range range : uncounted) {
            next = addHoles(state, shard, next, range.fromInclusive(), gaps);
            gaps.add(new Gap(
                    shard.id(),
                    next,
                    range.toExclusive(),
                    range.size(),
                    true,
                    GapReason.CORRUPT,
                    state.lastTimeMillis()));
            next = range.toExclusive();
        }
        addHoles(state, shard, next, toExclusive, gaps);
        return gaps;
    }

    private static long addHoles(LogState state, ShardState shard, long from, long to, List<Gap> gaps) {
        long next = from;
        while (next < to) {
            Optional<Hole> hole = state.holeAt(shard, next);
            if (hole.isEmpty()) {
                return next;
            }
            gaps.add(hole.get().gap(shard.id(), next));
            next = hole.get().toExclusive();
        }
        return next;
    }
}
