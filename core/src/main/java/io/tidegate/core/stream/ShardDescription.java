package io.tidegate.core.stream;

/**
 * One shard, as it is now.
 *
 * @param horizon the first sequence number that is retained, or will be
 * @param nextSequenceNumber what the next record gets
 * @param retainedBytes data and keys of the retained records
 */
public record ShardDescription(
        ShardId id, HashKeyRange range, long horizon, long nextSequenceNumber, long retainedBytes) {}
