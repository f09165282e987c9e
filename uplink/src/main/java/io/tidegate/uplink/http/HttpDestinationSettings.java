package io.tidegate.uplink.http;

import java.net.URI;
import java.time.Duration;

/**
 * Where and how to reach a receiver of the offset contract.
 *
 * @param url up to the path under which {@code /sync/v1} lies, http or https
 * @param token shown as Authorization: Bearer
 * @param encoding the first to try; others follow if the receiver does not take it
 */
public record HttpDestinationSettings(URI url, String token, Encoding encoding, Duration connectTimeout) {
    public HttpDestinationSettings {
        String scheme = String.valueOf(url.getScheme());
        if (!(scheme.equals("http") || scheme.equals("https")) || url.getHost() == null) {
            throw new IllegalArgumentException("url must look like https://central.example:8090, found '" + url + "'");
        }
        if (url.getUserInfo() != null || url.getQuery() != null || url.getFragment() != null) {
            throw new IllegalArgumentException("url must have no user, query or fragment");
        }
        if (token.isBlank() || token.chars().anyMatch(c -> c <= ' ' || c > '~')) {
            throw new IllegalArgumentException("token must be printable ASCII without spaces, and not empty");
        }
        if (connectTimeout.toMillis() < 1) {
            throw new IllegalArgumentException("connect-timeout must be positive, found " + connectTimeout);
        }
    }

    /** zstd first, 10 s to connect. */
    public static HttpDestinationSettings of(URI url, String token) {
        return new HttpDestinationSettings(url, token, Encoding.ZSTD, Duration.ofSeconds(10));
    }

    /** Without the token. */
    @Override
    public String toString() {
        return "HttpDestinationSettings[" + url + ", " + encoding + "]";
    }
}
