package io.tidegate.adapters;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.tidegate.core.stream.StreamName;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.SocketException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Sessions with seeded damage. Whatever comes, the listener goes on serving others; replay with {@code -Dseed=}. */
@Timeout(120)
final class MqttMalformedProperties {
    private static final int SESSIONS = 2_000;

    @Test
    void damagedSessions_doNoHarmToOthers() throws IOException {
        long seed = Long.getLong("seed", new Random().nextLong());
        System.out.println("MqttMalformedProperties: -Dseed=" + seed);
        Random random = new Random(seed);
        MqttLimits limits = new MqttLimits(
                MqttLimits.DEFAULT.connectionsMax(),
                8 << 10,
                16,
                256 << 10,
                MqttLimits.DEFAULT.keepAliveMax(),
                MqttLimits.DEFAULT.connectTimeout());
        try (MqttFixture fixture = new MqttFixture(MqttFixture.limits(limits));
                RawMqtt good = fixture.connected(RawMqtt.V5, "good")) {
            for (int i = 1; i <= SESSIONS; i++) {
                byte[] bytes = damage(random, session(random));
                try (RawMqtt bad = fixture.raw(RawMqtt.V311)) {
                    send(bad, bytes, random);
                }
                if (i % 100 == 0) {
                    good.send(good.publish("good", i, "" + i));
                    assertThat(good.readAcks(1)).containsExactly(i);
                }
            }
            await().untilAsserted(() ->
                    assertThat(fixture.listener.stats().connections()).isEqualTo(1));

            MqttListenerStats stats = fixture.listener.stats();
            assertThat(stats.opened()).isEqualTo(SESSIONS + 1L);
            assertThat(stats.closed().values().stream()
                            .mapToLong(Long::longValue)
                            .sum())
                    .isEqualTo(SESSIONS);
            assertThat(stats.closed()).containsEntry("internal", 0L).containsEntry("memory", 0L);
            assertThat(stats.closed().get("malformed")).isGreaterThan(SESSIONS / 10);
            assertThat(stats.inFlightBytes()).isZero();
            int inTheLog = fixture.records(StreamName.TELEMETRY).size()
                    + fixture.records(StreamName.REJECTED).size();
            assertThat(stats.acknowledged()).isLessThanOrEqualTo(inTheLog);
            assertThat(fixture.records(StreamName.TELEMETRY).stream()
                            .filter(record -> record.partitionKey().equals("good")))
                    .hasSize(SESSIONS / 100);
        }
    }

    private static byte[] session(Random random) {
        int version = random.nextBoolean() ? RawMqtt.V311 : RawMqtt.V5;
        String empty = version == RawMqtt.V5 ? "00" : "";
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(RawMqtt.connect(version, "bad-" + random.nextInt(4), random.nextInt(100)));
        for (int i = random.nextInt(4); i >= 0; i--) {
            byte[] payload = new byte[random.nextInt(60)];
            random.nextBytes(payload);
            String topic = RawMqtt.hexText("t/" + random.nextInt(10));
            out.writeBytes(RawMqtt.packet(
                    0x32, hex(topic + "00" + (10 + i) + empty + HexFormat.of().formatHex(payload))));
        }
        out.writeBytes(hex("c000"));
        out.writeBytes(RawMqtt.packet(0x82, hex("0001" + empty + RawMqtt.hexText("a/#") + "01")));
        if (random.nextBoolean()) {
            out.writeBytes(hex("e000"));
        }
        return out.toByteArray();
    }

    private static byte[] hex(String text) {
        return HexFormat.of().parseHex(text);
    }

    private static byte[] damage(Random random, byte[] whole) {
        byte[] bytes = whole.clone();
        switch (random.nextInt(5)) {
            case 0 -> bytes = Arrays.copyOf(bytes, random.nextInt(bytes.length));
            case 1 -> bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
            case 2 -> {
                for (int i = random.nextInt(8); i >= 0; i--) {
                    bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
                }
            }
            case 3 -> {
                int from = random.nextInt(bytes.length);
                int to = from + random.nextInt(bytes.length - from);
                byte[] cut = Arrays.copyOf(bytes, bytes.length - (to - from));
                System.arraycopy(bytes, to, cut, from, bytes.length - to);
                bytes = cut;
            }
            default -> {
                byte[] noise = new byte[random.nextInt(300)];
                random.nextBytes(noise);
                int connect = 2 + bytes[1];
                System.arraycopy(noise, 0, bytes, connect, Math.min(noise.length, bytes.length - connect));
            }
        }
        return bytes;
    }

    private static void send(RawMqtt bad, byte[] bytes, Random random) throws IOException {
        int cut = random.nextInt(bytes.length + 1);
        try {
            bad.send(Arrays.copyOf(bytes, cut));
            bad.send(Arrays.copyOfRange(bytes, cut, bytes.length));
            if (random.nextInt(4) == 0) {
                // Some wait for an answer, whatever it is, before they leave.
                bad.isSilent(20);
            }
        } catch (SocketException e) {
            // The listener has closed already, as it may.
            assertThat(e).hasMessageMatching("(?s).*(reset|Broken pipe|closed).*");
        }
    }
}
