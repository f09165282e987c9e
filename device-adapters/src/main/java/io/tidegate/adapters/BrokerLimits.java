package io.tidegate.adapters;

import java.time.Duration;

/**
 * How the client of an external broker behaves.
 *
 * @param receiveMaximum QoS 1 messages that the broker may send before the first is acknowledged: 1 to 65535
 * @param inFlightBytesMax bytes of messages that the log has not answered yet; above, nothing is read
 * @param keepAlive the longest silence on the connection, 2 s to 18 h
 * @param connectTimeout from the first packet to a subscription that the broker has confirmed
 * @param sessionExpiry how long the broker keeps our session, with the messages that we miss meanwhile
 * @param retryMax the longest wait before the next attempt to connect
 */
public record BrokerLimits(
        int receiveMaximum,
        long inFlightBytesMax,
        Duration keepAlive,
        Duration connectTimeout,
        Duration sessionExpiry,
        Duration retryMax) {
    /** One packet; the broker throws larger messages away before it sends them (MQTT 5 section 3.1.2.11.4). */
    static final int PACKET_BYTES_MAX = (1 << 20) + (64 << 10);

    public static final BrokerLimits DEFAULT = new BrokerLimits(
            1_000, 4 << 20, Duration.ofSeconds(30), Duration.ofSeconds(30), Duration.ofDays(7), Duration.ofSeconds(60));

    public BrokerLimits {
        check("receive-maximum", receiveMaximum, 1, 65_535);
        check("in-flight-max", inFlightBytesMax, PACKET_BYTES_MAX, 1L << 30);
        check("keep-alive in seconds", keepAlive.toSeconds(), 2, 64_800);
        check("connect-timeout in milliseconds", connectTimeout.toMillis(), 1_000, 600_000);
        check("session-expiry in seconds", sessionExpiry.toSeconds(), 60, 0xffff_fffeL);
        check("retry-max in milliseconds", retryMax.toMillis(), 100, 3_600_000);
    }

    public BrokerLimits withConnectTimeout(Duration changed) {
        return new BrokerLimits(receiveMaximum, inFlightBytesMax, keepAlive, changed, sessionExpiry, retryMax);
    }

    public BrokerLimits withReceiveMaximum(int changed) {
        return new BrokerLimits(changed, inFlightBytesMax, keepAlive, connectTimeout, sessionExpiry, retryMax);
    }

    public BrokerLimits withRetryMax(Duration changed) {
        return new BrokerLimits(receiveMaximum, inFlightBytesMax, keepAlive, connectTimeout, sessionExpiry, changed);
    }

    private static void check(String field, long value, long min, long max) {
        if (value < min || value > max) {
            throw new IllegalArgumentException(
                    field + " of an MQTT client must be " + min + " to " + max + ", found " + value);
        }
    }
}
