package io.tidegate.core.stream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RecordJsonTest {
    private static final ShardId SHARD = new ShardId(StreamName.TELEMETRY, 0);

    /** 2026-11-23T01:02:03Z is 20,780 days and 3,723 seconds after 1970: 20780 * 86400 + 3723. */
    private static final long SECOND = 1_795_395_723L;

    private static StreamRecord record(Payload data) {
        return new StreamRecord(
                SHARD,
                5001,
                0x7f3a9c0e11d2b345L,
                new LogPosition(9, 0),
                "press-3",
                null,
                SECOND * 1000 + 123,
                TimeQuality.SYNCED,
                SECOND * 1000 + 100,
                EventTimeFrom.DEVICE,
                ContentTypes.JSON,
                Attributes.of(Map.of("device", "press-3", "source", "mqtt", "seq", "881")),
                data);
    }

    private static String text(LogEntry entry, RecordJson.Form form) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        RecordJson.write(entry, form, out);
        return out.toString(StandardCharsets.UTF_8);
    }

    @Test
    void record_isWrittenAsTheContractShowsIt() {
        assertThat(text(record(Payload.ofUtf8("{\"temp\":41.20, \"x\":1e3}")), RecordJson.Form.FULL))
                .isEqualTo("{\"stream\":\"telemetry\",\"shardId\":\"shardId-000000000000\","
                        + "\"sequenceNumber\":\"5001\",\"epoch\":\"7f3a9c0e11d2b345\",\"partitionKey\":\"press-3\","
                        + "\"explicitHashKey\":null,\"arrivalTime\":\"2026-11-23T01:02:03.123Z\","
                        + "\"timeQuality\":\"synced\",\"eventTime\":\"2026-11-23T01:02:03.100Z\","
                        + "\"eventTimeFrom\":\"device\",\"contentType\":\"application/json\","
                        + "\"attributes\":{\"device\":\"press-3\",\"seq\":\"881\",\"source\":\"mqtt\"},"
                        + "\"data\":{\"temp\":41.20, \"x\":1e3}}");
    }

    @Test
    void correctedTime_isShownBeside_onlyWhereItDiffers() {
        StreamRecord record = record(Payload.ofUtf8("{}"));
        ByteArrayOutputStream same = new ByteArrayOutputStream();
        RecordJson.writeShown(record, StreamRecord::arrivalTimeMillis, same);
        assertThat(same.toString(StandardCharsets.UTF_8)).isEqualTo(text(record, RecordJson.Form.FULL));
        ByteArrayOutputStream other = new ByteArrayOutputStream();
        RecordJson.writeShown(record, each -> each.arrivalTimeMillis() + 3_600_000, other);
        assertThat(other.toString(StandardCharsets.UTF_8))
                .contains("\"arrivalTime\":\"2026-11-23T01:02:03.123Z\",\"timeQuality\":\"synced\","
                        + "\"correctedTime\":\"2026-11-23T02:02:03.123Z\",\"eventTime\"");
    }

    @Test
    void gap_isWrittenAsTheContractShowsIt() {
        Gap gap = new Gap(SHARD, 5002, 5004, 2, true, GapReason.EVICTED, SECOND * 1000);
        assertThat(text(gap, RecordJson.Form.WITHIN_SHARD))
                .isEqualTo("{\"gap\":{\"from\":\"5002\",\"to\":\"5004\",\"records\":2,\"exact\":true,"
                        + "\"reason\":\"evicted\",\"time\":\"2026-11-23T01:02:03.000Z\"}}");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{}",
                "{\"a\":{\"b\":[1,2,{\"c\":null}]}}",
                "{\"emoji\":\"\uD83C\uDF0A\",\"esc\":\"\\ud83c\\udf0a\\n\"}",
                "{\"n\":1.0000000000000000001}",
                "[1]",
                "21.5",
                " {\"a\":1}",
                "{\"a\":1} ",
                "{\"a\":\n1}",
                "{\"a\":1}{\"b\":2}",
                "{\"a\":1",
                "",
                "plain text"
            })
    void data_comesBackByteForByte(String data) {
        Payload payload = Payload.ofUtf8(data);
        Payload line = Payload.ofUtf8(text(record(payload), RecordJson.Form.WITHIN_SHARD));
        RecordLine.Of read = (RecordLine.Of) RecordJson.parse(line);
        assertThat(read.data()).isEqualTo(payload);
        assertThat(read.sequenceNumber()).isEqualTo(5001);
        assertThat(read.eventTimeMillis()).isEqualTo(SECOND * 1000 + 100);
        assertThat(line.utf8()).doesNotContain("\n");
    }

    @Test
    void data_thatIsNotUtf8_comesBackByteForByte() {
        byte[] overlong = {'{', '"', (byte) 0xC0, (byte) 0x80, '"', ':', '1', '}'};
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        RecordJson.write(record(Payload.copyOf(overlong)), RecordJson.Form.FULL, out);
        assertThat(out.toString(StandardCharsets.ISO_8859_1)).contains("\"dataBase64\":\"eyLAgCI6MX0=\"");
        RecordLine.Of read = (RecordLine.Of) RecordJson.parse(Payload.wrap(out.toByteArray()));
        assertThat(read.data().toBytes()).isEqualTo(overlong);
    }

    @ParameterizedTest
    @ValueSource(ints = {150, 199, 200, 201, 499, 600})
    void data_ofAnyDepth_canBeReadAgain(int depth) {
        Payload deep = Payload.ofUtf8("{\"a\":".repeat(depth) + "1" + "}".repeat(depth));
        Payload line = Payload.ofUtf8(text(record(deep), RecordJson.Form.WITHIN_SHARD));
        assertThat(((RecordLine.Of) RecordJson.parse(line)).data()).isEqualTo(deep);
    }

    @Test
    void keyWithQuotesControlsAndSurrogates_isQuoted() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        JsonText.quote("a\"b\\c\u0001\t\uD83C\uDF0A\uD800x", out);
        assertThat(out.toString(StandardCharsets.UTF_8)).isEqualTo("\"a\\\"b\\\\c\\u0001\\t\uD83C\uDF0A\\ufffdx\"");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "{", "[]", "{}", "{\"gap\":{}}", "{\"data\":[]}", "{\"sequenceNumber\":5}"})
    void brokenLine_isRefusedWithASentence(String line) {
        assertThatThrownBy(() -> RecordJson.parse(Payload.ofUtf8(line)))
                .isInstanceOf(IllegalArgumentException.class)
                .message()
                .isNotBlank();
    }
}
