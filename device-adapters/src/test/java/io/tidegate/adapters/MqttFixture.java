package io.tidegate.adapters;

import io.tidegate.core.runtime.ClockSync;
import io.tidegate.core.runtime.FakeClock;
import io.tidegate.core.stream.LogCursor;
import io.tidegate.core.stream.LogPosition;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamRecord;
import io.tidegate.support.InMemoryLog;
import java.io.IOException;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** An MQTT listener on any port of loopback over a log in memory, for one test. */
final class MqttFixture implements AutoCloseable {
    final FakeClock clock = new FakeClock(1_795_395_723_000L);
    final InMemoryLog log = InMemoryLog.create(clock);
    final MqttListener listener;

    MqttFixture() {
        this(MqttListenerSettings.loopback(0));
    }

    MqttFixture(MqttListenerSettings settings, RouteSettings... routes) {
        this.listener = MqttListener.start(
                settings, Routes.of(List.of(routes), clock, ClockSync.TRUSTED), log, new SecureRandom());
    }

    static MqttListenerSettings limits(MqttLimits limits) {
        return MqttListenerSettings.loopback(0).withLimits(limits);
    }

    RawMqtt connected(int version, String clientId) throws IOException {
        return RawMqtt.connected(listener.port(), version, clientId);
    }

    RawMqtt raw(int version) throws IOException {
        return new RawMqtt(listener.port(), version);
    }

    List<StreamRecord> records(StreamName stream) {
        List<StreamRecord> records = new ArrayList<>();
        try (LogCursor cursor = log.cursor(Set.of(stream), LogPosition.TRIM_HORIZON)) {
            boolean atEnd = false;
            while (!atEnd) {
                var batch = cursor.read(1 << 20);
                batch.entries().forEach(entry -> records.add((StreamRecord) entry));
                atEnd = batch.atEnd();
            }
        }
        return records;
    }

    List<String> data(StreamName stream) {
        return records(stream).stream().map(record -> record.data().utf8()).toList();
    }

    long closed(String reason) {
        Long count = listener.stats().closed().get(reason);
        if (count == null) {
            throw new AssertionError("no such reason: " + reason);
        }
        return count;
    }

    @Override
    public void close() {
        listener.close();
    }
}
