package io.tidegate.adapters;

import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.Payload;
import org.jspecify.annotations.Nullable;

/**
 * What a device sent, as it came, before any route or decoder has seen it.
 *
 * @param path the MQTT topic; for CoAP and HTTP the path without its leading slash, decoded
 * @param sender who sent it, as far as the protocol says: user name or client id; null: unknown
 * @param payload at most 10 MiB
 */
public record IncomingMessage(
        ChannelKind kind, String path, @Nullable String sender, Payload payload) {
    public IncomingMessage {
        if (payload.length() > NewRecord.BYTES_MAX) {
            throw new IllegalArgumentException(
                    "a message holds at most " + NewRecord.BYTES_MAX + " bytes, found " + payload.length());
        }
    }
}
