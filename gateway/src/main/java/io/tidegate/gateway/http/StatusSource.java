package io.tidegate.gateway.http;

import io.tidegate.core.runtime.DiskBudget;
import java.util.Optional;

/** Tells how the gateway's parts are. Thread-safe, quick: it is asked at every look at the console or the metrics. */
@FunctionalInterface
public interface StatusSource {
    GatewayStatus status();

    /** The disk and its limits; empty where nothing has any. */
    default Optional<DiskBudget.Status> disk() {
        return Optional.empty();
    }
}
