package io.tidegate.uplink;

/** What becomes of a record that the receiver refuses for good. */
public enum RejectionPolicy {
    /** The lane stops, with an alarm, until somebody resumes it. */
    BLOCK,
    /** A copy goes to {@code _dead-letters}, a gap to the receiver, and the lane goes on. */
    DEAD_LETTER,
    /** A gap goes to the receiver, and the lane goes on. */
    DROP
}
