package io.tidegate.uplink.http;

import io.tidegate.core.stream.MediaId;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StreamName;
import java.util.regex.Pattern;

/**
 * What a path of the contract names: {@code /sync/v1/{gateway}/{stream}/{shard}} or
 * {@code /sync/v1/{gateway}/media/{id}}. A stream called {@code media} is told apart by the form of what follows.
 */
sealed interface SyncPath {
    String PREFIX = "/sync/v1/";
    Pattern GATEWAY_ID = Pattern.compile("[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}");

    String gateway();

    /** One shard of a gateway's stream. */
    record OfShard(String gateway, ShardId shard) implements SyncPath {}

    /** Bytes that travel beside the log. */
    record OfMedia(String gateway, MediaId id) implements SyncPath {}

    static boolean isGatewayId(String text) {
        return GATEWAY_ID.matcher(text).matches();
    }

    /** Throws IllegalArgumentException saying what is wrong. */
    static SyncPath parse(String method, String path) {
        String[] parts =
                path.startsWith(PREFIX) ? path.substring(PREFIX.length()).split("/", -1) : new String[0];
        if (parts.length != 3) {
            throw new IllegalArgumentException("expected " + PREFIX + "GATEWAY/STREAM/SHARD, found '" + path + "'");
        }
        if (!isGatewayId(parts[0])) {
            throw new IllegalArgumentException("gateway id must be 1 to 64 of a-z A-Z 0-9 _ . -");
        }
        if (method.equals("PUT") && parts[1].equals("media")) {
            return new OfMedia(parts[0], new MediaId(parts[2]));
        }
        return new OfShard(parts[0], ShardId.parse(new StreamName(parts[1]), parts[2]));
    }
}
