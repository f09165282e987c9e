package io.tidegate.uplink.http;

import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.StateStore;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Which token a gateway must show. Only the SHA-256 of tokens is kept, and compared in constant time. Tokens come from
 * a file with lines {@code gateway-id sha256-hex}; without one, the first token that a gateway shows is bound to it,
 * durably.
 *
 * <p>Guarded by its own lock; binding a first token waits for the disk.
 */
public final class TokenRegistry {
    /** How a token was found. */
    enum Finding {
        RIGHT,
        MISSING,
        WRONG,
        /** No further gateway can be bound. */
        FULL
    }

    static final int BOUND_MAX = 10_000;
    private static final String KEY_PREFIX = "sync-token/";
    private static final String SCHEME = "bearer ";
    private static final int TOKEN_LENGTH_MAX = 4096;

    private final Map<String, Payload> known;
    private final @Nullable StateStore bound;

    private TokenRegistry(Map<String, Payload> known, @Nullable StateStore bound) {
        this.known = known;
        this.bound = bound;
    }

    /**
     * Reads the file once.
     *
     * @throws IllegalArgumentException naming the line that is not as it should be
     * @throws IOException if the file cannot be read
     */
    public static TokenRegistry ofFile(Path file) throws IOException {
        Map<String, Payload> tokens = new HashMap<>();
        List<String> lines = Files.readAllLines(file);
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i).strip();
            if (line.isEmpty() || line.startsWith("#")) {
                continue;
            }
            String[] parts = line.split("\\s+", -1);
            if (parts.length != 2
                    || !SyncPath.isGatewayId(parts[0])
                    || !parts[1].toLowerCase(Locale.ROOT).matches("[0-9a-f]{64}")) {
                throw new IllegalArgumentException(
                        file + ":" + (i + 1) + ": expected a gateway id and the SHA-256 of its token in 64 hex digits");
            }
            tokens.put(parts[0], Payload.wrap(HexFormat.of().parseHex(parts[1].toLowerCase(Locale.ROOT))));
        }
        return new TokenRegistry(tokens, null);
    }

    /** The first token seen per gateway is kept here and from then on required. */
    public static TokenRegistry firstSeen(StateStore store) {
        return new TokenRegistry(new HashMap<>(), store);
    }

    /** Checks the value of an Authorization header, if there is one. */
    synchronized Finding check(String gateway, Optional<String> authorization) {
        String header = authorization.orElse("");
        if (header.length() <= SCHEME.length()
                || header.length() > TOKEN_LENGTH_MAX
                || !header.substring(0, SCHEME.length())
                        .toLowerCase(Locale.ROOT)
                        .equals(SCHEME)) {
            return Finding.MISSING;
        }
        byte[] shown = sha256(header.substring(SCHEME.length()).strip());
        Payload expected = known.get(gateway);
        StateStore store = bound;
        if (expected == null && store != null) {
            Optional<Payload> kept = store.get(KEY_PREFIX + gateway);
            if (kept.isEmpty() && store.keys(KEY_PREFIX).size() >= BOUND_MAX) {
                return Finding.FULL;
            }
            expected = kept.orElseGet(() -> Payload.wrap(shown));
            if (kept.isEmpty()) {
                store.put(KEY_PREFIX + gateway, expected);
            }
            known.put(gateway, expected);
        }
        boolean same = expected != null && MessageDigest.isEqual(expected.toBytes(), shown);
        return same ? Finding.RIGHT : Finding.WRONG;
    }

    private static byte[] sha256(String token) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(token.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
