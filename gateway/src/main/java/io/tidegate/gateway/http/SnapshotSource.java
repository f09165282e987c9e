package io.tidegate.gateway.http;

import io.tidegate.core.stream.Payload;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/** Where the latest picture of a camera comes from. Thread-safe, does not block. */
@FunctionalInterface
public interface SnapshotSource {
    /**
     * A picture, and when it was taken.
     *
     * @param jpeg a whole JPEG file
     */
    record Snapshot(Payload jpeg, long timeMillis) {}

    /** Completes on any thread; empty: no such camera, or no picture yet. */
    CompletableFuture<Optional<Snapshot>> latest(String camera);
}
