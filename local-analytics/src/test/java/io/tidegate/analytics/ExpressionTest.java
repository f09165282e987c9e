package io.tidegate.analytics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Expressions and their values, worked out by hand from ISO 9075-2 (three-valued logic: 6.39, predicates: 8) and from
 * how Flink 2.3 documents and writes its types. In the row: i = 7, l = 3000000000, d = 2.5, s = 'Mixed', b = true,
 * c = false, o.p = 1, and every column that starts with n is NULL.
 */
class ExpressionTest {
    private static final String TABLE = "CREATE TABLE telemetry (i INT, l BIGINT, d DOUBLE, s STRING, b BOOLEAN, "
            + "c BOOLEAN, o ROW<p INT, q STRING>, ni INT, nd DOUBLE, ns STRING, nb BOOLEAN, "
            + "ts TIMESTAMP_LTZ(3) METADATA FROM 'timestamp', shard INT METADATA FROM 'partition', "
            + "number BIGINT METADATA FROM 'offset', headers MAP<STRING, BYTES> METADATA VIRTUAL, "
            + "WATERMARK FOR ts AS ts - INTERVAL '5' SECOND) WITH ('connector' = 'tidegate');\n";
    private static final String DATA =
            "{\"i\":7,\"l\":3000000000,\"d\":2.5,\"s\":\"Mixed\",\"b\":true,\"c\":false,\"o\":{\"p\":1},\"nb\":null}";

    private static String value(String expression) {
        RuleFile rule = Records.rule(TABLE + "INSERT INTO derived SELECT " + expression + " AS x FROM telemetry");
        Output output = rule.plan().apply(Records.of(DATA));
        assertThat(output).isNotNull();
        String json = output == null ? "" : output.data().utf8();
        return json.substring("{\"x\":".length(), json.length() - 1);
    }

    @ParameterizedTest(name = "{0} is {1}")
    @CsvSource(delimiter = '|', quoteCharacter = '~', textBlock = """
            b AND b       | true
            b AND c       | false
            c AND b       | false
            c AND c       | false
            b AND nb      | null
            nb AND b      | null
            c AND nb      | false
            nb AND c      | false
            nb AND nb     | null
            b OR c        | true
            c OR b        | true
            c OR c        | false
            b OR nb       | true
            nb OR b       | true
            c OR nb       | null
            nb OR c       | null
            nb OR nb      | null
            NOT b         | false
            NOT c         | true
            NOT nb        | null
            b AND b AND b AND nb OR c OR b | true
            nb IS NULL            | true
            nb IS NOT NULL        | false
            b IS NOT NULL         | true
            nb IS TRUE            | false
            nb IS NOT TRUE        | true
            nb IS FALSE           | false
            nb IS NOT FALSE       | true
            nb IS UNKNOWN         | true
            b IS TRUE             | true
            c IS FALSE            | true
            ni IS DISTINCT FROM i     | true
            ni IS DISTINCT FROM nd    | false
            ni IS NOT DISTINCT FROM NULL | true
            i IS NOT DISTINCT FROM 7  | true
            """)
    void logic_hasThreeValues(String expression, String expected) {
        assertThat(value(expression)).isEqualTo(expected);
    }

    @ParameterizedTest(name = "{0} is {1}")
    @CsvSource(delimiter = '|', quoteCharacter = '~', textBlock = """
            i = 7                 | true
            i <> 7                | false
            i < 7                 | false
            i <= 7                | true
            i > 6.5               | true
            i >= 7.01             | false
            d = 2.5               | true
            d > i                 | false
            l > 2147483647        | true
            l = 3E9               | true
            i = ni                | null
            NULL = NULL           | null
            s = 'Mixed'           | true
            s = 'mixed'           | false
            s > 'Mi'              | true
            s < 'N'               | true
            b > c                 | true
            i BETWEEN 7 AND 8     | true
            i BETWEEN 8 AND 7     | false
            i BETWEEN SYMMETRIC 8 AND 7 | true
            i NOT BETWEEN 1 AND 6 | true
            i BETWEEN ni AND 6    | false
            i BETWEEN ni AND 8    | null
            ni NOT BETWEEN 1 AND 2 | null
            i IN (1, 7.0)         | true
            i IN (1, NULL, 7)     | true
            i IN (1, NULL)        | null
            i NOT IN (1, 2)       | true
            i NOT IN (1, NULL)    | null
            i NOT IN (7, NULL)    | false
            ni IN (1, 2)          | null
            s LIKE 'M%'           | true
            s LIKE '_ixed'        | true
            s LIKE '%x%d'         | true
            s LIKE 'Mix'          | false
            s LIKE ''             | false
            s NOT LIKE '%z%'      | true
            ns LIKE '%'           | null
            s LIKE ns             | null
            '50%' LIKE '50!%' ESCAPE '!' | true
            '501' LIKE '50!%' ESCAPE '!' | false
            'a\\b' LIKE 'a\\b'    | true
            'aaab' LIKE '%a%ab'   | true
            '😀' LIKE '_'         | true
            """)
    void comparisons_followTheStandard(String expression, String expected) {
        assertThat(value(expression)).isEqualTo(expected);
    }

    @ParameterizedTest(name = "{0} is {1}")
    @CsvSource(delimiter = '|', quoteCharacter = '~', textBlock = """
            i + 1                 | 8
            i - 8                 | -1
            -i                    | -7
            - d                   | -2.5
            +i                    | 7
            i * 2                 | 14
            i / 2                 | 3
            -7 / 2                | -3
            i % 4                 | 3
            -7 % 4                | -3
            MOD(i, 4)             | 3
            i + ni                | null
            d + 1                 | 3.5
            d * 4                 | 10.0
            d / 0                 | "Infinity"
            d * 1.5               | 3.75
            2147483647 + 1        | -2147483648
            l + 1                 | 3000000001
            l * 4000000000        | -6446744073709551616
            i + 2 * 3             | 13
            (i + 2) * 3           | 27
            ABS(-7)               | 7
            ABS(d - 5)            | 2.5
            ABS(ni)               | null
            UPPER(s)              | "MIXED"
            LOWER(s)              | "mixed"
            UPPER(ns)             | null
            COALESCE(ni, i)       | 7
            COALESCE(ni, nd, 1.5) | 1.5
            COALESCE(ni, d)       | 2.5
            COALESCE(i, d)        | 7.0
            COALESCE(ns, 'none')  | "none"
            COALESCE(ni, NULL)    | null
            CASE WHEN i > 5 THEN 'high' WHEN i > 3 THEN 'mid' ELSE 'low' END | "high"
            CASE WHEN nb THEN 1 WHEN c THEN 2 END | null
            CASE i WHEN 7 THEN 'seven' ELSE 'other' END | "seven"
            CASE WHEN b THEN 1 ELSE d END | 1.0
            CAST(i AS DOUBLE)     | 7.0
            CAST(d AS INT)        | 2
            CAST(-2.5E0 AS INT)   | -2
            CAST(l AS INT)        | -1294967296
            CAST(i AS STRING)     | "7"
            CAST(d AS STRING)     | "2.5"
            CAST(b AS STRING)     | "TRUE"
            CAST(' 12 ' AS INT)   | 12
            CAST('12.9' AS BIGINT) | 12
            CAST('1e2' AS DOUBLE) | 100.0
            CAST('yes' AS BOOLEAN) | true
            CAST(0 AS BOOLEAN)    | false
            CAST(40.5 AS DOUBLE)  | 40.5
            CAST(ni AS STRING)    | null
            TRY_CAST('x' AS INT)  | null
            TRY_CAST('3000000000' AS INT) | null
            1E10                  | 1.0E10
            0.001E0               | 0.001
            1E-4                  | 1.0E-4
            o.p                   | 1
            o.q                   | null
            telemetry.o.p         | 1
            'it''s'               | "it's"
            ts                    | "2026-11-23 01:02:03.1Z"
            shard                 | 2
            number                | 881
            headers['device']     | "press-3"
            CAST(headers['device'] AS STRING) | "press-3"
            headers['absent']     | null
            """)
    void values_areComputedAndWrittenAsFlinkDoes(String expression, String expected) {
        assertThat(value(expression)).isEqualTo(expected);
    }

    @ParameterizedTest(name = "{0} is rejected: {1}")
    @CsvSource({
        "i / 0, DIVISION_BY_ZERO",
        "i % 0, DIVISION_BY_ZERO",
        "CAST('x' AS INT), BAD_CAST",
        "CAST('maybe' AS BOOLEAN), BAD_CAST",
        "CAST('3000000000' AS INT), BAD_CAST",
    })
    void whatHasNoValue_rejectsTheRow(String expression, RowFault fault) {
        assertThatThrownBy(() -> value(expression)).isInstanceOfSatisfying(RowRejected.class, e -> assertThat(e.fault())
                .isEqualTo(fault));
    }

    @Test
    void concatenation_withNull_isNull() {
        assertThat(value("s || '!'")).isEqualTo("\"Mixed!\"");
        assertThat(value("s || ns")).isEqualTo("null");
    }

    @Test
    void theRightOperandOfAndAndOr_isNotEvaluatedOnceTheAnswerIsKnown() {
        assertThat(value("c AND i / 0 = 1")).isEqualTo("false");
        assertThat(value("b OR i / 0 = 1")).isEqualTo("true");
        assertThat(value("CASE WHEN i = 7 THEN 1 ELSE i / 0 END")).isEqualTo("1");
    }

    @Test
    void like_withManyPercentSigns_takesNoExponentialTime() {
        String text = "a".repeat(3_000);
        assertThat(LikePattern.matches(text, "%a".repeat(30) + "b", "")).isFalse();
        assertThat(LikePattern.matches(text + "b", "%a".repeat(30) + "b", "")).isTrue();
    }
}
