package io.tidegate.gateway.http;

/** Answers the requests of one route. Thread-safe; does not wait for anything but the local disk. */
@FunctionalInterface
interface Endpoint {
    /**
     * Answers now or later.
     *
     * @param parameters the named parts of the path, decoded
     */
    void handle(Exchange exchange, PathParameters parameters);
}
