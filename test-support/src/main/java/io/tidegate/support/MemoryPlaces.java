package io.tidegate.support;

import io.tidegate.core.stream.Checkpoint;
import io.tidegate.core.stream.CheckpointScope;
import io.tidegate.core.stream.CheckpointUpdate;
import io.tidegate.core.stream.ConsumerName;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StreamName;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Where the consumers of a {@link MemoryContents} are. Guarded by its lock. */
final class MemoryPlaces {
    private record Place(ConsumerName consumer, CheckpointScope scope) {}

    private final Map<Place, Checkpoint> checkpoints = new HashMap<>();

    void takeAll(MemoryPlaces others) {
        checkpoints.putAll(others.checkpoints);
    }

    void note(CheckpointUpdate update) {
        checkpoints.put(new Place(update.consumer(), update.scope()), update.checkpoint());
    }

    Optional<Checkpoint> of(ConsumerName consumer, CheckpointScope scope) {
        return Optional.ofNullable(checkpoints.get(new Place(consumer, scope)));
    }

    void giveUp(ConsumerName consumer, ShardId shard) {
        checkpoints.remove(new Place(consumer, new CheckpointScope.OneShard(shard)));
    }

    /** Gives up places in shards that are gone, and in commit order of which no stream is left. */
    void keepOnly(Set<ShardId> shards, Set<StreamName> streams) {
        checkpoints.keySet().removeIf(place -> isGone(place.scope(), shards, streams));
    }

    private static boolean isGone(CheckpointScope scope, Set<ShardId> shards, Set<StreamName> streams) {
        return scope instanceof CheckpointScope.OneShard one
                ? !shards.contains(one.shard())
                : scope instanceof CheckpointScope.CommitOrder order
                        && order.streams().stream().noneMatch(streams::contains);
    }
}
