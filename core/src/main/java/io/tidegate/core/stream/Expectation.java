package io.tidegate.core.stream;

import org.jspecify.annotations.Nullable;

/** What must be true at the commit, or the whole unit is refused with a conflict. Decided by the log's writer. */
public sealed interface Expectation {
    /** The state under this key has this value; null: there is none. */
    record StateIs(String key, @Nullable Payload value) implements Expectation {}

    /** The checkpoint is exactly this; null: there is none. */
    record CheckpointIs(
            ConsumerName consumer,
            CheckpointScope scope,
            @Nullable Checkpoint checkpoint) implements Expectation {}
}
