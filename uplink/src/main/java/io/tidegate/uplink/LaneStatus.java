package io.tidegate.uplink;

import io.tidegate.core.stream.ShardId;

/**
 * One lane at a glance.
 *
 * @param detail why it backs off or has stopped; empty if it does neither
 * @param sinceWallMillis when it came into this state, by the wall clock
 * @param nextSequenceNumber everything below is settled
 * @param fork the receiver says that this log's history parted from the one it knew
 */
public record LaneStatus(
        ShardId shard,
        LaneState state,
        String detail,
        long sinceWallMillis,
        long nextSequenceNumber,
        boolean fork,
        ConsumerLedger ledger) {}
