package io.tidegate.adapters;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.tidegate.core.stream.StreamName;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the listener does by the MQTT specifications, and to those who break them. Packets are written by hand. */
@Timeout(60)
final class MqttProtocolTest {
    private static final StreamName TELEMETRY = StreamName.TELEMETRY;

    @Test
    void connack_ofVersion5_saysWhatTheListenerDoesNotDo() throws IOException {
        MqttLimits limits = new MqttLimits(10, 4096, 20, 1 << 20, Duration.ofSeconds(30), Duration.ofSeconds(5));
        try (MqttFixture fixture = new MqttFixture(MqttFixture.limits(limits));
                RawMqtt client = fixture.raw(RawMqtt.V5)) {
            client.send(RawMqtt.connect(RawMqtt.V5, "a", 60));

            assertThat(client.read())
                    .startsWith("20")
                    .matches("20..0000.*")
                    .contains("210014") // receive maximum 20
                    .contains("2401") // maximum quality of service 1
                    .contains("2500") // retain not available
                    .contains("2700001000") // maximum packet size 4096
                    .contains("2800") // no wildcard subscriptions
                    .contains("2900") // no subscription identifiers
                    .contains("2a00") // no shared subscriptions
                    .contains("13001e"); // server keep alive 30
        }
    }

    @Test
    void connack_ofVersion5_namesAClientThatHasNoName() throws IOException {
        try (MqttFixture fixture = new MqttFixture();
                RawMqtt client = fixture.raw(RawMqtt.V5)) {
            client.send(RawMqtt.connect(RawMqtt.V5, "", 60));
            assertThat(client.read())
                    .contains("120019" + HexFormat.of().formatHex("tidegate-".getBytes(StandardCharsets.US_ASCII)));
            client.send(client.publish("t", 1, "1"));
            client.readAcks(1);

            assertThat(fixture.records(TELEMETRY).get(0).attributes().get("device"))
                    .isNull();
        }
    }

    @Test
    void connect_withTheSameClientId_takesOverAndTheOlderIsTold() throws IOException {
        try (MqttFixture fixture = new MqttFixture();
                RawMqtt older = fixture.connected(RawMqtt.V5, "same");
                RawMqtt newer = fixture.connected(RawMqtt.V311, "same")) {
            assertThat(older.read()).isEqualTo("e0028e00");
            assertThat(older.isClosedByPeer()).isTrue();
            newer.send(newer.publish("t", 1, "1"));

            assertThat(newer.readAcks(1)).containsExactly(1);
            assertThat(fixture.closed("taken-over")).isEqualTo(1);
            assertThat(fixture.listener.stats().connections()).isEqualTo(1);
        }
    }

    @Test
    void keepAlive_silenceOfOneAndAHalfTimes_closes() throws IOException {
        try (MqttFixture fixture = new MqttFixture();
                RawMqtt silent = fixture.raw(RawMqtt.V5);
                RawMqtt pinging = fixture.raw(RawMqtt.V311)) {
            silent.send(RawMqtt.connect(RawMqtt.V5, "silent", 2));
            silent.read();
            pinging.send(RawMqtt.connect(RawMqtt.V311, "pinging", 2));
            pinging.read();
            for (int i = 0; i < 4; i++) {
                assertThat(pinging.isSilent(1_000)).isTrue();
                pinging.send("c000");
                assertThat(pinging.read()).isEqualTo("d000");
            }

            assertThat(silent.read()).isEqualTo("e0028d00");
            assertThat(fixture.closed("keep-alive")).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @CsvSource({
        // What a connected client of version 5 sends, what it is told, and under which reason it is counted.
        "340700017400010078, e0029b00, qos-2",
        "330700017400010078, e0029a00, retain",
        "320a00017400010323000178, e0029400, topic-alias",
        "300400000078, e0028100, malformed",
        "300600022b2f0078, e0028100, malformed",
        "30050001000078, e0028100, malformed",
        "320700017400000078, e0028100, malformed",
        "360700017400010078, e0028100, malformed",
        "300a0002c0af007878787878, e0028100, malformed",
        "101000044d5154540502003c000003616263, e0028200, protocol-error",
        "62020001, e0028200, protocol-error",
        "40020001, e0028200, protocol-error",
        "30020001, e0028100, malformed",
        "3000, e0028100, malformed",
        "f000, e0028200, protocol-error",
        "30ffffffff7f, e0028100, malformed",
        "30ffffff7f, e0029500, packet-too-large",
        "30818010, e0029500, packet-too-large",
    })
    void version5_thatBreaksTheRules_isToldAndClosed(String packet, String told, String reason) throws IOException {
        try (MqttFixture fixture = new MqttFixture();
                RawMqtt client = fixture.connected(RawMqtt.V5, "a");
                RawMqtt good = fixture.connected(RawMqtt.V5, "b")) {
            client.send(packet);

            assertThat(client.read()).isEqualTo(told);
            assertThat(client.isClosedByPeer()).isTrue();
            assertThat(fixture.closed(reason)).isEqualTo(1);
            good.send(good.publish("t", 1, "1"));
            assertThat(good.readAcks(1)).containsExactly(1);
            assertThat(fixture.records(TELEMETRY)).hasSize(1);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "34060001740001" + "78, qos-2",
        "32050001740000, malformed",
        "3002002b, malformed",
        "3000, malformed",
        "0000, malformed",
        "1000, malformed",
        "8200, malformed",
        "f000, malformed",
    })
    void version311_thatBreaksTheRules_isClosed(String packet, String reason) throws IOException {
        try (MqttFixture fixture = new MqttFixture();
                RawMqtt client = fixture.connected(RawMqtt.V311, "a")) {
            client.send(packet);

            assertThat(client.isClosedByPeer()).isTrue();
            assertThat(fixture.closed(reason)).isEqualTo(1);
        }
    }

    @Test
    void goodPacketsBeforeABadOne_areTaken() throws IOException {
        try (MqttFixture fixture = new MqttFixture();
                RawMqtt client = fixture.connected(RawMqtt.V311, "a")) {
            ByteArrayOutputStream both = new ByteArrayOutputStream();
            both.writeBytes(client.publish("t", 0, "1"));
            both.writeBytes(new byte[] {0x30, (byte) 0xff, (byte) 0xff, (byte) 0xff, (byte) 0xff});
            client.send(both.toByteArray());

            assertThat(client.isClosedByPeer()).isTrue();
            await().untilAsserted(() -> assertThat(fixture.data(TELEMETRY)).containsExactly("{\"value\":1}"));
        }
    }

    @Test
    void packetsInSingleBytes_areUnderstood() throws IOException {
        try (MqttFixture fixture = new MqttFixture();
                RawMqtt client = fixture.raw(RawMqtt.V5)) {
            for (byte b : RawMqtt.connect(RawMqtt.V5, "slow", 60)) {
                client.send(new byte[] {b});
            }
            client.read();
            for (byte b : client.publish("plant/x", 1, "x".repeat(300))) {
                client.send(new byte[] {b});
            }

            assertThat(client.readAcks(1)).containsExactly(1);
            assertThat(fixture.data(TELEMETRY)).containsExactly("{\"text\":\"" + "x".repeat(300) + "\"}");
        }
    }

    @Test
    void subscribe_isRefusedFilterByFilter() throws IOException {
        try (MqttFixture fixture = new MqttFixture();
                RawMqtt v311 = fixture.connected(RawMqtt.V311, "a");
                RawMqtt v5 = fixture.connected(RawMqtt.V5, "b")) {
            v311.send("820a0007000161000001620123".substring(0, 24));
            assertThat(v311.read()).isEqualTo("900400078080");
            v5.send("82070007000001" + "6100");
            assertThat(v5.read()).isEqualTo("9004000700" + "80");
            v5.send("a206000800000161");
            assertThat(v5.read()).isEqualTo("b00400080011");
            assertThat(fixture.listener.stats().subscriptionsRefused()).isEqualTo(3);
        }
    }

    @Test
    void will_isTakenWhenTheClientLeavesWithoutAGoodbye() throws IOException {
        String will = RawMqtt.hexText("plant/a/status") + RawMqtt.hexText("offline");
        try (MqttFixture fixture = new MqttFixture()) {
            try (RawMqtt polite = fixture.raw(RawMqtt.V311)) {
                polite.send(RawMqtt.connect(RawMqtt.V311, "polite", 60, 0x06, will));
                polite.read();
                polite.send("e000");
                assertThat(polite.isClosedByPeer()).isTrue();
            }
            try (RawMqtt rude = fixture.raw(RawMqtt.V311)) {
                rude.send(RawMqtt.connect(RawMqtt.V311, "rude", 60, 0x06, will));
                rude.read();
            }
            await().until(() -> fixture.records(TELEMETRY).size() == 1);

            assertThat(fixture.records(TELEMETRY).get(0).attributes().get("device"))
                    .isEqualTo("rude");
            assertThat(fixture.data(TELEMETRY)).containsExactly("{\"text\":\"offline\"}");
            assertThat(fixture.closed("disconnected")).isEqualTo(1);
            assertThat(fixture.closed("lost")).isEqualTo(1);
        }
    }

    @Test
    void will_whileTheLogHasNoRoom_staysBehindWhatItsClientHadSent() throws IOException {
        String will = RawMqtt.hexText("plant/a/status") + RawMqtt.hexText("offline");
        try (MqttFixture fixture = new MqttFixture();
                RawMqtt client = fixture.raw(RawMqtt.V311)) {
            client.send(RawMqtt.connect(RawMqtt.V311, "rude", 60, 0x06, will));
            client.read();
            fixture.log.limitRoom(0);
            ByteArrayOutputStream together = new ByteArrayOutputStream();
            together.writeBytes(client.publish("plant/a/status", 1, "1"));
            // A response that only the listener may send: it closes the connection.
            together.writeBytes(new byte[] {(byte) 0xD0, 0});
            client.send(together.toByteArray());
            assertThat(client.isClosedByPeer()).isTrue();
            assertThat(fixture.records(TELEMETRY)).isEmpty();
            fixture.log.makeRoom();

            await().until(() -> fixture.records(TELEMETRY).size() == 2);
            assertThat(fixture.data(TELEMETRY)).containsExactly("{\"value\":1}", "{\"text\":\"offline\"}");
        }
    }

    @Test
    void connections_beyondTheLimitOrWithoutConnect_areClosed() throws IOException {
        MqttLimits limits = new MqttLimits(2, 4096, 10, 1 << 20, Duration.ofMinutes(1), Duration.ofSeconds(3));
        try (MqttFixture fixture = new MqttFixture(MqttFixture.limits(limits));
                RawMqtt one = fixture.connected(RawMqtt.V311, "one");
                RawMqtt two = fixture.raw(RawMqtt.V311);
                RawMqtt three = fixture.raw(RawMqtt.V311)) {
            assertThat(three.isClosedByPeer()).isTrue();
            assertThat(fixture.closed("too-many-connections")).isEqualTo(1);
            assertThat(two.isClosedByPeer()).isTrue();
            assertThat(fixture.closed("connect-timeout")).isEqualTo(1);
            one.send(one.publish("t", 1, "1"));
            assertThat(one.readAcks(1)).containsExactly(1);
        }
    }

    @Test
    void unfinishedPackets_ofManyClients_areBounded() throws IOException {
        MqttLimits limits = new MqttLimits(100, 60 << 10, 10, 128 << 10, Duration.ofMinutes(1), Duration.ofSeconds(30));
        try (MqttFixture fixture = new MqttFixture(MqttFixture.limits(limits))) {
            List<RawMqtt> clients = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                RawMqtt client = fixture.connected(RawMqtt.V311, "client-" + i);
                clients.add(client);
                byte[] whole = client.publish("t", 1, "x".repeat(50_000));
                client.send(Arrays.copyOf(whole, 45_000));
            }
            await().until(() -> fixture.closed("memory") > 0);
            assertThat(fixture.listener.stats().connections()).isBetween(1L, 7L);
            for (RawMqtt client : clients) {
                client.close();
            }
            await().until(() -> fixture.listener.stats().connections() == 0);
            // What was unfinished is forgotten with its connections.
            try (RawMqtt client = fixture.connected(RawMqtt.V311, "late")) {
                client.send(client.publish("t", 1, "x".repeat(50_000)));
                assertThat(client.readAcks(1)).containsExactly(1);
            }
        }
    }
}
