package io.tidegate.buffer;

import io.tidegate.core.stream.ShardId;
import org.jspecify.annotations.Nullable;

/** Tells which shard has an ordinal; null: none. Thread-safe. */
@FunctionalInterface
interface ShardNames {
    @Nullable
    ShardId shard(int ordinal);
}
