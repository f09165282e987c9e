package io.tidegate.uplink;

/** How a lane fares. */
public enum LaneState {
    /** Has not heard from its destination yet. */
    STARTING,
    /** The last answer was a good one. */
    CONNECTED,
    /** The last try failed; there will be another. */
    BACKING_OFF,
    /** Waits until the shards that this one was made from have arrived. */
    WAITING,
    /** The shard is closed, and all of it has arrived. */
    ENDED,
    /** Refused: there will be no other try before somebody resumes the lane. */
    STOPPED
}
