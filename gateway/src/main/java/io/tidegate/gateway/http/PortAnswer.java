package io.tidegate.gateway.http;

import io.tidegate.core.stream.Payload;
import java.util.Map;

/** What another module answers to a {@link PortRequest}. The body's type stands in the header {@code Content-Type}. */
public record PortAnswer(int status, Map<String, String> headers, Payload body) {
    public PortAnswer {
        if (status < 200 || status > 599) {
            throw new IllegalArgumentException("an HTTP status is 200 to 599, found " + status);
        }
        headers = Map.copyOf(headers);
    }

    public static PortAnswer json(int status, String body) {
        return new PortAnswer(status, Map.of("Content-Type", "application/json"), Payload.ofUtf8(body));
    }

    /** An error of the API (RFC 9457) with its stable code. */
    public static PortAnswer problem(int status, String code, String detail) {
        return new PortAnswer(
                status, Map.of("Content-Type", Problem.CONTENT_TYPE), new Problem(status, code, detail).json());
    }

    public PortAnswer withHeader(String name, String value) {
        Map<String, String> changed = new java.util.HashMap<>(headers);
        changed.put(name, value);
        return new PortAnswer(status, changed, body);
    }
}
