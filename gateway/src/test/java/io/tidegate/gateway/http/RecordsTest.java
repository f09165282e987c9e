package io.tidegate.gateway.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.tidegate.core.stream.GapReason;
import io.tidegate.core.stream.ShardId;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class RecordsTest {
    private static final String RECORDS = "/api/v1/streams/telemetry/records";
    private static final String LINE = "{\"partitionKey\":\"press-3\",\"data\":{\"temp\":41.2}}\n";

    private HttpFixture http;

    @BeforeEach
    void start() throws IOException {
        http = HttpFixture.start();
    }

    @AfterEach
    void stop() throws IOException {
        http.close();
    }

    private static JsonNode read(HttpResponse<String> response) {
        return JsonMapper.shared().readTree(response.body());
    }

    @Test
    void post_isAnsweredOnlyAfterTheCommit() {
        http.log.holdCommits();
        CompletableFuture<HttpResponse<String>> answer = http.postAsync(RECORDS, LINE + LINE);
        await().until(() -> http.log.heldCount() == 2);
        await().during(Duration.ofMillis(300)).atMost(Duration.ofSeconds(5)).until(() -> !answer.isDone());

        http.log.commitHeld();

        assertThat(answer.join().statusCode()).isEqualTo(200);
        assertThat(answer.join().body().replace("\n", ""))
                .isEqualTo("{\"results\":[{\"shardId\":\"shardId-000000000000\",\"sequenceNumber\":\"1\"},"
                        + "{\"shardId\":\"shardId-000000000000\",\"sequenceNumber\":\"2\"}]}");
    }

    @Test
    void post_waitingForItsCommit_holdsNoThread() throws Exception {
        http.log.holdCommits();
        List<CompletableFuture<HttpResponse<String>>> answers = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            answers.add(http.postAsync(RECORDS, LINE));
        }
        await().until(() -> http.log.heldCount() == 40);

        assertThat(http.get("/healthz").statusCode()).isEqualTo(200);
        // 8 that run requests, and the timer.
        assertThat(HttpFixture.threads()).hasSizeLessThanOrEqualTo(9);

        http.log.commitHeld();
        assertThat(answers)
                .allSatisfy(answer -> assertThat(answer.join().statusCode()).isEqualTo(200));
    }

    @Test
    void post_waitingLongerThanTheIdleTimeout_isStillAnswered() throws IOException {
        HttpSettings.Limits d = HttpSettings.Limits.DEFAULT;
        HttpSettings.Limits hasty = new HttpSettings.Limits(
                d.bodyBytesMax(),
                d.bodiesBytesMax(),
                256,
                32,
                Duration.ofMillis(200),
                d.bodyTimeout(),
                d.stallTimeout(),
                d.heartbeat(),
                d.stopDeadline());
        try (HttpFixture short_ = HttpFixture.withLimits(hasty)) {
            short_.log.holdCommits();
            CompletableFuture<HttpResponse<String>> answer = short_.postAsync(RECORDS, LINE);
            await().during(Duration.ofSeconds(1)).atMost(Duration.ofSeconds(5)).until(() -> !answer.isDone());
            short_.log.commitHeld();
            assertThat(answer.join().statusCode()).isEqualTo(200);
        }
    }

    @Test
    void post_withABadLine_storesTheOthersAndSaysWhyInItsPlace() throws Exception {
        HttpResponse<String> answer = http.post(RECORDS, LINE + "{\"partitonKey\":\"x\",\"data\":{}}\r\n\n" + LINE);

        assertThat(answer.statusCode()).isEqualTo(200);
        JsonNode results = read(answer).get("results");
        assertThat(results).hasSize(3);
        assertThat(results.get(0).get("sequenceNumber").asString()).isEqualTo("1");
        assertThat(results.get(1).get("error").asString()).isEqualTo("invalid-record");
        assertThat(results.get(1).get("detail").asString()).contains("partitonKey");
        assertThat(results.get(2).get("sequenceNumber").asString()).isEqualTo("2");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            not json                                                        | not a line of JSON
            []                                                              | must be a JSON object
            {"data":{}}                                                     | 'partitionKey' is missing
            {"partitionKey":"","data":{}}                                   | partition key must have 1 to 256
            {"partitionKey":"a"}                                            | 'data' or 'dataBase64' is missing
            {"partitionKey":"a","data":5}                                   | must be a JSON object
            {"partitionKey":"a","data":{},"dataBase64":"AA=="}              | found both
            {"partitionKey":"a","dataBase64":"*"}                           | not base64
            {"partitionKey":"a","data":{},"eventTime":"yesterday"}          | found 'yesterday'
            {"partitionKey":"a","data":{},"explicitHashKey":"-1"}           | hash key must be a decimal
            {"partitionKey":"a","data":{},"attributes":{"A":"b"}}           | attribute name
            {"partitionKey":"a","data":{},"attributes":{"a":1}}             | must be a string
            {"partitionKey":"a","data":{}} {}                               | more than one JSON value
            {"partitionKey":5,"data":{}}                                    | 'partitionKey' must be a string
            """)
    void post_ofOnlyABadLine_isRefusedWithItsReason(String line, String reason) throws Exception {
        HttpResponse<String> answer = http.post(RECORDS, line);

        assertThat(answer.statusCode()).isEqualTo(400);
        assertThat(answer.headers().firstValue("Content-Type")).hasValue("application/problem+json");
        assertThat(read(answer).get("code").asString()).isEqualTo("invalid-record");
        assertThat(read(answer).get("detail").asString()).contains(reason);
        assertThat(read(answer).get("results")).hasSize(1);
    }

    @Test
    void data_isKeptByteForByte() throws Exception {
        String odd = "{ \"b\" : 1.00e+0,\t\"a\":\"\\u00e9\u00e9 \\/\", \"big\":12345678901234567890.10 }";
        String binary = Base64.getEncoder().encodeToString(new byte[] {0, (byte) 0xff, 10, 13});
        HttpResponse<String> answer = http.post(
                RECORDS,
                "{\"partitionKey\":\"a\",\"data\":" + odd + "}\n{\"partitionKey\":\"a\",\"dataBase64\":\"" + binary
                        + "\"}");

        assertThat(answer.statusCode()).isEqualTo(200);
        String page = http.get(RECORDS).body();
        assertThat(page).contains("\"data\":" + odd + "}").contains("\"dataBase64\":\"" + binary + "\"");
        assertThat(page).contains("\"contentType\":\"application/octet-stream\"");
    }

    @Test
    void post_keepsEventTimeAttributesAndHashKey() throws Exception {
        http.createStream("two", 2);
        String upperHalf = "170141183460469231731687303715884105728"; // 2^127
        HttpResponse<String> answer = http.post(
                "/api/v1/streams/two/records",
                "{\"partitionKey\":\"a\",\"explicitHashKey\":\"" + upperHalf
                        + "\",\"eventTime\":\"2026-11-23T01:02:03.1Z\",\"attributes\":{\"device\":\"d\"},\"data\":{}}");

        assertThat(read(answer).get("results").get(0).get("shardId").asString()).isEqualTo("shardId-000000000001");
        JsonNode record = http.json("/api/v1/streams/two/records?shard=shardId-000000000001")
                .get("records")
                .get(0);
        assertThat(record.get("eventTime").asString()).isEqualTo("2026-11-23T01:02:03.100Z");
        assertThat(record.get("eventTimeFrom").asString()).isEqualTo("device");
        assertThat(record.get("attributes").get("device").asString()).isEqualTo("d");
        assertThat(record.get("explicitHashKey").asString()).isEqualTo(upperHalf);
    }

    @Test
    void post_toUnknownReservedOrBadStream_isRefused() throws Exception {
        assertProblem(http.post("/api/v1/streams/nobody/records", LINE), 404, "stream-not-found");
        assertProblem(http.post("/api/v1/streams/a%20b/records", LINE), 404, "stream-not-found");
        assertProblem(http.post("/api/v1/streams/_gaps/records", LINE), 403, "stream-reserved");
        assertProblem(http.post(RECORDS, "\n\n"), 400, "no-records");
        assertProblem(http.post(RECORDS, LINE, "Content-Encoding", "gzip"), 415, "encoding-not-supported");
        assertThat(http.post("/api/v1/streams/_alarms/records", LINE).statusCode())
                .isEqualTo(200);
    }

    @Test
    void post_ofATooLargeRecord_isRefusedForThatLine() throws Exception {
        String large = "{\"partitionKey\":\"a\",\"data\":{\"x\":\"" + "y".repeat(1 << 20) + "\"}}\n";
        HttpResponse<String> answer = http.post(RECORDS, large + LINE);

        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(read(answer).get("results").get(0).get("error").asString()).isEqualTo("record-too-large");
        assertThat(read(answer).get("results").get(1).get("sequenceNumber").asString())
                .isEqualTo("1");
    }

    @Test
    void post_whenTheLogHasNoRoom_isTurnedAwayWithATime() throws Exception {
        http.log.limitRoom(0);

        HttpResponse<String> answer = http.post(RECORDS, LINE);

        assertProblem(answer, 503, "log-busy");
        assertThat(answer.headers().firstValue("Retry-After")).hasValue("1");
    }

    @Test
    void post_whenTheRoomEndsHalfway_waitsAndKeepsTheOrder() throws Exception {
        http.log.limitRoom(2);
        CompletableFuture<HttpResponse<String>> answer = http.postAsync(RECORDS, numbered(5));
        await().until(() ->
                http.log.ledger(new ShardId(HttpFixture.TELEMETRY, 0)).appended() == 2);
        assertThat(answer).isNotDone();

        http.log.makeRoom();

        assertThat(answer.join().statusCode()).isEqualTo(200);
        assertThat(http.json(RECORDS).get("records").valueStream().map(record -> record.get("data")
                        .get("n")
                        .asInt()))
                .containsExactly(0, 1, 2, 3, 4);
    }

    private static String numbered(int lines) {
        StringBuilder body = new StringBuilder();
        for (int i = 0; i < lines; i++) {
            body.append("{\"partitionKey\":\"a\",\"data\":{\"n\":").append(i).append("}}\n");
        }
        return body.toString();
    }

    @Test
    void post_whenTheLogRefuses_isTurnedAwayWithATime() throws Exception {
        http.log.refuse("the disk is full");

        HttpResponse<String> answer = http.post(RECORDS, LINE);

        assertProblem(answer, 503, "log-busy");
        assertThat(answer.body()).contains("the disk is full");
        assertThat(answer.headers().firstValue("Retry-After")).hasValue("1");
    }

    @Test
    void pages_leadThroughTheWholeShard() throws Exception {
        http.append("{\"n\":1}", "{\"n\":2}", "{\"n\":3}", "{\"n\":4}", "{\"n\":5}");

        List<Integer> seen = new ArrayList<>();
        String from = "trim-horizon";
        while (true) {
            JsonNode page = http.json(RECORDS + "?limit=2&from=" + from);
            page.get("records")
                    .forEach(record -> seen.add(record.get("data").get("n").asInt()));
            from = page.get("next").asString();
            if (page.get("records").isEmpty()) {
                break;
            }
        }

        assertThat(seen).containsExactly(1, 2, 3, 4, 5);
        assertThat(from).isEqualTo("after:5");
    }

    @ParameterizedTest
    @CsvSource({
        "trim-horizon, 1",
        "at:3, 3",
        "after:3, 4",
        "latest, 0",
        "time:2020-01-01T00:00:00Z, 1",
        "time:2999-01-01T00:00:00Z, 0"
    })
    void get_startsWhereItIsTold(String from, int first) throws Exception {
        http.append("{\"n\":1}", "{\"n\":2}", "{\"n\":3}", "{\"n\":4}");

        JsonNode page = http.json(RECORDS + "?shard=0&from=" + from);

        JsonNode records = page.get("records");
        assertThat(records.isEmpty() ? 0 : records.get(0).get("data").get("n").asInt())
                .isEqualTo(first);
        assertThat(page.get("next").asString()).isEqualTo("after:4");
        assertThat(page.get("millisBehindLatest").asInt()).isZero();
    }

    @Test
    void get_tellsAGapInItsPlace() throws Exception {
        http.append("{\"n\":1}", "{\"n\":2}", "{\"n\":3}");
        http.log.drop(new ShardId(HttpFixture.TELEMETRY, 0), 3, GapReason.EVICTED);

        JsonNode records = http.json(RECORDS + "?from=after:1").get("records");

        JsonNode gap = records.get(0).get("gap");
        assertThat(gap.get("from").asString()).isEqualTo("2");
        assertThat(gap.get("to").asString()).isEqualTo("3");
        assertThat(gap.get("reason").asString()).isEqualTo("evicted");
        assertThat(records.get(1).get("sequenceNumber").asString()).isEqualTo("3");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "from=7",
                "from=at:x",
                "from=time:noon",
                "from=position:1:1",
                "limit=0",
                "limit=10001",
                "limit=x",
                "shard=x"
            })
    void get_withABadParameter_saysWhatIsExpected(String query) throws Exception {
        assertProblem(http.get(RECORDS + "?" + query), 400, "invalid-parameter");
    }

    @Test
    void get_ofAnUnknownOrUnnamedShard_isRefused() throws Exception {
        http.createStream("two", 2);
        assertProblem(http.get(RECORDS + "?shard=shardId-000000000009"), 404, "shard-not-found");
        assertProblem(http.get("/api/v1/streams/two/records"), 400, "shard-required");
        assertProblem(http.get("/api/v1/streams/nobody/records"), 404, "stream-not-found");
    }

    static void assertProblem(HttpResponse<String> response, int status, String code) {
        assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
        assertThat(response.headers().firstValue("Content-Type")).hasValue("application/problem+json");
        JsonNode problem = JsonMapper.shared().readTree(response.body());
        assertThat(problem.get("code").asString()).isEqualTo(code);
        assertThat(problem.get("status").asInt()).isEqualTo(status);
        assertThat(problem.get("detail").asString()).isNotEmpty();
    }
}
