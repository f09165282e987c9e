package io.tidegate.core.stream;

import java.util.List;

/**
 * Records that are older than their stream keeps and stay, because consumers that are required have not confirmed them.
 *
 * @param records how many
 * @param oldestMillis effective time of the oldest of them
 * @param oldestAgeMillis how long ago that was, in time that the log was open
 * @param heldBy who has not confirmed them, in the order of their names
 */
public record HeldRecords(
        ShardId shard, long records, long oldestMillis, long oldestAgeMillis, List<ConsumerName> heldBy) {
    public HeldRecords {
        heldBy = List.copyOf(heldBy);
        if (records < 1 || heldBy.isEmpty()) {
            throw new IllegalArgumentException("held records of " + shard + " must be at least one, held by somebody, "
                    + "found " + records + " held by " + heldBy);
        }
    }
}
