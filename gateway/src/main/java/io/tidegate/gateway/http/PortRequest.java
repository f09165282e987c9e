package io.tidegate.gateway.http;

import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A request as it is handed to another module, free of any HTTP library.
 *
 * @param path what follows the mount, percent-decoded, without a leading slash
 * @param rawPath the whole path as it came, percent-encoded
 * @param query as it came, null if there is none
 * @param headers by lower-case name; repeated ones are joined with a comma
 * @param user the name of the token that it came with, null if none was needed
 */
public record PortRequest(
        String method,
        String path,
        String rawPath,
        @Nullable String query,
        Map<String, String> headers,
        @Nullable String user) {
    public PortRequest {
        headers = Map.copyOf(headers);
    }

    public Optional<String> header(String lowerCaseName) {
        return Optional.ofNullable(headers.get(lowerCaseName));
    }
}
