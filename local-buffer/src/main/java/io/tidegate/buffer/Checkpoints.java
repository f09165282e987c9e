package io.tidegate.buffer;

import io.tidegate.core.stream.Checkpoint;
import io.tidegate.core.stream.CheckpointScope;
import io.tidegate.core.stream.ConsumerName;
import io.tidegate.core.stream.ShardId;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * How far each consumer has come, in shards and in commit order.
 *
 * <p>Guarded by the {@link LogState} that holds it.
 */
final class Checkpoints {
    private record Place(ConsumerName consumer, CheckpointScope scope) {}

    private final Map<Place, Checkpoint> checkpoints = new HashMap<>();
    private long bytes;

    static long weight(Checkpoint checkpoint) {
        return checkpoint.opaque().length() + 256L;
    }

    void set(ControlEntry.CheckpointSet set) {
        Checkpoint before = checkpoints.put(new Place(set.consumer(), set.scope()), set.checkpoint());
        bytes += weight(set.checkpoint()) - (before == null ? 0 : weight(before));
    }

    void forget(ControlEntry.PlacesGivenUp given) {
        forgetPlaces(place -> place.consumer().equals(given.consumer())
                && place.scope() instanceof CheckpointScope.OneShard one
                && one.shard().stream().equals(given.stream()));
    }

    void forget(Predicate<CheckpointScope> which) {
        forgetPlaces(place -> which.test(place.scope()));
    }

    private void forgetPlaces(Predicate<Place> which) {
        checkpoints.entrySet().removeIf(entry -> {
            boolean goes = which.test(entry.getKey());
            bytes -= goes ? weight(entry.getValue()) : 0;
            return goes;
        });
    }

    Optional<Checkpoint> get(ConsumerName consumer, CheckpointScope scope) {
        return Optional.ofNullable(checkpoints.get(new Place(consumer, scope)));
    }

    long bytes() {
        return bytes;
    }

    /** Always in the same order. */
    List<ControlEntry.CheckpointSet> entries() {
        return checkpoints.entrySet().stream()
                .map(entry -> new ControlEntry.CheckpointSet(
                        entry.getKey().consumer(), entry.getKey().scope(), entry.getValue()))
                .sorted(Comparator.comparing((ControlEntry.CheckpointSet set) ->
                                set.consumer().value())
                        .thenComparing(set -> HexFormat.of()
                                .formatHex(ControlCodec.encode(set).toBytes())))
                .toList();
    }

    /** Consumers with a checkpoint on this shard that has not come as far as a horizon would go. */
    List<ConsumerName> behind(ShardId shard, long horizon, long lastLsnBelow) {
        List<ConsumerName> behind = new ArrayList<>();
        checkpoints.forEach((place, checkpoint) -> {
            boolean isBehind = false;
            if (place.scope() instanceof CheckpointScope.OneShard one && checkpoint instanceof Checkpoint.InShard in) {
                isBehind = one.shard().equals(shard) && in.nextSequenceNumber() < horizon;
            } else if (place.scope() instanceof CheckpointScope.CommitOrder order
                    && checkpoint instanceof Checkpoint.InCommitOrder in) {
                isBehind = order.streams().contains(shard.stream()) && in.next().lsn() <= lastLsnBelow;
            }
            if (isBehind) {
                behind.add(place.consumer());
            }
        });
        return behind.stream()
                .distinct()
                .sorted(Comparator.comparing(ConsumerName::value))
                .toList();
    }

    /** How far a consumer has come in a shard, by either kind of checkpoint; without one, nowhere. */
    RequiredConsumers.Hold hold(ConsumerName consumer, ShardId shard) {
        long numbers = 0;
        long lsns = 0;
        for (Map.Entry<Place, Checkpoint> entry : checkpoints.entrySet()) {
            Place place = entry.getKey();
            if (!place.consumer().equals(consumer)) {
                continue;
            }
            if (place.scope() instanceof CheckpointScope.OneShard one
                    && one.shard().equals(shard)
                    && entry.getValue() instanceof Checkpoint.InShard in) {
                numbers = Math.max(numbers, in.nextSequenceNumber());
            } else if (place.scope() instanceof CheckpointScope.CommitOrder order
                    && order.streams().contains(shard.stream())
                    && entry.getValue() instanceof Checkpoint.InCommitOrder in) {
                lsns = Math.max(lsns, in.next().lsn());
            }
        }
        return new RequiredConsumers.Hold(consumer, numbers, lsns);
    }
}
