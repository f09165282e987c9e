package io.tidegate.gateway;

import io.tidegate.adapters.BrokerLimits;
import io.tidegate.adapters.CoapLimits;
import io.tidegate.adapters.HttpIngestLimits;
import io.tidegate.adapters.MqttLimits;
import io.tidegate.capture.VideoStoreSettings;
import io.tidegate.core.runtime.MemoryPlan;

/**
 * What each input may hold of the memory plan: limits are lowered to it, never raised.
 *
 * <p>CoAP gets half of what the MQTT listener gets, and the clients of brokers share another half. HTTP ingest holds
 * bodies that the HTTP server's budget counts already. Two floors come before the plan: a client of a broker must be
 * able to take one packet, and a camera's queue one fragment, or it could never go on.
 *
 * @param brokerClients how many there are
 * @param cameras how many there are
 */
record MemoryShares(MemoryPlan plan, int brokerClients, int cameras) {
    /** The least that BrokerLimits takes: a message of 1 MiB with its topic. */
    static final long PACKET_BYTES_MAX = (1 << 20) + (64 << 10);

    /** A fragment is cut at 8 MiB; what is around its frames comes on top. */
    static final long FRAGMENT_BYTES_MAX = 9 << 20;

    MqttLimits mqtt(MqttLimits limits) {
        return new MqttLimits(
                limits.connectionsMax(),
                limits.packetBytesMax(),
                limits.receiveMaximum(),
                Math.min(limits.inFlightBytesMax(), plan.mqttInFlightBytes()),
                limits.keepAliveMax(),
                limits.connectTimeout());
    }

    CoapLimits coap(CoapLimits limits) {
        return new CoapLimits(
                limits.bodyBytesMax(),
                limits.inFlightMessagesMax(),
                lowered(limits.inFlightBytesMax(), plan.mqttInFlightBytes() / 2, limits.bodyBytesMax()),
                limits.uploadsMax(),
                limits.rememberedMax(),
                limits.acceptAfter());
    }

    BrokerLimits brokerClient(BrokerLimits limits) {
        long share = plan.mqttInFlightBytes() / 2 / Math.max(1, brokerClients);
        return new BrokerLimits(
                limits.receiveMaximum(),
                lowered(limits.inFlightBytesMax(), share, PACKET_BYTES_MAX),
                limits.keepAlive(),
                limits.connectTimeout(),
                limits.sessionExpiry(),
                limits.retryMax());
    }

    HttpIngestLimits httpIngest(HttpIngestLimits limits) {
        return new HttpIngestLimits(
                limits.bodyBytesMax(),
                lowered(limits.inFlightBytesMax(), plan.httpBodyBytes(), limits.bodyBytesMax()),
                limits.inFlightMessagesMax());
    }

    VideoStoreSettings video(VideoStoreSettings settings) {
        long share = plan.videoQueueBytes() / Math.max(1, cameras);
        return new VideoStoreSettings(
                settings.directory(),
                settings.bytesMax(),
                settings.freeBytesMin(),
                settings.segmentMax(),
                settings.segmentBytesMax(),
                settings.forceBytes(),
                lowered(settings.queueBytesMax(), share, FRAGMENT_BYTES_MAX));
    }

    private static long lowered(long limit, long share, long floor) {
        return Math.min(limit, Math.max(share, floor));
    }
}
