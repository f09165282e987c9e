package io.tidegate.adapters;

import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;

/**
 * What the MQTT listener has done since it was started.
 *
 * @param connections open now
 * @param opened connections since the start
 * @param closed ended connections by reason, every reason with its count: {@code malformed}, {@code keep-alive}, ...
 * @param inFlightBytes messages that the log has not answered
 * @param acknowledged PUBACKs sent
 * @param ackWrites writes that carried them
 * @param pauses how often reading stopped because the log was behind
 * @param subscriptionsRefused topic filters that clients asked for in vain
 */
public record MqttListenerStats(
        long connections,
        long opened,
        Map<String, Long> closed,
        long inFlightBytes,
        long acknowledged,
        long ackWrites,
        long pauses,
        long subscriptionsRefused,
        IngestCounts ingest) {
    public MqttListenerStats {
        closed = Collections.unmodifiableMap(new TreeMap<>(closed));
    }
}
