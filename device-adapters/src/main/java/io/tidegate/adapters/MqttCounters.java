package io.tidegate.adapters;

import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;

/** What an MQTT listener counts. Thread-safe. */
final class MqttCounters {
    final AtomicLong connections = new AtomicLong();
    final AtomicLong inFlightBytes = new AtomicLong();
    final LongAdder opened = new LongAdder();
    final LongAdder acknowledged = new LongAdder();
    final LongAdder ackWrites = new LongAdder();
    final LongAdder pauses = new LongAdder();
    final LongAdder subscriptionsRefused = new LongAdder();
    final LongAdder lateAnswers = new LongAdder();
    private final Map<MqttClose, LongAdder> closed = new EnumMap<>(MqttClose.class);

    MqttCounters() {
        for (MqttClose reason : MqttClose.values()) {
            closed.put(reason, new LongAdder());
        }
    }

    void closed(MqttClose reason) {
        Objects.requireNonNull(closed.get(reason)).increment();
    }

    MqttListenerStats stats(IngestCounts ingest) {
        Map<String, Long> byReason = new TreeMap<>();
        closed.forEach((reason, count) -> byReason.put(reason.text(), count.sum()));
        return new MqttListenerStats(
                connections.get(),
                opened.sum(),
                byReason,
                inFlightBytes.get(),
                acknowledged.sum(),
                ackWrites.sum(),
                pauses.sum(),
                subscriptionsRefused.sum(),
                ingest);
    }
}
