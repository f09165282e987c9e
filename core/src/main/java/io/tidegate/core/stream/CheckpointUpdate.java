package io.tidegate.core.stream;

/** Moves one consumer's checkpoint as part of a unit. */
public record CheckpointUpdate(ConsumerName consumer, CheckpointScope scope, Checkpoint checkpoint) {
    public CheckpointUpdate {
        boolean fits = scope instanceof CheckpointScope.OneShard
                ? checkpoint instanceof Checkpoint.InShard
                : checkpoint instanceof Checkpoint.InCommitOrder;
        if (!fits) {
            throw new IllegalArgumentException("checkpoint " + checkpoint + " does not fit the scope " + scope);
        }
    }
}
