package io.tidegate.gateway.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.tidegate.buffer.ShardLog;
import io.tidegate.buffer.ShardLogSettings;
import io.tidegate.core.runtime.ClockSync;
import io.tidegate.core.runtime.EffectiveClock;
import io.tidegate.core.runtime.FakeClock;
import io.tidegate.core.runtime.SystemClock;
import io.tidegate.core.stream.AppendUnit;
import io.tidegate.core.stream.GapReason;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamSettings;
import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Dedicated consumers, as clients see them. */
class ConsumersTest {
    private static final String STREAM = "/api/v1/streams/telemetry";
    private static final String CONSUMERS = STREAM + "/consumers";

    private final FakeClock clock = new FakeClock(1_800_000_000_000L);
    private HttpFixture http;

    @BeforeEach
    void start() throws IOException {
        http = HttpFixture.at(clock);
    }

    @AfterEach
    void stop() throws IOException {
        http.close();
    }

    private HttpResponse<String> register(String name) throws Exception {
        return http.post(CONSUMERS, "{\"consumer\":\"" + name + "\"}");
    }

    private HttpResponse<String> send(String method, String path, String body) throws Exception {
        return http.client.send(
                http.request(path).method(method, BodyPublishers.ofString(body)).build(), BodyHandlers.ofString());
    }

    /** Lines as they come, gathered on a thread of the client. */
    private static List<String> listen(HttpClient client, URI uri) {
        List<String> lines = new CopyOnWriteArrayList<>();
        var unused = client.sendAsync(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofLines())
                .thenAccept(response -> response.body().forEach(lines::add));
        return lines;
    }

    private List<String> subscribe(String consumer) {
        return listen(http.client, http.uri(CONSUMERS + "/" + consumer + "/records"));
    }

    private static List<String> ids(List<String> lines) {
        return lines.stream().filter(line -> line.startsWith("id: ")).toList();
    }

    private void appendLarge(int records) {
        for (int i = 0; i < records; i++) {
            http.append("{\"x\":\"" + "y".repeat(900_000) + "\"}");
        }
    }

    @Test
    void consumers_areRegistered_listed_andDeregistered_atMost20() throws Exception {
        for (int i = 0; i < 20; i++) {
            assertThat(register("c" + i).statusCode()).isEqualTo(201);
        }
        RecordsTest.assertProblem(register("c20"), 400, "too-many-consumers");
        RecordsTest.assertProblem(register("c3"), 409, "consumer-exists");
        RecordsTest.assertProblem(register("a/b"), 400, "invalid-parameter");
        assertThat(http.json(CONSUMERS).path("consumers")).hasSize(20);

        http.append("{}", "{}");
        String checkpoint = "{\"sequenceNumber\":\"1\"}";
        HttpResponse<String> confirmed = http.post(CONSUMERS + "/c3/checkpoint", checkpoint);
        JsonNode shard =
                JsonMapper.shared().readTree(confirmed.body()).path("shards").get(0);
        assertThat(shard.path("confirmed").stringValue()).isEqualTo("1");
        assertThat(shard.path("pending").intValue()).isEqualTo(1);
        RecordsTest.assertProblem(
                http.post(CONSUMERS + "/c3/checkpoint", "{\"sequenceNumber\":\"3\"}"), 400, "invalid-parameter");

        assertThat(send("DELETE", CONSUMERS + "/c3", "").statusCode()).isEqualTo(200);
        RecordsTest.assertProblem(http.get(CONSUMERS + "/c3"), 404, "consumer-not-found");
        RecordsTest.assertProblem(http.post(CONSUMERS + "/c3/checkpoint", checkpoint), 404, "consumer-not-found");
        assertThat(register("c3").statusCode()).isEqualTo(201);
        assertThat(http.json(CONSUMERS + "/c3")
                        .path("shards")
                        .get(0)
                        .path("confirmed")
                        .isNull())
                .isTrue();
    }

    @Test
    void twoConsumers_ofAProvisionedStream_haveAQuotaEach() throws Exception {
        assertThat(send("PATCH", STREAM, "{\"mode\":\"provisioned\"}").statusCode())
                .isEqualTo(200);
        register("one");
        register("two");
        appendLarge(4);
        List<String> one = subscribe("one");
        await().until(() -> ids(one).size() == 3);
        List<String> two = subscribe("two");
        await().until(() -> ids(two).size() == 3);
        // And what all others share is still whole.
        assertThat(http.json(STREAM + "/records?from=trim-horizon").path("records"))
                .hasSize(1);
        await().during(Duration.ofMillis(400)).until(() -> ids(one).size() == 3 && ids(two).size() == 3);
        clock.advance(Duration.ofSeconds(1));
        await().until(() -> ids(one).size() == 4 && ids(two).size() == 4);
        assertThat(http.json(CONSUMERS + "/one")
                        .path("shards")
                        .get(0)
                        .path("throttledReads")
                        .longValue())
                .isPositive();
    }

    @Test
    void consumerThatTakesNothing_holdsUpNeitherWritersNorOthers() throws Exception {
        register("deaf");
        register("quick");
        appendLarge(16);
        try (Socket deaf = http.connect()) {
            deaf.getOutputStream()
                    .write(("GET " + CONSUMERS + "/deaf/records HTTP/1.1\r\nHost: localhost\r\n\r\n")
                            .getBytes(StandardCharsets.US_ASCII));
            deaf.getOutputStream().flush();
            await().until(() -> http.json(CONSUMERS + "/deaf")
                    .path("shards")
                    .get(0)
                    .path("subscribed")
                    .booleanValue());
            List<String> quick = subscribe("quick");
            await().until(() -> ids(quick).size() == 16);
            assertThat(http.post(STREAM + "/records", "{\"partitionKey\":\"a\",\"data\":{}}")
                            .statusCode())
                    .isEqualTo(200);
            await().until(() -> ids(quick).size() == 17);
        }
    }

    @Test
    void secondSubscription_takesOver() throws Exception {
        register("one");
        List<String> first = subscribe("one");
        await().until(() -> !first.isEmpty());
        List<String> second = subscribe("one");
        await().until(() ->
                first.contains("data: {\"reason\":\"another subscription of this consumer has taken over\"}"));
        http.append("{\"n\":1}");
        await().until(() -> ids(second).size() == 1);
        assertThat(send("DELETE", CONSUMERS + "/one", "").statusCode()).isEqualTo(200);
        await().until(() -> second.contains("data: {\"reason\":\"the consumer is no longer registered\"}"));
    }

    @Test
    void consumerBelowTheHorizon_isToldOnce() throws Exception {
        register("one");
        http.append("{\"n\":1}", "{\"n\":2}", "{\"n\":3}", "{\"n\":4}");
        http.post(CONSUMERS + "/one/checkpoint", "{\"sequenceNumber\":\"1\"}");
        http.log.drop(new ShardId(HttpFixture.TELEMETRY, 0), 4, GapReason.EVICTED);
        List<String> lines = subscribe("one");
        await().until(() -> ids(lines).size() == 2);
        assertThat(ids(lines)).containsExactly("id: after:3", "id: after:4");
        assertThat(lines.stream().filter("event: gap"::equals)).hasSize(1);
        assertThat(lines)
                .anyMatch(line -> line.contains("\"gap\":{\"from\":\"2\",\"to\":\"4\",\"records\":2,\"exact\":true"));
    }

    @Test
    void consumer_goesOnAtItsPlace_afterARestart(@TempDir Path home) throws Exception {
        StreamName press = new StreamName("press");
        String consumers = "/api/v1/streams/press/consumers";
        try (ShardLog log = open(home, 1);
                HttpServer server = serve(log)) {
            log.admin().create(StreamSettings.of(press));
            for (int i = 1; i <= 5; i++) {
                log.append(AppendUnit.of(NewRecord.of(press, "k", Payload.ofUtf8("{\"n\":" + i + "}"))))
                        .join();
            }
            post(server, consumers, "{\"consumer\":\"lake\"}", 201);
            post(server, consumers + "/lake/checkpoint", "{\"sequenceNumber\":\"3\"}", 200);
        }
        try (ShardLog log = open(home, 2);
                HttpServer server = serve(log)) {
            List<String> lines = listen(http.client, uri(server, consumers + "/lake/records"));
            await().until(() -> ids(lines).size() == 2);
            assertThat(ids(lines)).containsExactly("id: after:4", "id: after:5");
        }
    }

    private static ShardLog open(Path home, int seed) {
        SystemClock system = new SystemClock();
        EffectiveClock effective = new EffectiveClock(system, ClockSync.TRUSTED, 1_700_000_000_000L);
        return ShardLog.open(ShardLogSettings.of(home.resolve("log"), "g"), system, effective, new Random(seed));
    }

    private static HttpServer serve(ShardLog log) throws IOException {
        return HttpServer.start(
                HttpSettings.loopback(0),
                HttpParts.of(
                        log, new SystemClock(), () -> GatewayStatus.of("0.1.0", "gateway", Duration.ofSeconds(5))));
    }

    private static URI uri(HttpServer server, String path) {
        return URI.create("http://127.0.0.1:" + server.port() + path);
    }

    private void post(HttpServer server, String path, String body, int status) throws Exception {
        HttpResponse<String> response = http.client.send(
                HttpRequest.newBuilder(uri(server, path))
                        .POST(BodyPublishers.ofString(body))
                        .build(),
                BodyHandlers.ofString());
        assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
    }
}
