package io.tidegate.core.stream;

import java.util.List;

/**
 * One shard, as it is now.
 *
 * @param parents the shards that it was made from, by a split (one) or a merge (two); empty if it was created with its
 *     stream. A parent may be gone already
 * @param open takes records; a closed shard can be read until the last of its records is gone
 * @param horizon the first sequence number that is retained, or will be
 * @param nextSequenceNumber what the next record gets; final once the shard is closed
 * @param retainedBytes data and keys of the retained records
 */
public record ShardDescription(
        ShardId id,
        HashKeyRange range,
        List<ShardId> parents,
        boolean open,
        long horizon,
        long nextSequenceNumber,
        long retainedBytes) {
    public ShardDescription {
        parents = List.copyOf(parents);
        if (parents.size() > 2) {
            throw new IllegalArgumentException("shard " + id + " must have 0 to 2 parents, found " + parents);
        }
    }
}
