package io.tidegate.adapters;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamSettings;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** From the wire into the log and back: acknowledgements, order, back-pressure, refusals. Packets are written by hand. */
@Timeout(60)
final class MqttListenerTest {
    private static final StreamName TELEMETRY = StreamName.TELEMETRY;

    @ParameterizedTest
    @ValueSource(strings = {"mqttv31", "mqttv311", "mqttv5"})
    void mosquittoPub_qualityOne_isInTheLogOnceItReturns(String version) throws Exception {
        try (MqttFixture fixture = new MqttFixture()) {
            Process publisher = new ProcessBuilder(
                            "mosquitto_pub",
                            "-h",
                            "127.0.0.1",
                            "-p",
                            Integer.toString(fixture.listener.port()),
                            "-V",
                            version,
                            "-i",
                            "press-3",
                            "-q",
                            "1",
                            "-t",
                            "plant/press-3",
                            "-l")
                    .redirectErrorStream(true)
                    .start();
            try (var lines = publisher.outputWriter()) {
                for (int i = 0; i < 500; i++) {
                    lines.write("{\"n\":" + i + "}\n");
                }
            }
            assertThat(publisher.waitFor(30, TimeUnit.SECONDS)).isTrue();

            assertThat(publisher.inputReader().lines()).isEmpty();
            assertThat(publisher.exitValue()).isZero();
            assertThat(fixture.data(TELEMETRY))
                    .isEqualTo(IntStream.range(0, 500)
                            .mapToObj(i -> "{\"n\":" + i + "}")
                            .toList());
            assertThat(fixture.records(TELEMETRY)).allSatisfy(record -> {
                assertThat(record.partitionKey()).isEqualTo("plant/press-3");
                assertThat(record.attributes().get("device")).isEqualTo("press-3");
            });
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {RawMqtt.V311, RawMqtt.V5})
    void publish_isAcknowledgedAfterTheCommitAndAllOfOneCommitInOneWrite(int version) throws IOException {
        try (MqttFixture fixture = new MqttFixture();
                RawMqtt client = fixture.connected(version, "a")) {
            fixture.log.holdCommits();
            client.send(client.publish("t", 7, "1"));
            client.send(client.publish("t", 3, "2"));
            client.send(client.publish("t", 65_535, "3"));
            await().until(() -> fixture.log.heldCount() == 3);

            assertThat(client.isSilent(300)).isTrue();
            fixture.log.commitHeld();

            assertThat(client.readAcks(3)).containsExactly(7, 3, 65_535);
            assertThat(fixture.listener.stats().ackWrites()).isEqualTo(1);
            assertThat(fixture.data(TELEMETRY)).containsExactly("{\"value\":1}", "{\"value\":2}", "{\"value\":3}");
        }
    }

    @Test
    void publish_whileTheLogHasNoRoom_waitsAndKeepsItsOrder() throws IOException {
        try (MqttFixture fixture = new MqttFixture();
                RawMqtt client = fixture.connected(RawMqtt.V311, "a");
                RawMqtt other = fixture.connected(RawMqtt.V5, "b")) {
            fixture.log.limitRoom(5);
            for (int i = 1; i <= 50; i++) {
                client.send(client.publish("t", i, Integer.toString(i)));
            }
            assertThat(client.readAcks(5)).containsExactly(1, 2, 3, 4, 5);
            other.send(other.publish("u", 9, "9"));
            assertThat(client.isSilent(300)).isTrue();
            assertThat(fixture.listener.stats().pauses()).isEqualTo(1);
            fixture.log.makeRoom();

            assertThat(client.readAcks(45))
                    .isEqualTo(IntStream.rangeClosed(6, 50).boxed().toList());
            assertThat(other.readAcks(1)).containsExactly(9);
            assertThat(fixture.records(TELEMETRY).stream()
                            .filter(record -> record.partitionKey().equals("t"))
                            .map(record -> record.data().utf8()))
                    .isEqualTo(IntStream.rangeClosed(1, 50)
                            .mapToObj(i -> "{\"value\":" + i + "}")
                            .toList());
            await().untilAsserted(() ->
                    assertThat(fixture.listener.stats().inFlightBytes()).isZero());
        }
    }

    @Test
    void publish_whenTheBudgetInFlightIsSpent_isNotReadUntilTheLogAnswers() throws Exception {
        MqttLimits limits =
                new MqttLimits(10, 32 << 10, 65_535, 64 << 10, Duration.ofMinutes(1), Duration.ofSeconds(5));
        try (MqttFixture fixture = new MqttFixture(MqttFixture.limits(limits));
                RawMqtt client = fixture.connected(RawMqtt.V311, "a")) {
            fixture.log.holdCommits();
            byte[] payload = "x".repeat(8 << 10).getBytes(StandardCharsets.US_ASCII);
            Thread writer = sender(client, payload, 2_000);
            await().until(() -> fixture.listener.stats().pauses() == 1);
            assertThat(client.isSilent(500)).isTrue();

            // The budget of 64 KiB, and what one read may bring on top.
            assertThat(fixture.log.heldCount()).isBetween(7, 10);
            assertThat(fixture.listener.stats().inFlightBytes()).isLessThan(100 << 10);
            fixture.log.commitHeld();
            assertThat(client.readAcks(2_000))
                    .isEqualTo(IntStream.rangeClosed(1, 2_000).boxed().toList());
            writer.join();
        }
    }

    @Test
    void publish_ofManyClientsAtOnce_isAcknowledgedAndInOrderPerKey() throws Exception {
        int clients = 6;
        int count = 1_000;
        try (MqttFixture fixture = new MqttFixture()) {
            ExecutorService threads = Executors.newFixedThreadPool(clients);
            try {
                List<Future<List<Integer>>> acks = new ArrayList<>();
                for (int c = 0; c < clients; c++) {
                    String topic = "device-" + c;
                    int version = c % 2 == 0 ? RawMqtt.V311 : RawMqtt.V5;
                    acks.add(threads.submit(() -> publishWithWindow(fixture, version, topic, count)));
                }
                for (Future<List<Integer>> each : acks) {
                    assertThat(each.get())
                            .isEqualTo(IntStream.rangeClosed(1, count).boxed().toList());
                }
            } finally {
                threads.shutdownNow();
            }
            for (int c = 0; c < clients; c++) {
                String topic = "device-" + c;
                assertThat(fixture.records(TELEMETRY).stream()
                                .filter(record -> record.partitionKey().equals(topic))
                                .map(record -> record.data().utf8()))
                        .isEqualTo(IntStream.rangeClosed(1, count)
                                .mapToObj(i -> "{\"value\":" + i + "}")
                                .toList());
            }
            MqttListenerStats stats = fixture.listener.stats();
            assertThat(stats.acknowledged()).isEqualTo((long) clients * count);
            assertThat(stats.ackWrites()).isLessThanOrEqualTo(stats.acknowledged());
        }
    }

    /** At most 50 messages without acknowledgement at a time. */
    private static List<Integer> publishWithWindow(MqttFixture fixture, int version, String topic, int count)
            throws IOException {
        List<Integer> acks = new ArrayList<>();
        try (RawMqtt client = fixture.connected(version, topic)) {
            for (int i = 1; i <= count; i++) {
                client.send(client.publish(topic, i, Integer.toString(i)));
                if (i - acks.size() == 50) {
                    acks.addAll(client.readAcks(25));
                }
            }
            acks.addAll(client.readAcks(count - acks.size()));
        }
        return acks;
    }

    private static Thread sender(RawMqtt client, byte[] payload, int count) {
        Thread writer = new Thread(() -> {
            try {
                for (int i = 1; i <= count; i++) {
                    client.send(client.publish("t", i, payload, 0x32));
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        writer.start();
        return writer;
    }

    @Test
    void receiveMaximum_version5IsClosedAndVersion311IsHeldBack() throws IOException {
        MqttLimits limits = new MqttLimits(10, 4096, 3, 1 << 20, Duration.ofMinutes(1), Duration.ofSeconds(5));
        try (MqttFixture fixture = new MqttFixture(MqttFixture.limits(limits));
                RawMqtt v5 = fixture.connected(RawMqtt.V5, "five");
                RawMqtt v311 = fixture.connected(RawMqtt.V311, "three")) {
            fixture.log.holdCommits();
            for (int i = 1; i <= 4; i++) {
                v5.send(v5.publish("t", i, "1"));
            }
            assertThat(v5.read()).isEqualTo("e0029300");
            for (int i = 1; i <= 3; i++) {
                v311.send(v311.publish("t", i, "1"));
            }
            await().until(() -> fixture.log.heldCount() == 6);
            v311.send(v311.publish("t", 4, "1"));
            assertThat(v311.isSilent(300)).isTrue();
            assertThat(fixture.log.heldCount()).isEqualTo(6);
            fixture.log.commitHeld();

            assertThat(v311.readAcks(4)).containsExactly(1, 2, 3, 4);
            assertThat(fixture.closed("receive-maximum")).isEqualTo(1);
        }
    }

    @Test
    void publish_whileTheDiskIsFull_isNotAcknowledgedAndTheClientIsClosed() throws IOException {
        try (MqttFixture fixture = new MqttFixture();
                RawMqtt v311 = fixture.connected(RawMqtt.V311, "a");
                RawMqtt v5 = fixture.connected(RawMqtt.V5, "b")) {
            fixture.log.refuse("the disk is full");
            v311.send(v311.publish("t", 1, "1"));
            v5.send(v5.publish("t", 1, "1"));

            assertThat(v311.isClosedByPeer()).isTrue();
            assertThat(v5.read()).isEqualTo("e0029700");
            assertThat(fixture.closed("log-refused")).isEqualTo(2);
            fixture.log.refuse(null);
            try (RawMqtt again = fixture.connected(RawMqtt.V311, "a")) {
                again.send(again.publish("t", 1, "1"));
                assertThat(again.readAcks(1)).containsExactly(1);
            }
        }
    }

    @Test
    void publish_thatTheStreamNeverTakes_isAcknowledgedOnceItIsInRejected() throws IOException {
        StreamName small = new StreamName("small");
        try (MqttFixture fixture =
                new MqttFixture(MqttListenerSettings.loopback(0), RouteSettings.to("mqtt:#", small))) {
            fixture.log.admin().create(StreamSettings.of(small).withRecordBytesMax(10));
            try (RawMqtt v311 = fixture.connected(RawMqtt.V311, "a");
                    RawMqtt v5 = fixture.connected(RawMqtt.V5, "b")) {
                v311.send(v311.publish("t", 1, "far too long"));
                assertThat(v311.readAcks(1)).containsExactly(1);
                v5.send(v5.publish("t", 2, "far too long"));
                assertThat(v5.read()).isEqualTo("4003000297");
            }
            assertThat(fixture.data(StreamName.REJECTED)).containsExactly("far too long", "far too long");
        }
    }

    @Test
    void publish_undecodable_isAcknowledgedAndInRejected() throws IOException {
        try (MqttFixture fixture = new MqttFixture(
                        MqttListenerSettings.loopback(0),
                        RouteSettings.dropping("mqtt:noise"),
                        RouteSettings.to("mqtt:#", TELEMETRY).withDecoder(DecoderKind.NUMBER));
                RawMqtt client = fixture.connected(RawMqtt.V5, "a")) {
            fixture.log.holdCommits();
            client.send(client.publish("t", 1, "warm"));
            client.send(client.publish("noise", 2, "x"));
            client.send(client.publish("t", 3, "21.5"));
            await().until(() -> fixture.log.heldCount() == 2);
            // The dropped one is answered, but leaves in its turn.
            assertThat(client.isSilent(200)).isTrue();
            fixture.log.commitHeld();

            assertThat(client.readAcks(3)).containsExactly(1, 2, 3);
            assertThat(fixture.data(StreamName.REJECTED)).containsExactly("warm");
            assertThat(fixture.data(TELEMETRY)).containsExactly("{\"value\":21.5}");
        }
    }

    @Test
    void publish_secondCopyWithANumber_isAcknowledgedAndStoredOnce() throws IOException {
        try (MqttFixture fixture = new MqttFixture(
                        MqttListenerSettings.loopback(0),
                        RouteSettings.to("mqtt:#", TELEMETRY).withSequence("$.seq"));
                RawMqtt client = fixture.connected(RawMqtt.V311, "a")) {
            client.send(client.publish("t", 1, "{\"seq\":1}"));
            client.send(client.publish("t", 1, "{\"seq\":1}".getBytes(StandardCharsets.UTF_8), 0x3a));

            assertThat(client.readAcks(2)).containsExactly(1, 1);
            assertThat(fixture.data(TELEMETRY)).containsExactly("{\"seq\":1}");
            assertThat(fixture.listener.stats().ingest().duplicates()).isEqualTo(1);
        }
    }

    @Test
    void close_acknowledgesWhatTheLogHasTakenAndSaysGoodbye() throws Exception {
        try (MqttFixture fixture = new MqttFixture();
                RawMqtt client = fixture.connected(RawMqtt.V5, "a")) {
            fixture.log.holdCommits();
            client.send(client.publish("t", 1, "1"));
            await().until(() -> fixture.log.heldCount() == 1);
            Thread closing = new Thread(fixture::close);
            closing.start();
            assertThat(client.isSilent(300)).isTrue();
            fixture.log.commitHeld();

            assertThat(client.readAcks(1)).containsExactly(1);
            assertThat(client.read()).isEqualTo("e0028b00");
            closing.join(10_000);
            assertThat(closing.isAlive()).isFalse();
            assertThatThrownBy(() -> fixture.raw(RawMqtt.V5)).isInstanceOf(IOException.class);
        }
    }

    @Test
    void start_onAPortInUse_saysSo() {
        try (MqttFixture fixture = new MqttFixture()) {
            int port = fixture.listener.port();
            assertThatThrownBy(() -> new MqttFixture(MqttListenerSettings.loopback(port)))
                    .isInstanceOf(AdapterException.class)
                    .hasMessageContaining("127.0.0.1 port " + port)
                    .hasMessageContaining("choose another port");
        }
    }
}
