package io.tidegate.adapters;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.StreamName;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
final class MqttCredentialsTest {
    // Made with Python: hashlib.pbkdf2_hmac('sha256', b'open sesame', bytes(range(16)), 1000).hex()
    private static final String PYTHON_HASH = "04c33ed9d0a11c9d3c8ef673234d5cbbe461513009a831e060915fc779fbb79b";

    private static final PasswordHash SESAME = new PasswordHash(
            1000,
            Payload.copyOf(HexFormat.of().parseHex("000102030405060708090a0b0c0d0e0f")),
            Payload.copyOf(HexFormat.of().parseHex(PYTHON_HASH)));
    private static final List<MqttUser> USERS = List.of(new MqttUser("ann", SESAME));

    private static byte[] connect(int version, String user, String password) {
        return RawMqtt.connect(version, "c", 60, 0xC2, RawMqtt.hexText(user) + RawMqtt.hexText(password));
    }

    private static String answer(MqttFixture fixture, int version, byte[] connect) throws IOException {
        try (RawMqtt client = fixture.raw(version)) {
            client.send(connect);
            return client.read();
        }
    }

    @Test
    void passwordHash_ofAnotherImplementation_isUnderstood() {
        PasswordHash parsed = PasswordHash.parse("pbkdf2-sha256$1000$AAECAwQFBgcICQoLDA0ODw==$"
                + Base64.getEncoder().encodeToString(HexFormat.of().parseHex(PYTHON_HASH)));

        assertThat(parsed.matches(Payload.ofUtf8("open sesame"))).isTrue();
        assertThat(parsed.matches(Payload.ofUtf8("open sesam"))).isFalse();
        assertThat(parsed.matches(Payload.EMPTY)).isFalse();
        assertThat(parsed.toString()).doesNotContain(PYTHON_HASH.substring(0, 8));
    }

    @Test
    void passwordHash_made_isReadBack() {
        PasswordHash made = PasswordHash.of("grün", new SecureRandom());

        assertThat(PasswordHash.parse(made.text())).isEqualTo(made);
        assertThat(made.matches(Payload.ofUtf8("grün"))).isTrue();
        assertThat(made.text()).startsWith("pbkdf2-sha256$100000$");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "secret",
                "pbkdf2-sha256$1000$AAECAwQFBgcICQoLDA0ODw==",
                "pbkdf2-sha1$1000$AAECAwQFBgcICQ==$AAAA",
                "pbkdf2-sha256$10$AAECAwQFBgcICQoLDA0ODw==$AAAA",
                "pbkdf2-sha256$1000$====$===="
            })
    void passwordHash_thatIsNone_isRefusedAndNotRepeated(String text) {
        assertThatThrownBy(() -> PasswordHash.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .message()
                .doesNotContain(text);
    }

    @ParameterizedTest
    @ValueSource(strings = {"0.0.0.0", "::", "192.168.1.7", "press-hall", "128.0.0.1", "127.evil.example"})
    void settings_offLoopbackWithoutCredentials_areRefusedWithTheRemedy(String host) {
        assertThatThrownBy(() -> new MqttListenerSettings(host, 1883, List.of(), false, MqttLimits.DEFAULT))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(host)
                .hasMessageContaining("mqtt.listener.users")
                .hasMessageContaining("allow-anonymous: true");
        assertThatCode(() -> new MqttListenerSettings(host, 1883, USERS, false, MqttLimits.DEFAULT))
                .doesNotThrowAnyException();
        assertThatCode(() -> new MqttListenerSettings(host, 1883, List.of(), true, MqttLimits.DEFAULT))
                .doesNotThrowAnyException();
    }

    @ParameterizedTest
    @ValueSource(strings = {"127.0.0.1", "127.1.2.3", "localhost", "::1"})
    void settings_onLoopback_needNoCredentials(String host) {
        assertThatCode(() -> new MqttListenerSettings(host, 0, List.of(), false, MqttLimits.DEFAULT))
                .doesNotThrowAnyException();
    }

    @Test
    void connect_withUsers_asksForNameAndPassword() throws IOException {
        try (MqttFixture fixture =
                new MqttFixture(MqttListenerSettings.loopback(0).withUsers(USERS))) {
            // CONNACK reasons: MQTT 3.1.1 table 3.1 (4 bad credentials, 5 not authorized), MQTT 5.0 section 3.2.2.2.
            assertThat(answer(fixture, 4, connect(4, "ann", "wrong"))).isEqualTo("20020004");
            assertThat(answer(fixture, 4, connect(4, "bob", "open sesame"))).isEqualTo("20020004");
            assertThat(answer(fixture, 4, RawMqtt.connect(4, "c", 60))).isEqualTo("20020005");
            assertThat(answer(fixture, 4, connect(4, "ann", "open sesame"))).isEqualTo("20020000");
            assertThat(answer(fixture, 5, connect(5, "ann", "wrong"))).isEqualTo("2003008600");
            assertThat(answer(fixture, 5, RawMqtt.connect(5, "c", 60))).isEqualTo("2003008700");
            assertThat(answer(fixture, 5, connect(5, "ann", "open sesame"))).matches("20..0000.*");
            assertThat(fixture.closed("bad-credentials")).isEqualTo(5);
        }
    }

    @Test
    void connect_withUsersAndAnonymousAllowed_stillChecksANamedOne() throws IOException {
        MqttListenerSettings settings = new MqttListenerSettings("127.0.0.1", 0, USERS, true, MqttLimits.DEFAULT);
        try (MqttFixture fixture = new MqttFixture(settings)) {
            assertThat(answer(fixture, 4, RawMqtt.connect(4, "c", 60))).isEqualTo("20020000");
            assertThat(answer(fixture, 4, connect(4, "ann", "wrong"))).isEqualTo("20020004");
        }
    }

    @Test
    void publish_sentBeforeTheLoginIsDecided_waitsForIt() throws IOException {
        try (MqttFixture fixture =
                        new MqttFixture(MqttListenerSettings.loopback(0).withUsers(USERS));
                RawMqtt good = fixture.raw(4);
                RawMqtt bad = fixture.raw(4)) {
            ByteArrayOutputStream both = new ByteArrayOutputStream();
            both.writeBytes(connect(4, "ann", "open sesame"));
            both.writeBytes(good.publish("t", 1, "1"));
            both.writeBytes(good.publish("t", 2, "2"));
            good.send(both.toByteArray());
            assertThat(good.read()).isEqualTo("20020000");
            assertThat(good.readAcks(2)).containsExactly(1, 2);

            both.reset();
            both.writeBytes(connect(4, "ann", "wrong"));
            both.writeBytes(bad.publish("t", 1, "9"));
            bad.send(both.toByteArray());
            assertThat(bad.read()).isEqualTo("20020004");
            assertThat(bad.isClosedByPeer()).isTrue();
            assertThat(fixture.data(StreamName.TELEMETRY)).containsExactly("{\"value\":1}", "{\"value\":2}");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                // A will with a topic that is a filter; an empty client id with a session to be kept; version 6.
                "101500044d51545404060" + "03c0001630003612f2b000178",
                "100c00044d515454040" + "0003c0000",
                "100d00044d515454060" + "2003c000163",
            })
    void connect_thatCannotBe_isRefused(String packet) throws IOException {
        try (MqttFixture fixture = new MqttFixture();
                RawMqtt client = fixture.raw(4)) {
            client.send(packet);
            try {
                assertThat(client.read()).isIn("20020002", "20020001");
            } catch (java.io.EOFException e) {
                assertThat(fixture.closed("malformed")).isEqualTo(1);
            }
        }
    }

    @Test
    void connect_ofVersion5WithAnAuthenticationMethod_isRefused() throws IOException {
        // Properties: 0x15 authentication method "SCRAM"
        byte[] connect = HexFormat.of().parseHex("101600044d5154540502003c081500055343" + "52414d000163");
        try (MqttFixture fixture = new MqttFixture()) {
            assertThat(answer(fixture, 5, connect)).isEqualTo("2003008c00");
        }
    }
}
