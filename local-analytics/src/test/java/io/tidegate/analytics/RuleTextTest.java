package io.tidegate.analytics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a user is told about a rule that cannot run: the place, what is wrong, and what to write instead. */
class RuleTextTest {
    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', quoteCharacter = '~', textBlock = """
            SELECT a FORM telemetry                            | 1:15 | 'telemetry' is not expected here
            INSERT INTO d SELECT prev FROM telemetry           | 1:22 | reserved word of Flink SQL; as a name it is written `prev`
            INSERT INTO d SELECT value FROM telemetry          | 1:22 | `value`
            INSERT INTO d SELECT a FROM telemetry WHERE        | 1:43 | the text ends too early
            INSERT INTO d SELECT a FROM telemetry WHERE a = 'x | 1:49 | is not closed
            INSERT INTO d SELECT a FROM telemetry WHERE a != 1 | 1:47 | write <>
            SELECT a FROM telemetry                            | 1:1  | write INSERT INTO stream SELECT
            INSERT INTO telemetry SELECT a FROM telemetry      | 1:23 | would read what it writes
            INSERT INTO _alarms SELECT a FROM telemetry        | 1:21 | cannot be written by rules yet
            INSERT INTO d SELECT a, a FROM telemetry           | 1:25 | two columns named 'a'
            INSERT INTO d SELECT a + 1 FROM telemetry          | 1:22 | give the expression a name
            INSERT INTO d SELECT *, a FROM telemetry           | 1:22 | * can stand only alone
            INSERT INTO d SELECT a FROM telemetry JOIN u ON 1 = 1 | 1:39 | joins are not supported yet
            INSERT INTO d SELECT a FROM TABLE(TUMBLE(TABLE telemetry, DESCRIPTOR(ts), INTERVAL '1' MINUTE)) | 1:29 | windows (TUMBLE, HOP, ...) are not supported yet
            INSERT INTO d SELECT a FROM (SELECT a FROM telemetry) | 1:30 | subqueries
            INSERT INTO d SELECT COUNT(*) AS n FROM telemetry  | 1:22 | aggregates need windows
            INSERT INTO d SELECT a FROM telemetry GROUP BY a   | 1:15 | GROUP BY is not supported yet
            INSERT INTO d SELECT DISTINCT a FROM telemetry     | 1:15 | DISTINCT is not supported yet
            INSERT INTO d SELECT a FROM telemetry ORDER BY a   | 1:48 | a stream has no end
            INSERT INTO d SELECT a FROM telemetry LIMIT 3      | 1:45 | a stream has no end
            INSERT INTO d SELECT a FROM telemetry UNION ALL SELECT a FROM u | 1:15 | UNION is not supported
            INSERT INTO d SELECT NOW() AS n FROM telemetry     | 1:22 | gives another value at each run
            INSERT INTO d SELECT REVERSE(a) AS n FROM telemetry | 1:22 | 'REVERSE' is not supported yet; there are ABS
            INSERT INTO d SELECT a FROM telemetry WHERE a IN (SELECT b FROM u) | 1:45 | list the values
            INSERT INTO d SELECT a FROM telemetry WHERE a = ?  | 1:49 | not supported
            INSERT INTO d SELECT a FROM telemetry WHERE a + 1  | 1:45 | expected a condition
            INSERT INTO d SELECT a FROM telemetry WHERE 'x' > 1 | 1:45 | cannot compare STRING with INT
            INSERT INTO d SELECT 'x' + 1 AS n FROM telemetry   | 1:22 | '+' is not defined on STRING and INT
            INSERT INTO d SELECT 1.5 AS n FROM telemetry       | 1:22 | DECIMAL is not supported yet
            INSERT INTO d SELECT UPPER(a, b) AS n FROM telemetry | 1:22 | UPPER takes 1 argument(s), found 2
            INSERT INTO d SELECT headers FROM telemetry        | 1:22 | headers['device']
            INSERT INTO d SELECT a['b'] AS n FROM telemetry    | 1:22 | only as headers['name']
            INSERT INTO d (a) SELECT a FROM telemetry          | 1:8 | a list of columns is not supported
            INSERT OVERWRITE d SELECT a FROM telemetry         | 1:8 | only appended to
            INSERT INTO d SELECT a FROM telemetry; SELECT b FROM telemetry | 1:40 | one query
            INSERT INTO x.d SELECT a FROM telemetry            | 1:13 | without a catalog
            INSERT INTO d SELECT CAST(a AS DATE) AS n FROM telemetry | 1:32 | the type DATE is not supported yet
            DROP TABLE telemetry                               | 1:1  | is not supported
            ADD JAR 'evil.jar'                                 | 1:9  | is not supported
            CREATE FUNCTION f AS 'evil.Class'                  | 1:1 | is not supported
            SET 'a' = 'b'                                      | 1:1  | is not supported
            CREATE TABLE t (a INT) WITH ('connector'='kafka'); INSERT INTO d SELECT a FROM t | 1:42 | must be 'tidegate'
            CREATE TABLE t (a INT); INSERT INTO d SELECT a FROM t | 1:1 | WITH ('connector' = 'tidegate'
            CREATE TABLE t (a INT) WITH ('connector'='tidegate','topic'='x'); INSERT INTO d SELECT a FROM t | 1:61 | unknown table option 'topic'
            CREATE TABLE t (a DATE) WITH ('connector'='tidegate'); INSERT INTO d SELECT a FROM t | 1:19 | DATE is not supported yet
            CREATE TABLE t (a AS 1) WITH ('connector'='tidegate'); INSERT INTO d SELECT a FROM t | 1:22 | computed columns
            CREATE TABLE t (a INT) WITH ('connector'='tidegate'); INSERT INTO d SELECT b FROM t | 1:76 | there is no column 'b' in table 't'; it has a
            CREATE TABLE d (a INT) WITH ('connector'='tidegate','key.fields'='b'); INSERT INTO d SELECT a FROM t | 1:1 | which is not a column
            CREATE TABLE d (a INT) WITH ('connector'='tidegate'); INSERT INTO d SELECT a FROM t | 1:69 | the source is undeclared
            CREATE TABLE d (a INT) WITH ('connector'='tidegate'); INSERT INTO d SELECT 'x' AS a FROM t | 1:69 | the query gives STRING
            """)
    void aMistake_isReportedWithPlaceAndRemedy(String sql, String place, String message) {
        assertThatThrownBy(() -> Records.rule(sql))
                .isInstanceOf(RuleException.class)
                .hasMessageStartingWith("overheat.sql:" + place + ": ")
                .hasMessageContaining(message)
                .hasMessageNotContaining("\n");
    }

    @Test
    void thePlace_countsLines() {
        assertThatThrownBy(
                        () -> Records.rule("-- hot presses\nINSERT INTO hot\n  SELECT temp + 'x' AS t\nFROM telemetry"))
                .isInstanceOfSatisfying(RuleException.class, e -> {
                    assertThat(e.line()).isEqualTo(3);
                    assertThat(e.column()).isEqualTo(10);
                });
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', textBlock = """
            ''
            -- only a comment
            ;
            CREATE TABLE t (a INT) WITH ('connector'='tidegate')
            """)
    void aTextWithoutQuery_isReported(String sql) {
        assertThatThrownBy(() -> Records.rule(sql)).isInstanceOf(RuleException.class);
    }

    @Test
    void hostileTexts_areRefusedAndDoNotOverflowTheStackOfASmallThread() throws InterruptedException {
        String from = "INSERT INTO d SELECT a FROM telemetry WHERE ";
        String[] texts = {
            from + "(".repeat(1_000) + "a" + ")".repeat(1_000) + " > 1",
            from + "a > 1" + " OR a > 2".repeat(20_000),
            from + "a" + " + 1".repeat(900) + " > 1",
            from + "NOT ".repeat(1_500) + "a",
            from + "CASE WHEN a THEN ".repeat(300) + "1" + " END".repeat(300) + " = 1",
            from + "a = '" + "x".repeat(70_000) + "'",
            "CREATE TABLE t (a " + "ROW<a ".repeat(900) + "INT" + ">".repeat(900) + ") WITH ('connector'='tidegate')",
        };
        Throwable[] thrown = new Throwable[texts.length];
        Thread small = new Thread(
                null,
                () -> {
                    for (int i = 0; i < texts.length; i++) {
                        try {
                            Records.rule(texts[i]);
                        } catch (RuntimeException | Error e) {
                            thrown[i] = e;
                        }
                    }
                },
                "small-stack",
                512 << 10);
        small.start();
        small.join();
        assertThat(thrown).allSatisfy(e -> assertThat(e).isInstanceOf(RuleException.class));
    }

    @Test
    void aLongChainOfConditions_isNotADeepOne() {
        RuleFile rule = Records.rule("INSERT INTO d SELECT a FROM telemetry WHERE a = 0" + " OR a = 1".repeat(700));
        assertThat(rule.plan().apply(Records.of("{\"a\":1}"))).isNotNull();
        assertThat(rule.plan().apply(Records.of("{\"a\":2}"))).isNull();
    }

    @Test
    void aMissingFile_isReported() {
        assertThatThrownBy(() -> RuleFile.parse(RuleSettings.of("hot", Path.of("no-such-folder/hot.sql"))))
                .isInstanceOf(RuleException.class)
                .hasMessageStartingWith("no-such-folder/hot.sql: the rule 'hot' cannot be read");
    }
}
