package io.tidegate.buffer;

import io.tidegate.core.stream.GapReason;

/**
 * The numbers of one shard.
 *
 * @param next what the next record gets
 * @param horizon the first number that is retained, or will be
 * @param horizonLsn the commit of the last record below the horizon, 0 if none
 * @param horizonReason why the horizon moved last
 * @param horizonMillis when it moved last
 * @param retainedBytes data and keys of the retained records
 * @param closed takes no more records; no part of its form on disk
 */
record ShardCounters(
        long next,
        long horizon,
        long horizonLsn,
        GapReason horizonReason,
        long horizonMillis,
        long retainedBytes,
        long appended,
        long expired,
        long evicted,
        long corrupt,
        boolean closed) {}
