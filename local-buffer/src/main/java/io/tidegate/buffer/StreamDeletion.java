package io.tidegate.buffer;

import io.tidegate.core.stream.Gap;
import io.tidegate.core.stream.GapReason;

/**
 * The end of a stream as entries of one commit, which holds nothing else: its horizons move to its end, its shards are
 * closed, it is gone. What it still held is told as evicted: by decision, not by age.
 */
final class StreamDeletion {
    private StreamDeletion() {}

    static void add(StreamState stream, LogState state, CommitDraft draft) {
        BlockHeader header = draft.header();
        for (ShardState shard : stream.shards()) {
            ShardCounters counters = state.counters(shard);
            if (counters.horizon() < counters.next()) {
                long records = state.recordsBetween(shard, counters.horizon(), counters.next());
                draft.add(new ControlEntry.HorizonMoved(
                        shard.ordinal(),
                        counters.next(),
                        state.lastLsn(),
                        GapReason.EVICTED,
                        counters.retainedBytes(),
                        header.timeMillis()));
                if (records > 0) {
                    Gap gap = new Gap(
                            shard.id(),
                            counters.horizon(),
                            counters.next(),
                            records,
                            true,
                            GapReason.EVICTED,
                            header.timeMillis());
                    GapRecords.add(draft, gap, state.consumersBehind(shard, counters.next(), state.lastLsn()));
                }
            }
            if (shard.isOpen()) {
                draft.add(new ControlEntry.ShardClosed(shard.ordinal(), counters.next(), header.poweredOnNanos()));
            }
        }
        draft.add(new ControlEntry.StreamDeleted(stream.name(), stream.nextShardNumber()));
    }
}
