package io.tidegate.gateway;

import io.tidegate.adapters.CoapListenerSettings;
import io.tidegate.adapters.MqttBrokerSettings;
import io.tidegate.adapters.MqttListenerSettings;
import io.tidegate.adapters.RouteSettings;
import io.tidegate.analytics.RuleFile;
import io.tidegate.buffer.Compression;
import io.tidegate.capture.CameraSettings;
import io.tidegate.core.stream.StreamSettings;
import io.tidegate.uplink.UplinkSettings;
import io.tidegate.uplink.http.HttpDestinationSettings;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a gateway is told, checked as far as it can be without starting. Holds secrets: never print it.
 */
record GatewayConfig(
        boolean clockTrusted,
        Http http,
        Log log,
        List<StreamSettings> streams,
        @Nullable MqttListenerSettings mqttListener,
        List<MqttBrokerSettings> mqttClients,
        @Nullable CoapListenerSettings coap,
        List<RouteSettings> routes,
        List<CameraSettings> cameras,
        long videoBytesMax,
        List<RuleFile> rules,
        List<UplinkEntry> uplinks) {
    GatewayConfig {
        streams = List.copyOf(streams);
        mqttClients = List.copyOf(mqttClients);
        routes = List.copyOf(routes);
        cameras = List.copyOf(cameras);
        rules = List.copyOf(rules);
        uplinks = List.copyOf(uplinks);
    }

    /**
     * How the log is kept.
     *
     * @param commitInterval null: auto
     */
    record Log(@Nullable Duration commitInterval, long segmentBytes, Compression compression) {}

    /** The HTTP listener. */
    record Http(HostPort listen, boolean allowAnonymous, List<Token> tokens) {
        Http {
            tokens = List.copyOf(tokens);
        }
    }

    /** Who may call the HTTP API: the SHA-256 of a token, in hexadecimal. */
    record Token(String name, String sha256) {}

    /**
     * A destination.
     *
     * @param media fragment bytes go before their records
     * @param required what it has not confirmed does not expire
     */
    record UplinkEntry(UplinkSettings settings, HttpDestinationSettings destination, boolean media, boolean required) {}
}
