package io.tidegate.uplink;

import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StreamName;

/**
 * A lane's share of the memory for units: for one, or none.
 *
 * <p>Confined to the uplink's thread.
 */
final class UnitRoom {
    private final LaneContext context;
    private final boolean forVideo;
    private boolean taken;

    UnitRoom(LaneContext context, ShardId shard) {
        this.context = context;
        this.forVideo = shard.stream().equals(StreamName.VIDEO);
    }

    /** False: there is none now. */
    boolean take() {
        taken = taken || context.acquireRoom(forVideo);
        return taken;
    }

    void release() {
        if (taken) {
            taken = false;
            context.releaseRoom();
        }
    }
}
