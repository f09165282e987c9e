package io.tidegate.core.stream;

import java.util.Set;

/** What a consumer's checkpoint speaks about. */
public sealed interface CheckpointScope {
    /** One shard, read in the order of its sequence numbers. */
    record OneShard(ShardId shard) implements CheckpointScope {}

    /** Several streams, read in commit order. */
    record CommitOrder(Set<StreamName> streams) implements CheckpointScope {
        public CommitOrder {
            if (streams.isEmpty()) {
                throw new IllegalArgumentException("a checkpoint in commit order names at least one stream");
            }
            streams = Set.copyOf(streams);
        }
    }
}
