package io.tidegate.capture;

/** Why a stretch of time is missing from a recording; the name is the {@code cause} of a gap record. */
public enum GapCause {
    /** The camera could not be reached or turned us away. */
    CAMERA_UNREACHABLE,
    /** The camera said nothing within its deadline. */
    CAMERA_STALLED,
    /** The camera ended the stream. */
    CAMERA_ENDED,
    /** The picture format changed, or its frames could not be used. */
    FORMAT_CHANGED,
    /** The camera's time stamps jumped. */
    TIMESTAMP_JUMP,
    /** The disk was slower than the camera for longer than the queue holds. */
    WRITER_OVERRUN,
    /** A write or fsync failed. */
    IO_ERROR,
    /** The gateway was stopped in order. */
    STOPPED,
    /** The gateway ended without a chance to close its files. */
    POWER_OR_CRASH
}
