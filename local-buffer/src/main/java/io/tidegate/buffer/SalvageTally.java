package io.tidegate.buffer;

import io.tidegate.core.stream.GapReason;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Counts what is salvaged, for the report. Confined to one thread. */
final class SalvageTally {
    private final List<SalvageReport.Segment> segments = new ArrayList<>();
    private final List<SalvageReport.Shard> shards = new ArrayList<>();
    private long leftOut;

    void segment(int number, SegmentSalvage segment, int blocks) {
        segments.add(new SalvageReport.Segment(
                number, segment.pages(), blocks, segment.isSnapshotWhole(), segment.badPages()));
    }

    /** A block whose checksum is right, and which cannot be one of this log all the same. */
    void leftOut() {
        leftOut++;
    }

    /** What there is of each shard, and what should be there. */
    void finish(LogState state, Map<Integer, NumberRanges> held) {
        for (ShardState shard : state.allShards()) {
            List<NumberRanges.Range> ranges =
                    held.getOrDefault(shard.ordinal(), new NumberRanges()).from(shard.horizon());
            long records = ranges.stream().mapToLong(NumberRanges.Range::size).sum();
            List<SalvageReport.Missing> missing = shard.holes().stream()
                    .filter(hole -> hole.reason() == GapReason.CORRUPT)
                    .map(hole -> new SalvageReport.Missing(
                            hole.fromInclusive(), hole.toExclusive() - 1, hole.records(), hole.exact()))
                    .toList();
            if (records > 0 || !missing.isEmpty()) {
                shards.add(new SalvageReport.Shard(
                        shard.id(),
                        records,
                        records == 0 ? 0 : ranges.get(0).fromInclusive(),
                        records == 0 ? 0 : ranges.get(ranges.size() - 1).toExclusive() - 1,
                        missing));
            }
        }
    }

    SalvageReport report() {
        return new SalvageReport(segments, shards, leftOut);
    }
}
