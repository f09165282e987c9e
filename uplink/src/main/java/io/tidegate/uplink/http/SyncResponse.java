package io.tidegate.uplink.http;

import io.tidegate.core.stream.Payload;
import java.util.Map;

/** The answer to a {@link SyncRequest}. */
public record SyncResponse(int status, Map<String, String> headers, Payload body) {
    public SyncResponse {
        headers = Map.copyOf(headers);
    }

    static SyncResponse json(int status, String text) {
        return new SyncResponse(status, Map.of("Content-Type", "application/json"), Payload.ofUtf8(text));
    }

    /**
     * RFC 9457 problem details.
     *
     * @param code stable, for programs: the last part of {@code type}
     * @param detail a sentence, for people
     */
    static SyncResponse problem(int status, String code, String detail) {
        String text = "{\"type\":\"urn:tidegate:problem:" + code + "\",\"status\":" + status + ",\"code\":\"" + code
                + "\",\"detail\":" + JsonObject.quoted(detail) + "}";
        return new SyncResponse(status, Map.of("Content-Type", "application/problem+json"), Payload.ofUtf8(text));
    }

    static SyncResponse tryLater(String code, String detail, long seconds) {
        SyncResponse plain = problem(503, code, detail);
        return new SyncResponse(
                503,
                Map.of("Content-Type", "application/problem+json", "Retry-After", Long.toString(seconds)),
                plain.body());
    }
}
