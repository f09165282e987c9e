package io.tidegate.adapters;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tidegate.core.runtime.ClockSync;
import io.tidegate.core.runtime.FakeClock;
import io.tidegate.core.stream.EventTimeFrom;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.StreamName;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class RoutesTest {
    private static final StreamName PLANT = new StreamName("plant");
    private static final long NOW = Instant.parse("2026-11-24T12:00:00Z").toEpochMilli();

    private final FakeClock clock = new FakeClock(NOW);

    private Routes routes(RouteSettings... settings) {
        return Routes.of(List.of(settings), clock, ClockSync.TRUSTED);
    }

    private static IncomingMessage mqtt(String topic, String payload) {
        return new IncomingMessage(ChannelKind.MQTT, topic, "client-1", Payload.ofUtf8(payload));
    }

    private static NewRecord kept(Routes routes, IncomingMessage message) {
        Routes.Routed routed = routes.route(message);
        assertThat(routed).isInstanceOf(Routes.Routed.Keep.class);
        return ((Routes.Routed.Keep) routed).record();
    }

    @Test
    void route_withoutAny_goesToTelemetryKeyedByTopic() {
        NewRecord record = kept(routes(), mqtt("plant/press-3", "{\"temp\": 41.2}"));

        assertThat(record.stream()).isEqualTo(StreamName.TELEMETRY);
        assertThat(record.partitionKey()).isEqualTo("plant/press-3");
        assertThat(record.contentType()).isEqualTo("application/json");
        assertThat(record.data().utf8()).isEqualTo("{\"temp\": 41.2}");
        assertThat(record.eventTimeFrom()).isEqualTo(EventTimeFrom.ARRIVAL);
        assertThat(record.attributes().asMap())
                .containsOnlyKeys("device", "source", "topic")
                .containsEntry("device", "client-1")
                .containsEntry("source", "mqtt")
                .containsEntry("topic", "plant/press-3");
    }

    @Test
    void route_emptyPath_isKeyedBySlash() {
        IncomingMessage message = new IncomingMessage(ChannelKind.COAP, "", null, Payload.ofUtf8("1"));

        assertThat(kept(routes(), message).partitionKey()).isEqualTo("/");
        assertThat(kept(routes(), message).attributes().asMap()).doesNotContainKey("device");
    }

    @Test
    void route_topicOver256Characters_isKeyedByItsSha256() {
        // printf 'a%.0s' $(seq 257) | sha256sum
        String sha = "e8d95cc2b4bc198c54b40bd214df958afb65f5e73d2c2eafe0593cf5c635c1f0";
        NewRecord longest = kept(routes(), mqtt("a".repeat(256), "1"));
        NewRecord longer = kept(routes(), mqtt("a".repeat(257), "1"));

        assertThat(longest.partitionKey()).isEqualTo("a".repeat(256));
        assertThat(longer.partitionKey()).isEqualTo(sha);
    }

    @Test
    void route_attributesOver4KiB_isRejectedWithTheReasonAndTheOriginalBytes() {
        NewRecord record = kept(routes(), mqtt("t/".repeat(2500), "{\"a\":1}"));

        assertThat(record.stream()).isEqualTo(StreamName.REJECTED);
        assertThat(record.data().utf8()).isEqualTo("{\"a\":1}");
        assertThat(record.contentType()).isEqualTo("application/octet-stream");
        assertThat(record.attributes().get("reason")).contains("4096");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "mqtt:plant/{device}/{metric} | plant/p3/temp     | p3",
                "mqtt:plant/{device}/{metric} | plant/p3          | -",
                "mqtt:plant/{device}/{metric} | plant/p3/temp/raw | -",
                "mqtt:plant/{device+}         | plant/a/b/c       | a/b/c",
                "mqtt:plant/{device+}         | plant             | -",
                "mqtt:{device}/#              | p3                | p3",
                "mqtt:{device}/#              | p3/a/b            | p3",
                "mqtt:+/{device}              | x/p3              | p3",
                "mqtt:+/{device}              | $SYS/p3           | -",
                "mqtt:$SYS/{device}           | $SYS/p3           | p3",
                "mqtt:/plant/{device}         | /plant/p3         | p3",
                "mqtt:/plant/{device}         | plant/p3          | -",
                "mqtt:plant/{device}/         | plant/p3/         | p3",
                "coap:plant/{device}          | plant/p3          | -",
            })
    void route_matchesLevelByLevel(String match, String topic, String device) {
        Routes routes = routes(RouteSettings.to(match, PLANT).withPartitionKey("${device}"));

        NewRecord record = kept(routes, mqtt(topic, "1"));

        if (device.equals("-")) {
            assertThat(record.stream()).isEqualTo(StreamName.TELEMETRY);
        } else {
            assertThat(record.stream()).isEqualTo(PLANT);
            assertThat(record.partitionKey()).isEqualTo(device);
            assertThat(record.attributes().get("device")).isEqualTo(device);
        }
    }

    @Test
    void route_firstThatMatchesWins() {
        Routes routes = routes(
                RouteSettings.dropping("mqtt:plant/noise"),
                RouteSettings.to("mqtt:plant/#", PLANT),
                RouteSettings.to("mqtt:#", new StreamName("rest")));

        assertThat(routes.route(mqtt("plant/noise", "1"))).isInstanceOf(Routes.Routed.Drop.class);
        assertThat(kept(routes, mqtt("plant/x", "1")).stream()).isEqualTo(PLANT);
        assertThat(kept(routes, mqtt("other", "1")).stream()).isEqualTo(new StreamName("rest"));
        assertThat(routes.streams())
                .containsExactlyInAnyOrder(StreamName.TELEMETRY, StreamName.REJECTED, PLANT, new StreamName("rest"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "plant/x",
                "amqp:plant",
                "mqtt:a/#/b",
                "mqtt:a/{rest+}/b",
                "mqtt:{a}/{a}",
                "mqtt:sensor-{id}",
                "mqtt:{}",
                "mqtt:a+",
                "mqtt:{a b}"
            })
    void settings_withMatchThatCannotWork_areRefusedNamingIt(String match) {
        assertThatThrownBy(() -> RouteSettings.to(match, PLANT))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(match);
    }

    @Test
    void settings_thatCannotWork_areRefused() {
        RouteSettings good = RouteSettings.to("mqtt:plant/{device}", PLANT);

        assertThatThrownBy(() -> good.withPartitionKey("${devcie}")).hasMessageContaining("devcie");
        assertThatThrownBy(() -> good.withPartitionKey("${device")).hasMessageContaining("without }");
        assertThatThrownBy(() -> good.withPartitionKey("")).hasMessageContaining("empty");
        assertThatThrownBy(() -> good.withSequence("seq"))
                .hasMessageContaining("sequence")
                .hasMessageContaining("seq");
        assertThatThrownBy(() -> good.withEventTime("$")).hasMessageContaining("event-time");
        assertThatThrownBy(() -> good.withSequence("$.seq").withDecoder(DecoderKind.RAW))
                .hasMessageContaining("raw");
        assertThatThrownBy(() -> RouteSettings.to("mqtt:x", StreamName.ALARMS)).hasMessageContaining("_alarms");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                // decoder | input | data, or a word of the reason after !
                "AUTO   | {\"a\": 1, \"a\":2}  | {\"a\": 1, \"a\":2}",
                "AUTO   | 21.5                 | {\"value\":21.5}",
                "AUTO   | [1, 2]               | {\"value\":[1, 2]}",
                "AUTO   | true                 | {\"value\":true}",
                "AUTO   | null                 | {\"value\":null}",
                "AUTO   | \"on\"               | {\"value\":\"on\"}",
                "AUTO   | ON                   | {\"text\":\"ON\"}",
                "AUTO   | {\"a\":1             | {\"text\":\"{\\\"a\\\":1\"}",
                "AUTO   | {\"a\":1} {\"b\":2}  | {\"text\":\"{\\\"a\\\":1} {\\\"b\\\":2}\"}",
                "AUTO   | {\"a\":1}x           | {\"text\":\"{\\\"a\\\":1}x\"}",
                "AUTO   | NaN                  | {\"text\":\"NaN\"}",
                "AUTO   | 007                  | {\"text\":\"007\"}",
                "AUTO   | {'a':1}              | {\"text\":\"{'a':1}\"}",
                "AUTO   | grün                 | {\"text\":\"grün\"}",
                "AUTO   | ``                   | {\"text\":\"\"}",
                "JSON   | {}                   | {}",
                "JSON   | 5                    | {\"value\":5}",
                "JSON   | on                   | !not JSON",
                "JSON   | ``                   | !empty",
                "JSON   | {\"a\":}             | !not JSON",
                "JSON   | [1,]                 | !not JSON",
                "JSON   | 1 2                  | !more than one",
                "NUMBER | 21.5                 | {\"value\":21.5}",
                "NUMBER | ` -3e-7 `            | {\"value\":-3e-7}",
                "NUMBER | +4                   | {\"value\":4}",
                "NUMBER | 21,5                 | !number",
                "NUMBER | 0x10                 | !number",
                "NUMBER | NaN                  | !number",
                "NUMBER | 5.                   | !number",
                "NUMBER | ``                   | !number",
                "TEXT   | {\"a\":1}            | {\"text\":\"{\\\"a\\\":1}\"}",
            })
    void decode_table(DecoderKind kind, String input, String expected) {
        NewRecord record = kept(routes(RouteSettings.to("mqtt:#", PLANT).withDecoder(kind)), mqtt("t", input));

        if (expected.startsWith("!")) {
            assertThat(record.stream()).isEqualTo(StreamName.REJECTED);
            assertThat(record.attributes().get("reason")).contains(expected.substring(1));
            assertThat(record.data().utf8()).isEqualTo(input);
        } else {
            assertThat(record.stream()).isEqualTo(PLANT);
            assertThat(record.data().utf8()).isEqualTo(expected);
        }
    }

    @Test
    void decode_whiteSpaceAndByteOrderMarkAroundAnObject_areNotPartOfIt() {
        NewRecord record = kept(routes(), mqtt("t", "\uFEFF \r\n{\"a\":\n1}\r\n"));

        assertThat(record.data().utf8()).isEqualTo("{\"a\":\n1}");
    }

    @Test
    void decode_controlCharactersInText_areEscapedAsJsonAsks() {
        NewRecord record = kept(routes(), mqtt("t", "a\"b\\c\n\t\u0001\u007fé"));

        assertThat(record.data().utf8()).isEqualTo("{\"text\":\"a\\\"b\\\\c\\n\\t\\u0001\u007fé\"}");
    }

    @ParameterizedTest
    @ValueSource(strings = {"ff", "c0af", "eda080", "f8888080", "7b2261223a22ff227d", "e282"})
    void decode_bytesThatAreNotUtf8_areRejectedAsTheyAre(String hex) {
        byte[] bytes = java.util.HexFormat.of().parseHex(hex);
        NewRecord record = kept(routes(), new IncomingMessage(ChannelKind.HTTP, "x", null, Payload.copyOf(bytes)));

        assertThat(record.stream()).isEqualTo(StreamName.REJECTED);
        assertThat(record.data().toBytes()).isEqualTo(bytes);
        assertThat(record.attributes().get("reason")).contains("UTF-8");
        assertThat(record.attributes().get("source")).isEqualTo("http");
    }

    @Test
    void decode_raw_keepsAnyBytes() {
        byte[] bytes = {(byte) 0xff, 0, '\n'};
        NewRecord record = kept(
                routes(RouteSettings.to("coap:#", PLANT).withDecoder(DecoderKind.RAW)),
                new IncomingMessage(ChannelKind.COAP, "x", null, Payload.copyOf(bytes)));

        assertThat(record.data().toBytes()).isEqualTo(bytes);
        assertThat(record.contentType()).isEqualTo("application/octet-stream");
    }

    @Test
    void decode_jsonNestedTooDeep_isNotJson() {
        Routes json = routes(RouteSettings.to("mqtt:#", PLANT).withDecoder(DecoderKind.JSON));

        assertThat(kept(json, mqtt("t", "[".repeat(128) + "]".repeat(128))).stream())
                .isEqualTo(PLANT);
        assertThat(kept(json, mqtt("t", "[".repeat(129) + "]".repeat(129))).stream())
                .isEqualTo(StreamName.REJECTED);
        assertThat(kept(json, mqtt("t", "[".repeat(200_000))).stream()).isEqualTo(StreamName.REJECTED);
        assertThat(kept(json, mqtt("t", "9".repeat(100_000))).stream()).isEqualTo(StreamName.REJECTED);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "$.seq        | {\"seq\":881}                | 881",
                "$.seq        | {\"a\":{\"seq\":1},\"seq\":2}  | 2",
                "$.seq        | {\"seq\":\"881\"}            | 881",
                "$.seq        | {\"seq\":-1}                 | -1",
                "$.seq        | {\"seq\":1.5}                |",
                "$.seq        | {\"seq\":99999999999999999999} |",
                "$.seq        | {\"seq\":null}               |",
                "$.seq        | {\"seq\":{}}                 |",
                "$.seq        | {\"n\":1}                    |",
                "$.seq        | [1]                          |",
                "$.value      | 7                            | 7",
                "$.value[1]   | [5,6]                        | 6",
                "$.value[2]   | [5,6]                        |",
                "$.a.b[1]['c d'] | {\"a\":{\"b\":[[],{\"c d\":3}]}} | 3",
            })
    void sequence_isFoundAtItsPath(String path, String payload, @Nullable Long expected) {
        NewRecord record = kept(routes(RouteSettings.to("mqtt:#", PLANT).withSequence(path)), mqtt("t", payload));

        assertThat(record.deviceNumber()).isEqualTo(expected);
        assertThat(record.attributes().get("seq")).isEqualTo(expected == null ? null : expected.toString());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "\"2026-11-23T01:02:03.123Z\"    | 2026-11-23T01:02:03.123Z",
                "\"2026-11-23T01:02:03+05:30\"   | 2026-11-22T19:32:03Z",
                "\"2026-11-23T01:02:03+0100\"    | 2026-11-23T00:02:03Z",
                "\"2026-11-23T01:02:03\"         | 2026-11-23T01:02:03Z",
                "\"2026-11-23T01:02Z\"           | 2026-11-23T01:02:00Z",
                "1795395723                      | 2026-11-23T01:02:03Z",
                "1795395723.25                   | 2026-11-23T01:02:03.250Z",
                "1795395723123                   | 2026-11-23T01:02:03.123Z",
                "\"1795395723\"                  | 2026-11-23T01:02:03Z",
                "\"2016-11-30T00:00:00Z\"        | 2016-11-30T00:00:00Z",
                "\"2026-11-25T11:59:59Z\"        | 2026-11-25T11:59:59Z",
                "\"2026-11-25T12:00:01Z\"        | clamped",
                "0                               | clamped",
                "12.5                            | clamped",
                "1e300                           | clamped",
                "-1795395723                     | clamped",
                "\"1970-01-01T00:00:09Z\"        | clamped",
                "\"yesterday\"                   | arrival",
                "\"\"                            | arrival",
                "null                            | arrival",
                "true                            | arrival",
                "\"2026-13-45T99:00:00Z\"        | arrival",
            })
    void eventTime_isKeptUnlessAbsurd(String said, String expected) {
        Routes routes = routes(RouteSettings.to("mqtt:#", PLANT).withEventTime("$.t"));

        NewRecord record = kept(routes, mqtt("t", "{\"t\":" + said + "}"));

        if (expected.equals("clamped") || expected.equals("arrival")) {
            assertThat(record.eventTimeFrom().text()).isEqualTo(expected);
            assertThat(record.eventTimeMillis()).isNull();
        } else {
            assertThat(record.eventTimeFrom()).isEqualTo(EventTimeFrom.DEVICE);
            assertThat(record.eventTimeMillis())
                    .isEqualTo(Instant.parse(expected).toEpochMilli());
        }
    }

    @ParameterizedTest
    @CsvSource({"9, 9000, DEVICE", "32503680000, 32503680000000, DEVICE", "1e300, , ARRIVAL"})
    void eventTime_whileOurClockIsNotSynchronised_isNotJudged(String said, @Nullable Long millis, EventTimeFrom from) {
        // Our clock says 1970: it is in no position to call the device's time absurd.
        Routes routes = Routes.of(
                List.of(RouteSettings.to("mqtt:#", PLANT).withEventTime("$.t")), new FakeClock(0), () -> false);

        NewRecord record = kept(routes, mqtt("t", "{\"t\":" + said + "}"));

        assertThat(record.eventTimeFrom()).isEqualTo(from);
        assertThat(record.eventTimeMillis()).isEqualTo(millis);
    }

    @Test
    void decoderKind_namesOfTheConfiguration() {
        assertThat(Arrays.stream(DecoderKind.values()).map(DecoderKind::text))
                .containsExactly("auto", "json", "number", "text", "raw");
        assertThat(DecoderKind.parse("number")).isEqualTo(DecoderKind.NUMBER);
        assertThatThrownBy(() -> DecoderKind.parse("yaml")).hasMessageContaining("yaml");
    }

    @Test
    void incomingMessage_over10MiB_cannotBe() {
        assertThatThrownBy(() -> new IncomingMessage(
                        ChannelKind.HTTP, "x", null, Payload.wrap(new byte[NewRecord.BYTES_MAX + 1])))
                .isInstanceOf(IllegalArgumentException.class);
        byte[] controls = new byte[2 << 20];
        Arrays.fill(controls, (byte) 1);
        NewRecord grown = kept(routes(), new IncomingMessage(ChannelKind.HTTP, "x", null, Payload.wrap(controls)));
        assertThat(grown.stream()).isEqualTo(StreamName.REJECTED);
        assertThat(grown.data().length()).isEqualTo(controls.length);
    }
}
