package io.tidegate.uplink.http;

import io.tidegate.core.stream.Payload;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * A request to the receiving end, free of any HTTP server's types.
 *
 * @param path as it came, percent-encoded, without the query
 * @param query as it came, empty if there is none
 * @param headers by their names, any case
 * @param body the whole body of a POST as it came over the wire; empty for GET and for the head of a PUT
 */
public record SyncRequest(String method, String path, String query, Map<String, String> headers, Payload body) {
    public SyncRequest {
        Map<String, String> lowered = new TreeMap<>();
        headers.forEach((name, value) -> lowered.put(name.toLowerCase(Locale.ROOT), value));
        headers = Map.copyOf(lowered);
    }

    Optional<String> header(String lowerCaseName) {
        return Optional.ofNullable(headers.get(lowerCaseName));
    }

    /** Without the headers: they hold a secret. */
    @Override
    public String toString() {
        return method + " " + path;
    }
}
