package io.tidegate.gateway.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.tidegate.core.runtime.FakeClock;
import java.io.IOException;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What clients of a provisioned stream hear over HTTP. Time goes by only where a test says so. */
class QuotaTest {
    private static final String STREAM = "/api/v1/streams/telemetry";

    private final FakeClock clock = new FakeClock(1_800_000_000_000L);
    private HttpFixture http;

    @BeforeEach
    void start() throws Exception {
        http = HttpFixture.at(clock);
        assertThat(setMode("provisioned").statusCode()).isEqualTo(200);
    }

    @AfterEach
    void stop() throws IOException {
        http.close();
    }

    private HttpResponse<String> setMode(String mode) throws Exception {
        return http.client.send(
                http.request(STREAM)
                        .method("PATCH", BodyPublishers.ofString("{\"mode\":\"" + mode + "\"}"))
                        .build(),
                BodyHandlers.ofString());
    }

    private HttpResponse<String> put(int records) throws Exception {
        return http.post(STREAM + "/records", "{\"partitionKey\":\"a\",\"data\":{}}\n".repeat(records));
    }

    private static JsonNode results(HttpResponse<String> response) {
        return JsonMapper.shared().readTree(response.body()).path("results");
    }

    @Test
    void recordsBeyondTheQuota_areRefusedOneByOne_with429IfNoneIsStored() throws Exception {
        HttpResponse<String> some = put(1_003);
        assertThat(some.statusCode()).isEqualTo(200);
        for (int i = 0; i < 1_003; i++) {
            JsonNode result = results(some).get(i);
            assertThat(result.has("sequenceNumber")).as(result.toString()).isEqualTo(i < 1_000);
        }
        assertThat(results(some).get(1_000).toString())
                .isEqualTo("{\"error\":\"throughput-exceeded\",\"detail\":\"Rate exceeded for shard"
                        + " shardId-000000000000 in stream telemetry\",\"retryAfterMillis\":100}");

        HttpResponse<String> none = put(1);
        RecordsTest.assertProblem(none, 429, "throughput-exceeded");
        assertThat(none.headers().firstValue("Retry-After")).hasValue("1");

        clock.advance(Duration.ofMillis(100));
        assertThat(results(put(100))).allMatch(result -> result.has("sequenceNumber"));
        JsonNode quota = http.json(STREAM).path("shardList").get(0).path("quota");
        assertThat(quota.path("throttledRecords").intValue()).isEqualTo(4);
        assertThat(quota.path("writeBytesPerSecond").intValue()).isEqualTo(1_048_576);
        assertThat(http.get("/metrics").body())
                .contains("tidegate_shard_throttled_records_total{shard=\"shardId-000000000000\",stream=\"telemetry\"}"
                        + " 4.0");
    }

    @Test
    void onDemand_hasNoQuota_andReservedStreamsNeverHaveOne() throws Exception {
        assertThat(setMode("on-demand").statusCode()).isEqualTo(200);
        assertThat(results(put(1_003))).allMatch(result -> result.has("sequenceNumber"));
        assertThat(http.json(STREAM).path("mode").stringValue()).isEqualTo("on-demand");
        assertThat(http.json(STREAM).path("shardList").get(0).has("quota")).isFalse();
        RecordsTest.assertProblem(setMode("fast"), 400, "invalid-parameter");
    }

    private void appendLarge(int records) {
        for (int i = 0; i < records; i++) {
            http.append("{\"x\":\"" + "y".repeat(900_000) + "\"}");
        }
    }

    @Test
    void pagesBeyondTheQuota_areRefused_untilWhatWasReadIsPaid() throws Exception {
        appendLarge(4);
        // Two MiB a second: the third page begins within it and goes beyond.
        for (int number = 0; number < 3; number++) {
            assertThat(http.json(STREAM + "/records?from=after:" + number).path("records"))
                    .hasSize(1);
        }
        HttpResponse<String> refused = http.get(STREAM + "/records?from=after:3");
        RecordsTest.assertProblem(refused, 429, "throughput-exceeded");
        assertThat(refused.headers().firstValue("Retry-After")).hasValue("1");
        clock.advance(Duration.ofSeconds(1));
        assertThat(http.json(STREAM + "/records?from=after:3").path("records")).hasSize(1);
    }

    @Test
    void tailBeyondTheQuota_waits_andMissesNothing() throws Exception {
        appendLarge(4);
        List<String> ids = new CopyOnWriteArrayList<>();
        var unused = http.client
                .sendAsync(
                        http.request(STREAM + "/tail?shard=0&from=trim-horizon").build(), BodyHandlers.ofLines())
                .thenAccept(response ->
                        response.body().filter(line -> line.startsWith("id: ")).forEach(ids::add));
        await().until(() -> ids.size() == 3);
        await().during(Duration.ofMillis(600)).until(() -> ids.size() == 3);
        clock.advance(Duration.ofSeconds(1));
        await().until(() -> ids.size() == 4);
        assertThat(ids).containsExactly("id: after:1", "id: after:2", "id: after:3", "id: after:4");
    }
}
