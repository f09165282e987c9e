package io.tidegate.capture;

import io.tidegate.core.stream.MediaId;
import java.util.Optional;

/**
 * How a camera is doing.
 *
 * @param why a sentence for {@code CONNECTING} and {@code FAILED}; empty while it records
 * @param sinceMillis when the state began, Unix milliseconds
 * @param reconnects how often a connection was lost or refused
 * @param overruns fragments dropped because the disk or the log was too slow
 * @param latest the newest durable fragment
 */
public record CameraStatus(
        String name,
        String role,
        State state,
        String why,
        long sinceMillis,
        long fragments,
        long frames,
        long bytes,
        long fixedTimestamps,
        long droppedPackets,
        long reconnects,
        long overruns,
        Optional<MediaId> latest) {
    /** What a camera can be doing. */
    public enum State {
        /** On the way to the first frame. */
        CONNECTING,
        /** Frames arrive. */
        RECORDING,
        /** The last try failed; another follows. */
        FAILED,
        /** A file that is not looped has been recorded to its end. */
        FINISHED,
        /** Closed. */
        STOPPED
    }
}
