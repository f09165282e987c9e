package io.tidegate.gateway;

import io.tidegate.adapters.CoapListenerSettings;
import io.tidegate.adapters.RouteSettings;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamSettings;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a gateway is told, checked as far as it can be without starting. Holds secrets: never print it.
 *
 * @param commitInterval null: auto
 */
record GatewayConfig(
        boolean clockTrusted,
        Http http,
        @Nullable Duration commitInterval,
        long segmentBytes,
        long logBytesMax,
        List<StreamSettings> streams,
        @Nullable MqttListenerEntry mqttListener,
        List<MqttClientEntry> mqttClients,
        @Nullable CoapListenerSettings coap,
        List<RouteSettings> routes,
        List<CameraEntry> cameras,
        List<RuleEntry> rules,
        List<UplinkEntry> uplinks) {
    GatewayConfig {
        streams = List.copyOf(streams);
        mqttClients = List.copyOf(mqttClients);
        routes = List.copyOf(routes);
        cameras = List.copyOf(cameras);
        rules = List.copyOf(rules);
        uplinks = List.copyOf(uplinks);
    }

    /** The HTTP listener. */
    record Http(HostPort listen, boolean allowAnonymous, List<Token> tokens) {
        Http {
            tokens = List.copyOf(tokens);
        }
    }

    /** Who may call the HTTP API: the SHA-256 of a token, in hexadecimal. */
    record Token(String name, String sha256) {}

    /** The MQTT listener; hashes in the form of the configuration. */
    record MqttListenerEntry(
            HostPort listen, boolean allowAnonymous, List<User> users, int connectionsMax, int packetBytesMax) {
        MqttListenerEntry {
            users = List.copyOf(users);
        }
    }

    /** A user of the MQTT listener. */
    record User(String name, String hash) {}

    /** An MQTT broker to read from. */
    record MqttClientEntry(
            String name,
            URI url,
            List<String> topics,
            @Nullable String clientId,
            @Nullable String username,
            @Nullable String password) {
        MqttClientEntry {
            topics = List.copyOf(topics);
        }
    }

    /** A camera. */
    record CameraEntry(String name, String role, String url, long bytesMax, Duration retention) {}

    /** A rule file. */
    record RuleEntry(String name, Path file) {}

    /** A destination. */
    record UplinkEntry(
            String name,
            URI url,
            @Nullable String token,
            List<StreamName> streams,
            String compression,
            int batchBytesMax,
            int batchRecordsMax,
            Duration batchInterval,
            Duration requestTimeout,
            String onRejected,
            boolean media) {
        UplinkEntry {
            streams = List.copyOf(streams);
        }
    }
}
