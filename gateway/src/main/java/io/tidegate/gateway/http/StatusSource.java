package io.tidegate.gateway.http;

/** Tells how the gateway's parts are. Thread-safe, quick: it is asked at every look at the console or the metrics. */
@FunctionalInterface
public interface StatusSource {
    GatewayStatus status();
}
