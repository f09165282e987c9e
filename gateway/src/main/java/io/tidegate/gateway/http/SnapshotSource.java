package io.tidegate.gateway.http;

import io.tidegate.core.stream.Payload;
import java.util.Optional;

/**
 * Where the latest picture of a camera comes from. Called by one thread at a time; may take the time of decoding one
 * picture.
 */
@FunctionalInterface
public interface SnapshotSource {
    /**
     * A picture, and when it was taken.
     *
     * @param jpeg a whole JPEG file
     */
    record Snapshot(Payload jpeg, long timeMillis) {}

    /** Empty: no such camera, or no picture yet. */
    Optional<Snapshot> latest(String camera);
}
