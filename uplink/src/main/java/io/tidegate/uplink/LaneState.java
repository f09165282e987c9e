package io.tidegate.uplink;

/** How a lane fares. */
public enum LaneState {
    /** Has not heard from its destination yet. */
    STARTING,
    /** The last answer was a good one. */
    CONNECTED,
    /** The last try failed; there will be another. */
    BACKING_OFF,
    /** Refused: there will be no other try before somebody resumes the lane. */
    STOPPED
}
