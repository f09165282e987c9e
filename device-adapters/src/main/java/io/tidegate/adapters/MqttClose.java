package io.tidegate.adapters;

import io.netty.handler.codec.mqtt.MqttReasonCodes.Disconnect;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Why a connection of the MQTT listener ended. Each is counted. */
enum MqttClose {
    /** The client said goodbye. */
    DISCONNECTED(null),
    /** The connection broke, or the client left without a word. */
    LOST(null),
    KEEP_ALIVE(Disconnect.KEEP_ALIVE_TIMEOUT),
    /** The same client connected again. */
    TAKEN_OVER(Disconnect.SESSION_TAKEN_OVER),
    MALFORMED(Disconnect.MALFORMED_PACKET),
    PROTOCOL_ERROR(Disconnect.PROTOCOL_ERROR),
    PACKET_TOO_LARGE(Disconnect.PACKET_TOO_LARGE),
    TOPIC_ALIAS(Disconnect.TOPIC_ALIAS_INVALID),
    RETAIN(Disconnect.RETAIN_NOT_SUPPORTED),
    /** A message of quality 2, which this listener does not offer. */
    QOS_2(Disconnect.QOS_NOT_SUPPORTED),
    /** More unacknowledged messages than the client was told that it may have. */
    RECEIVE_MAXIMUM(Disconnect.RECEIVE_MAXIMUM_EXCEEDED),
    /** No valid CONNECT in time. */
    CONNECT_TIMEOUT(null),
    /** A CONNECT that was answered with a refusal other than for its credentials. */
    CONNECT_REFUSED(null),
    BAD_CREDENTIALS(null),
    TOO_MANY_CONNECTIONS(null),
    /** The client does not read what it is sent. */
    SLOW_CLIENT(null),
    /** Unfinished packets of all clients take too much memory. */
    MEMORY(Disconnect.QUOTA_EXCEEDED),
    /** The log has no room: the client keeps its messages. */
    LOG_REFUSED(Disconnect.QUOTA_EXCEEDED),
    /** The log can never take a message, and the protocol has no other way to say so. */
    RECORD_IMPOSSIBLE(Disconnect.QUOTA_EXCEEDED),
    /** A failure of the listener itself. */
    INTERNAL(Disconnect.UNSPECIFIED_ERROR),
    SHUTDOWN(Disconnect.SERVER_SHUTTING_DOWN);

    private final @Nullable Disconnect reason;

    MqttClose(@Nullable Disconnect reason) {
        this.reason = reason;
    }

    /** What an MQTT 5 client is told before the end; null: nothing. */
    @Nullable
    Disconnect reason() {
        return reason;
    }

    /** The name in metrics: {@code packet-too-large}. */
    String text() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
