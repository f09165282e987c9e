package io.tidegate.gateway;

import io.tidegate.adapters.CoapListenerSettings;
import io.tidegate.adapters.MqttBrokerSettings;
import io.tidegate.adapters.MqttListenerSettings;
import io.tidegate.adapters.RouteSettings;
import io.tidegate.analytics.RuleFile;
import io.tidegate.buffer.CommitInterval;
import io.tidegate.buffer.Compression;
import io.tidegate.buffer.LogEncryption;
import io.tidegate.buffer.MasterKey;
import io.tidegate.capture.CameraSettings;
import io.tidegate.core.stream.StreamSettings;
import io.tidegate.uplink.UplinkSettings;
import io.tidegate.uplink.http.HttpDestinationSettings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a gateway is told, checked as far as it can be without starting. Holds secrets: never print it.
 */
record GatewayConfig(
        boolean clockTrusted,
        Disk disk,
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
     * @param writeBytesPerDay what auto keeps to, 0: no limit; null: {@link #CARD_BYTES_PER_DAY} on a card, else no limit
     */
    record Log(
            @Nullable Duration commitInterval,
            @Nullable Long writeBytesPerDay,
            long segmentBytes,
            Compression compression,
            Encryption encryption) {
        /** A card that bears 10 TB lasts about three years with it. */
        static final long CARD_BYTES_PER_DAY = 10_000_000_000L;

        CommitInterval interval(boolean isCard) {
            Duration fixed = commitInterval;
            if (fixed != null) {
                return new CommitInterval.Fixed(fixed);
            }
            Long budget = writeBytesPerDay;
            return new CommitInterval.Auto(budget != null ? budget : isCard ? CARD_BYTES_PER_DAY : 0);
        }
    }

    /**
     * The key files of the log, newest first.
     *
     * @param enabled new segments are encrypted, with the first key; false: the keys are for what is there
     */
    record Encryption(List<Path> keyFiles, boolean enabled) {
        static final Encryption NONE = new Encryption(List.of(), false);

        Encryption {
            keyFiles = List.copyOf(keyFiles);
        }

        /** Reads the key files; to be closed after the log. */
        LogEncryption open() {
            LogEncryption keys =
                    LogEncryption.of(keyFiles.stream().map(MasterKey::read).toList());
            return enabled ? keys : keys.forOldSegmentsOnly();
        }
    }

    /**
     * Limits of what is kept.
     *
     * @param bytesMax log and recordings together; null: no limit
     * @param freeBytesMin what is left free; null: 256 MiB, or a twentieth of the disk if that is less
     */
    record Disk(@Nullable Long bytesMax, @Nullable Long freeBytesMin) {}

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
