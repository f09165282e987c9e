package io.tidegate.adapters;

import java.time.Duration;

/**
 * What the MQTT listener takes at most.
 *
 * @param connectionsMax clients at a time; a further one is closed at once
 * @param packetBytesMax one packet, header included: 1 KiB to 10 MiB. Above 1 MiB a message may be too large for
 *     {@code _rejected}
 * @param receiveMaximum QoS 1 messages of one client that are not acknowledged yet: 1 to 65535. Told to MQTT 5 clients,
 *     kept by not reading for others
 * @param inFlightBytesMax messages of all clients that the log has not answered yet; above, nothing is read
 * @param keepAliveMax the longest silence asked of a client, 10 s to 18 h; a client is closed after one and a half times
 *     of what it said, or of this
 * @param connectTimeout from the opening of a connection to a valid CONNECT
 */
public record MqttLimits(
        int connectionsMax,
        int packetBytesMax,
        int receiveMaximum,
        long inFlightBytesMax,
        Duration keepAliveMax,
        Duration connectTimeout) {
    public static final MqttLimits DEFAULT =
            new MqttLimits(1_000, 256 << 10, 128, 8 << 20, Duration.ofHours(1), Duration.ofSeconds(10));

    public MqttLimits {
        check("connections-max", connectionsMax, 1, 100_000);
        check("packet-bytes-max", packetBytesMax, 1 << 10, 10 << 20);
        check("receive-maximum", receiveMaximum, 1, 65_535);
        check("in-flight-bytes-max", inFlightBytesMax, 64 << 10, 1L << 30);
        check("keep-alive-max in seconds", keepAliveMax.toSeconds(), 10, 64_800);
        check("connect-timeout in milliseconds", connectTimeout.toMillis(), 100, 600_000);
    }

    private static void check(String field, long value, long min, long max) {
        if (value < min || value > max) {
            throw new IllegalArgumentException(field + " must be " + min + " to " + max + ", found " + value);
        }
    }
}
