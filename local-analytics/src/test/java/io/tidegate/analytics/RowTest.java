package io.tidegate.analytics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tidegate.core.stream.Payload;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** From a record's JSON to a row, and from a row to JSON. */
class RowTest {
    private static String output(String sql, String json) {
        Output output = Records.rule(sql).plan().apply(Records.of(json));
        return output == null ? "nothing" : output.data().utf8();
    }

    @ParameterizedTest(name = "{1} read as {0} is {2}")
    @CsvSource(delimiter = '|', quoteCharacter = '~', textBlock = """
            INT     | 41        | 41
            INT     | 41.9      | 41
            INT     | -41.9     | -41
            INT     | "12"      | 12
            BIGINT  | "123"     | 123
            BIGINT  | 9223372036854775807 | 9223372036854775807
            DOUBLE  | 41        | 41.0
            DOUBLE  | "20.5"    | 20.5
            DOUBLE  | 1e3       | 1000.0
            STRING  | 5         | "5"
            STRING  | 41.20     | "41.20"
            STRING  | true      | "true"
            STRING  | {"a" : 1, "b":[1, 2.50]} | "{\\"a\\":1,\\"b\\":[1,2.5]}"
            BOOLEAN | true      | true
            BOOLEAN | "TRUE"    | true
            BOOLEAN | "false"   | false
            INT     | null      | null
            """)
    void declaredTypes_takeWhatFlinksJsonFormatTakes(String type, String json, String expected) {
        String sql = "CREATE TABLE telemetry (v " + type + ") WITH ('connector'='tidegate');"
                + "INSERT INTO derived SELECT v FROM telemetry";
        assertThat(output(sql, "{\"x\":[{}],\"v\":" + json + ",\"y\":1}")).isEqualTo("{\"v\":" + expected + "}");
    }

    @ParameterizedTest(name = "{1} is no {0}")
    @CsvSource({
        "INT, 2147483648",
        "INT, -1e10",
        "INT, '\"x\"'",
        "INT, true",
        "INT, '{}'",
        "BIGINT, 9223372036854775808",
        "DOUBLE, '[1]'",
        "DOUBLE, false",
        "BOOLEAN, 1",
        "BOOLEAN, '\"on\"'",
    })
    void aFieldOfTheWrongType_rejectsTheRow(String type, String json) {
        String sql = "CREATE TABLE telemetry (v " + type + ") WITH ('connector'='tidegate');"
                + "INSERT INTO derived SELECT v FROM telemetry";
        assertThatThrownBy(() -> output(sql, "{\"v\":" + json + "}"))
                .isInstanceOfSatisfying(
                        RowRejected.class, e -> assertThat(e.fault()).isEqualTo(RowFault.WRONG_TYPE));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', textBlock = """
            [1]
            "text"
            {"a":1
            {"a":1}{"a":2}
            {a:1}
            ''
            """)
    void dataThatIsNotOneJsonObject_rejectsTheRow(String data) {
        assertThatThrownBy(() -> output("INSERT INTO derived SELECT a FROM telemetry", data))
                .isInstanceOfSatisfying(
                        RowRejected.class, e -> assertThat(e.fault()).isEqualTo(RowFault.NOT_JSON));
    }

    @Test
    void deepNesting_rejectsTheRow() {
        String deep = "{\"a\":" + "[".repeat(5_000) + "]".repeat(5_000) + "}";
        assertThatThrownBy(() -> output("INSERT INTO derived SELECT a FROM telemetry", deep))
                .isInstanceOf(RowRejected.class);
    }

    @Test
    void undeclaredColumns_areWhatTheJsonHolds() {
        String sql = "INSERT INTO derived SELECT n, f, t, o, o.p AS p, a, m, headers['device'] AS device, `timestamp`, "
                + "`partition`, `offset` FROM telemetry WHERE f > 40 AND t = 'on'";
        assertThat(
                        output(
                                sql,
                                "{\"n\":9007199254740993,\"f\":41.50,\"t\":\"on\",\"o\":{ \"p\":1.0, \"q\":\"x\" },\"a\":[1, 2]}"))
                .isEqualTo("{\"n\":9007199254740993,\"f\":41.5,\"t\":\"on\",\"o\":{\"p\":1.0,\"q\":\"x\"},\"p\":1.0,"
                        + "\"a\":[1,2],\"m\":null,\"device\":\"press-3\",\"timestamp\":\"2026-11-23 01:02:03.1Z\","
                        + "\"partition\":2,\"offset\":881}");
        assertThat(output(sql, "{\"f\":39.9,\"t\":\"on\"}")).isEqualTo("nothing");
        assertThat(output(sql, "{\"f\":null,\"t\":\"on\"}")).isEqualTo("nothing");
        assertThat(output(sql, "{\"t\":\"on\"}")).isEqualTo("nothing");
    }

    @Test
    void undeclaredNumbers_areDoublesInArithmetic_soThatWholeOnesGiveTheSame() {
        String sql = "INSERT INTO derived SELECT v / 2 AS half, v % 2 AS odd, -v AS negative FROM telemetry";
        assertThat(output(sql, "{\"v\":41}")).isEqualTo("{\"half\":20.5,\"odd\":1,\"negative\":-41.0}");
        assertThatThrownBy(() -> output(sql, "{\"v\":\"41\"}"))
                .isInstanceOfSatisfying(
                        RowRejected.class, e -> assertThat(e.fault()).isEqualTo(RowFault.WRONG_TYPE));
    }

    @Test
    void comparingAnUndeclaredStringWithANumber_rejectsTheRow() {
        assertThatThrownBy(() -> output("INSERT INTO d SELECT v FROM telemetry WHERE v > 1", "{\"v\":\"2\"}"))
                .isInstanceOfSatisfying(
                        RowRejected.class, e -> assertThat(e.fault()).isEqualTo(RowFault.WRONG_TYPE));
    }

    @Test
    void selectStar_ofAnUndeclaredStream_keepsTheBytes() {
        String json = "{ \"temp\" : 41.20, \"x\":\"\\u00fc\" }";
        assertThat(output("INSERT INTO derived SELECT * FROM telemetry WHERE temp > 41", json))
                .isEqualTo(json);
    }

    @Test
    void selectStar_ofADeclaredTable_isItsColumnsInOrder() {
        String sql = "CREATE TABLE telemetry (b INT, a STRING) WITH ('connector'='tidegate', 'format'='json');"
                + "INSERT INTO derived SELECT * FROM telemetry";
        assertThat(output(sql, "{\"a\":\"x\",\"b\":1,\"c\":2}")).isEqualTo("{\"b\":1,\"a\":\"x\"}");
    }

    /** Jackson 2's UTF-8 generator, which Flink uses: control characters and surrogates as escapes, others as they are. */
    @Test
    void strings_areEscapedAsFlinkEscapesThem() {
        assertThat(output(
                        "INSERT INTO derived SELECT s FROM telemetry",
                        "{\"s\":\"\\\"\\\\/\\b\\f\\n\\r\\t\\u001f\\u007fü€\\ud83d\\ude00\"}"))
                .isEqualTo("{\"s\":\"\\\"\\\\/\\b\\f\\n\\r\\t\\u001F\u007fü€\\uD83D\\uDE00\"}");
    }

    @Test
    void aDeclaredTarget_givesNamesTypesStreamAndKey() {
        String sql = "CREATE TABLE hot (device STRING, temp DOUBLE) "
                + "WITH ('connector'='tidegate','stream'='press-hot','key.fields'='device;temp');\n"
                + "CREATE TABLE telemetry (id STRING, temp INT) WITH ('connector'='tidegate');\n"
                + "INSERT INTO hot SELECT id, temp FROM telemetry";
        RuleFile rule = Records.rule(sql);
        assertThat(rule.target().value()).isEqualTo("press-hot");
        assertThat(rule.source().value()).isEqualTo("telemetry");
        assertThat(rule.plan().apply(Records.of("{\"id\":\"p1\",\"temp\":41}")))
                .isEqualTo(new Output("p1/41.0", Payload.ofUtf8("{\"device\":\"p1\",\"temp\":41.0}")));
        assertThatThrownBy(() -> rule.plan().apply(Records.of("{\"temp\":41}")))
                .isInstanceOfSatisfying(
                        RowRejected.class, e -> assertThat(e.fault()).isEqualTo(RowFault.NO_KEY));
    }

    @Test
    void aPlainSelect_takesTargetAndKeyFromTheSettings() {
        RuleSettings settings = new RuleSettings(
                "hot",
                Path.of("hot.sql"),
                new io.tidegate.core.stream.StreamName("hot"),
                List.of("line"),
                RuleSettings.From.TRIM_HORIZON);
        RuleFile rule = RuleFile.parse(settings, "SELECT * FROM telemetry t WHERE t.temp > 40;");
        assertThat(rule.target().value()).isEqualTo("hot");
        assertThat(rule.plan().apply(Records.of("{\"line\":4,\"temp\":41}")))
                .isEqualTo(new Output("4", Payload.ofUtf8("{\"line\":4,\"temp\":41}")));
    }

    @Test
    void theVersion_changesWithTheText_butNotWithItsLayout() {
        String version = Records.rule("INSERT INTO d SELECT a FROM telemetry WHERE a > 1")
                .version();
        assertThat(version).matches("[0-9a-f]{16}");
        assertThat(Records.rule("-- hot\nINSERT  INTO d\n SELECT a /* it */ FROM telemetry WHERE a>1")
                        .version())
                .isEqualTo(version);
        assertThat(Records.rule("INSERT INTO d SELECT a FROM telemetry WHERE a > 2")
                        .version())
                .isNotEqualTo(version);
    }
}
