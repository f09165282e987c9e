package io.tidegate.gateway.http;

import io.tidegate.core.stream.Payload;
import java.util.concurrent.CompletableFuture;

/** Takes what devices send to {@code POST /ingest/...}. Thread-safe, does not block. */
@FunctionalInterface
public interface IngestPort {
    /** Completes after the commit that holds the message, on any thread. */
    CompletableFuture<PortAnswer> ingest(PortRequest request, Payload body);
}
