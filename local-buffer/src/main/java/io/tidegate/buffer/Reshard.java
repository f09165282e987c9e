package io.tidegate.buffer;

import io.tidegate.core.stream.ReshardPlan;
import io.tidegate.core.stream.ShardId;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A planned change of a stream's shards as entries of one commit, which holds nothing else: what was decided before it
 * is in the parents, what is decided after it goes to the children (I14 of docs/design/0001-shard-log.md).
 */
final class Reshard {
    private Reshard() {}

    static void add(ReshardPlan plan, LogState state, CommitDraft draft) {
        Map<ShardId, ControlEntry.ShardOpened> opened = new HashMap<>();
        int ordinal = state.nextOrdinal();
        for (ReshardPlan.Opened shard : plan.opened()) {
            ControlEntry.ShardOpened entry = new ControlEntry.ShardOpened(
                    ordinal++,
                    shard.id(),
                    shard.range(),
                    state.firstSequenceNumber(),
                    shard.parents().stream().map(ShardId::number).toList());
            opened.put(shard.id(), entry);
            draft.add(entry);
        }
        long poweredOnNanos = draft.header().poweredOnNanos();
        for (ShardId id : plan.closed()) {
            ControlEntry.ShardOpened own = opened.get(id);
            if (own != null) {
                draft.add(new ControlEntry.ShardClosed(own.ordinal(), own.firstSequenceNumber(), poweredOnNanos));
            } else {
                ShardState shard = state.find(id).orElseThrow();
                draft.add(new ControlEntry.ShardClosed(shard.ordinal(), shard.next(), poweredOnNanos));
            }
        }
    }

    /** Whose readers have something to read, or an end to learn of, by a block that the state does not contain yet. */
    static Set<ShardId> concernedBy(Block block, ShardNames names) {
        Set<ShardId> concerned = new HashSet<>();
        for (Run run : block.runs()) {
            add(names.shard(run.ordinal()), concerned);
        }
        for (ControlEntry entry : block.entries()) {
            if (entry instanceof ControlEntry.ShardClosed closed) {
                add(names.shard(closed.ordinal()), concerned);
            }
        }
        return concerned;
    }

    private static void add(@Nullable ShardId shard, Set<ShardId> concerned) {
        if (shard != null) {
            concerned.add(shard);
        }
    }
}
