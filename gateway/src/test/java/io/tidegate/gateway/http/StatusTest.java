package io.tidegate.gateway.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidegate.core.stream.GapReason;
import io.tidegate.core.stream.ShardId;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

class StatusTest {
    private @Nullable HttpFixture http;

    @AfterEach
    void stop() throws IOException {
        if (http != null) {
            http.close();
        }
    }

    static GatewayStatus sample() {
        ShardId shard = new ShardId(HttpFixture.TELEMETRY, 0);
        GatewayStatus.AdapterCounts counts = new GatewayStatus.AdapterCounts(10, 1, 2, 3, 0, 600);
        return new GatewayStatus(
                "0.1.0",
                "gateway",
                Duration.ofSeconds(61),
                Map.of("http", 8080, "mqtt", 1883),
                List.of(
                        new GatewayStatus.Adapter("mqtt", "mqtt", PartState.RUNNING, null, OptionalInt.of(12), counts),
                        new GatewayStatus.Adapter(
                                "coap", "coap", PartState.RUNNING, null, OptionalInt.empty(), counts)),
                List.of(new GatewayStatus.Uplink(
                        "central",
                        "http",
                        "http://127.0.0.1:8090",
                        PartState.RUNNING,
                        null,
                        false,
                        77,
                        4,
                        9,
                        List.of(new GatewayStatus.Lane(shard, PartState.RUNNING, null, 5, 77)))),
                List.of(new GatewayStatus.Camera("gate", "rtsp", PartState.FAILED, "no route to host", 0, 0, null)),
                List.of(new GatewayStatus.Rule("hot", PartState.RUNNING, null, 10, 2)));
    }

    private HttpFixture start() throws IOException {
        http = HttpFixture.start(parts -> new HttpParts(
                parts.log(),
                parts.clock(),
                StatusTest::sample,
                parts.snapshots(),
                parts.media(),
                null,
                null,
                parts.metrics()));
        return http;
    }

    @Test
    void status_tellsEveryPart_andWhatNeedsAttention() throws Exception {
        JsonNode status = start().json("/api/v1/status");

        assertThat(status.get("status").asString()).isEqualTo("degraded");
        assertThat(status.get("problems").valueStream().map(JsonNode::asString))
                .containsExactly("camera gate is failed: no route to host");
        assertThat(status.get("version").asString()).isEqualTo("0.1.0");
        JsonNode log = status.get("log");
        assertThat(log.get("writtenBytes").isIntegralNumber()).isTrue();
        assertThat(log.get("writtenPerPayloadByte").isNumber()).isTrue();
        assertThat(log.get("writtenTodayBytes").isIntegralNumber()).isTrue();
        assertThat(log.get("writeBudgetBytesPerDay").isNull()).isTrue();
        assertThat(log.get("commitIntervalMillis").asLong()).isZero();
        assertThat(status.get("gatewayId").asString()).isEqualTo("gateway-under-test");
        assertThat(status.get("uptimeSeconds").asInt()).isEqualTo(61);
        assertThat(status.get("ports").get("mqtt").asInt()).isEqualTo(1883);
        assertThat(status.at("/adapters/0/state").asString()).isEqualTo("running");
        assertThat(status.at("/adapters/0/connections").asInt()).isEqualTo(12);
        assertThat(status.at("/adapters/1").has("connections")).isFalse();
        assertThat(status.at("/adapters/0/stored").asInt()).isEqualTo(10);
        assertThat(status.at("/uplinks/0/pendingRecords").asInt()).isEqualTo(77);
        assertThat(status.at("/uplinks/0/lanes/0/next").asString()).isEqualTo("5");
        assertThat(status.at("/cameras/0/lastFragment").isNull()).isTrue();
        assertThat(status.at("/rules/0/recordsOut").asInt()).isEqualTo(2);
    }

    @Test
    void ledger_accountsForWhatWasAppendedAndGivenUp() throws Exception {
        HttpFixture started = start();
        started.append("{}", "{}", "{}", "{}");
        started.log.drop(new ShardId(HttpFixture.TELEMETRY, 0), 2, GapReason.EXPIRED);

        JsonNode shard = started.json("/api/v1/streams/telemetry/shards").at("/shards/0");

        assertThat(shard.get("horizon").asString()).isEqualTo("2");
        assertThat(shard.get("next").asString()).isEqualTo("5");
        assertThat(shard.get("ledger").toString())
                .isEqualTo(
                        "{\"appended\":4,\"retained\":3,\"expired\":1,\"evicted\":0,\"corrupt\":0,\"balances\":true}");
        assertThat(shard.at("/hashKeyRange/endingHashKey").asString())
                .isEqualTo("340282366920938463463374607431768211455"); // 2^128 - 1
        assertThat(started.json("/api/v1/status")
                        .get("shards")
                        .valueStream()
                        .filter(one -> one.get("stream").asString().equals("telemetry"))
                        .map(one -> one.at("/ledger/retained").asInt()))
                .containsExactly(3);
    }

    @Test
    void recordsThatTheDiskDamaged_needAttention() throws Exception {
        HttpFixture started = start();
        started.append("{}", "{}");
        started.log.drop(new ShardId(HttpFixture.TELEMETRY, 0), 2, GapReason.CORRUPT);

        assertThat(started.json("/api/v1/status").get("problems").valueStream().map(JsonNode::asString))
                .contains(
                        "records of telemetry/shardId-000000000000 that the disk gave back damaged, and that are lost here: 1;"
                                + " 'tidegate log check' tells where");
    }

    @Test
    void streams_areListedAndDescribed() throws Exception {
        HttpFixture started = start();
        started.createStream("two", 2);

        assertThat(started.json("/api/v1/streams").get("streams").valueStream().map(one -> one.get("stream")
                        .asString()))
                .contains("telemetry", "two", "_gaps");
        JsonNode two = started.json("/api/v1/streams/two");
        assertThat(two.get("shards").asInt()).isEqualTo(2);
        assertThat(two.get("retentionHours").asInt()).isEqualTo(168);
        assertThat(two.get("shardList")).hasSize(2);
        RecordsTest.assertProblem(started.get("/api/v1/streams/nobody"), 404, "stream-not-found");
        RecordsTest.assertProblem(started.get("/api/v1/streams/nobody/shards"), 404, "stream-not-found");
    }

    @Test
    void metrics_areInPrometheusText_andInOpenMetricsForWhoAsks() throws Exception {
        HttpFixture started = start();
        started.append("{}", "{}");

        HttpResponse<String> plain = started.get("/metrics");
        assertThat(plain.headers().firstValue("Content-Type").orElse("")).startsWith("text/plain; version=0.0.4");
        assertThat(plain.body().lines())
                .contains(
                        "tidegate_shard_appended_records{shard=\"shardId-000000000000\",stream=\"telemetry\"} 2.0",
                        "tidegate_adapter_messages_total{adapter=\"mqtt\",outcome=\"rejected\"} 2.0",
                        "tidegate_uplink_backlog_records{uplink=\"central\"} 77.0",
                        "tidegate_uplink_connected{uplink=\"central\"} 0.0",
                        "tidegate_camera_up{camera=\"gate\"} 0.0",
                        "tidegate_log_records_total 2.0",
                        "tidegate_log_up 1.0");
        assertThat(plain.body().lines().filter(line -> !line.startsWith("#")))
                .allMatch(line -> line.startsWith("tidegate_"));

        HttpResponse<String> open = started.get("/metrics", "Accept", "application/openmetrics-text; version=1.0.0");
        assertThat(open.body()).endsWith("# EOF\n");
    }

    @Test
    void health_readyAndConsole_answerAsTheyShould() throws Exception {
        HttpFixture started = start();
        assertThat(started.get("/healthz").body()).isEqualTo("{\"status\":\"ok\"}");
        assertThat(started.get("/readyz").body()).isEqualTo("{\"status\":\"ready\"}");

        HttpResponse<String> page = started.get("/console/");
        assertThat(page.headers().firstValue("Content-Type")).hasValue("text/html; charset=utf-8");
        assertThat(page.headers().firstValue("Content-Security-Policy").orElse(""))
                .contains("default-src 'none'", "script-src 'self'");
        String tag = page.headers().firstValue("ETag").orElse("");
        assertThat(started.get("/console/", "If-None-Match", tag).statusCode()).isEqualTo(304);
        assertThat(started.get("/console/console.css").statusCode()).isEqualTo(200);
        assertThat(started.get("/").headers().firstValue("Location")).hasValue("/console/");
        assertThat(started.get("/console").headers().firstValue("Location")).hasValue("/console/");
        RecordsTest.assertProblem(started.get("/console/other.js"), 404, "not-found");
        HttpResponse<Void> head = started.client.send(
                started.request("/console/")
                        .method("HEAD", java.net.http.HttpRequest.BodyPublishers.noBody())
                        .build(),
                HttpResponse.BodyHandlers.discarding());
        assertThat(head.statusCode()).isEqualTo(200);
    }
}
