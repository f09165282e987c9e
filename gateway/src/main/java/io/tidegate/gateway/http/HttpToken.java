package io.tidegate.gateway.http;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.regex.Pattern;

/**
 * Somebody who may use the API, known by the SHA-256 of a bearer token (RFC 6750), never by the token itself.
 *
 * @param sha256Hex 64 lower-case hexadecimal digits: {@code printf %s TOKEN | sha256sum}
 */
public record HttpToken(String name, String sha256Hex) {
    private static final Pattern HEX = Pattern.compile("[0-9a-f]{64}");

    public HttpToken {
        if (name.isBlank()) {
            throw new IllegalArgumentException("a token needs a name");
        }
        if (!HEX.matcher(sha256Hex).matches()) {
            // Not repeated in the message: it may be the token itself, put there by mistake.
            throw new IllegalArgumentException("token '" + name + "' must be the SHA-256 of the token, as 64 lower-case"
                    + " hexadecimal digits (printf %s TOKEN | sha256sum)");
        }
    }

    /** The entry for a token in clear. */
    public static HttpToken of(String name, String token) {
        return new HttpToken(name, HexFormat.of().formatHex(sha256(token)));
    }

    static byte[] sha256(String token) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(token.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
