package io.tidegate.gateway.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.tidegate.core.stream.GapReason;
import io.tidegate.core.stream.ShardId;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class TailTest {
    private static final String TAIL = "/api/v1/streams/telemetry/tail";

    private final List<AutoCloseable> open = new ArrayList<>();

    @AfterEach
    void stop() throws Exception {
        for (int i = open.size() - 1; i >= 0; i--) {
            open.get(i).close();
        }
    }

    private HttpFixture start() throws IOException {
        HttpFixture http = HttpFixture.start();
        open.add(http);
        return http;
    }

    private static HttpSettings.Limits limits(int tailsMax, Duration stall, Duration heartbeat) {
        HttpSettings.Limits d = HttpSettings.Limits.DEFAULT;
        return new HttpSettings.Limits(
                d.bodyBytesMax(),
                d.bodiesBytesMax(),
                d.connectionsMax(),
                tailsMax,
                d.idleTimeout(),
                d.bodyTimeout(),
                stall,
                heartbeat,
                d.stopDeadline());
    }

    /** Lines as they come, gathered on a thread of the client. */
    private List<String> listen(HttpFixture http, String path, String... headers) {
        List<String> lines = new CopyOnWriteArrayList<>();
        var unused = http.client
                .sendAsync(http.request(path, headers).build(), HttpResponse.BodyHandlers.ofLines())
                .thenAccept(response -> response.body().forEach(lines::add));
        return lines;
    }

    private static void awaitOpen(HttpFixture http, int tails) {
        await().until(() -> http.get("/metrics").body().contains("tidegate_http_tails " + tails + ".0"));
    }

    private static List<String> data(List<String> lines) {
        return lines.stream()
                .filter(line -> line.startsWith("data: "))
                .map(line -> line.replaceAll("^.*\"data\":|\\}$", ""))
                .toList();
    }

    @Test
    void tail_sendsWhatIsCommittedAfterItBegan() throws Exception {
        HttpFixture http = start();
        http.append("{\"n\":0}");
        List<String> lines = listen(http, TAIL);
        awaitOpen(http, 1);

        http.append("{\"n\":1}");
        await().until(() -> data(lines).size() == 1);
        http.append("{\"n\":2}", "{\"n\":3}");

        await().until(() -> data(lines).size() == 3);
        assertThat(data(lines)).containsExactly("{\"n\":1}", "{\"n\":2}", "{\"n\":3}");
    }

    @Test
    void tail_seesNothingBeforeItsCommit() throws Exception {
        HttpFixture http = start();
        List<String> lines = listen(http, TAIL);
        awaitOpen(http, 1);
        http.log.holdCommits();
        var post = http.postAsync("/api/v1/streams/telemetry/records", "{\"partitionKey\":\"a\",\"data\":{\"n\":1}}");
        await().until(() -> http.log.heldCount() == 1);
        await().during(Duration.ofMillis(300)).until(() -> data(lines).isEmpty());

        http.log.commitHeld();

        await().until(() -> data(lines).size() == 1);
        assertThat(post.join().statusCode()).isEqualTo(200);
    }

    @Test
    void tail_comingBackWithItsLastEventId_missesAndRepeatsNothing() throws Exception {
        HttpFixture http = start();
        http.createStream("two", 2);
        for (String key : List.of("a", "b", "c", "d", "e", "f")) {
            http.post(
                    "/api/v1/streams/two/records",
                    "{\"partitionKey\":\"" + key + "\",\"data\":{\"k\":\"" + key + "\"}}");
        }
        List<String> all = listen(http, "/api/v1/streams/two/tail?from=trim-horizon");
        await().until(() -> data(all).size() == 6);
        assertThat(all).anyMatch(line -> line.contains("shardId-000000000000"));
        assertThat(all).anyMatch(line -> line.contains("shardId-000000000001"));
        String third = all.stream()
                .filter(line -> line.startsWith("id: "))
                .toList()
                .get(2)
                .substring(4);

        List<String> rest = listen(http, "/api/v1/streams/two/tail?from=trim-horizon", "Last-Event-ID", third);

        await().until(() -> data(rest).size() == 3);
        assertThat(data(rest)).containsExactly("{\"k\":\"d\"}", "{\"k\":\"e\"}", "{\"k\":\"f\"}");
    }

    @Test
    void tail_ofOneShard_tellsAGapAsAnEventOfItsOwn() throws Exception {
        HttpFixture http = start();
        http.append("{\"n\":1}", "{\"n\":2}", "{\"n\":3}");
        http.log.drop(new ShardId(HttpFixture.TELEMETRY, 0), 3, GapReason.EXPIRED);

        List<String> lines = listen(http, TAIL + "?from=at:1");

        await().until(() -> data(lines).size() == 2);
        assertThat(lines).containsSubsequence("event: gap", "id: after:2", "id: after:3");
        assertThat(lines.get(lines.indexOf("id: after:2") + 1))
                .contains("\"gap\":{\"from\":\"1\",\"to\":\"3\",\"records\":2,\"exact\":true,\"reason\":\"expired\"");
    }

    @Test
    void tail_ofAClosedShard_endsAfterItsLastRecord_andThenSaysNotToComeBack() throws Exception {
        HttpFixture http = start();
        http.append("{\"n\":1}");
        http.log.admin().updateShardCount(HttpFixture.TELEMETRY, 2);
        String shard = TAIL + "?shard=0";
        assertThat(http.get(shard + "&from=trim-horizon").body()).contains("id: after:1\n", "event: end\n");
        assertThat(http.get(shard, "Last-Event-ID", "after:1").statusCode()).isEqualTo(204);
        assertThat(http.get(shard).statusCode()).as("from the latest on").isEqualTo(204);
        await().until(() -> http.get("/metrics").body().contains("tidegate_http_tails 0.0"));
    }

    @Test
    void tail_withoutEvents_saysThatItIsAlive() throws Exception {
        HttpFixture http = HttpFixture.withLimits(limits(4, Duration.ofSeconds(5), Duration.ofMillis(200)));
        open.add(http);

        List<String> lines = listen(http, TAIL);

        await().until(() -> lines.stream().filter(":"::equals).count() >= 3);
    }

    @Test
    void tail_ofAClientThatTakesNothing_isDroppedAndCounted() throws Exception {
        HttpFixture http = HttpFixture.withLimits(limits(4, Duration.ofMillis(600), Duration.ofSeconds(1)));
        open.add(http);
        String large = "{\"x\":\"" + "y".repeat(900_000) + "\"}";
        for (int i = 0; i < 16; i++) {
            http.append(large);
        }
        try (Socket deaf = http.connect()) {
            deaf.getOutputStream()
                    .write(("GET " + TAIL + "?from=trim-horizon HTTP/1.1\r\nHost: localhost\r\n\r\n")
                            .getBytes(StandardCharsets.US_ASCII));
            deaf.getOutputStream().flush();

            await().atMost(Duration.ofSeconds(20))
                    .until(() -> http.get("/metrics").body().contains("tidegate_http_tails_dropped_total 1.0"));
        }
        assertThat(http.get("/metrics").body()).contains("tidegate_http_tails 0.0");
        // Others are served meanwhile and afterwards.
        List<String> lines = listen(http, TAIL);
        awaitOpen(http, 1);
        http.append("{\"n\":1}");
        await().until(() -> data(lines).contains("{\"n\":1}"));
    }

    @Test
    void tail_ofAClientThatWentAway_isForgotten() throws Exception {
        HttpFixture http = HttpFixture.withLimits(limits(4, Duration.ofSeconds(5), Duration.ofMillis(100)));
        open.add(http);
        try (Socket brief = http.connect()) {
            brief.getOutputStream()
                    .write(("GET " + TAIL + " HTTP/1.1\r\nHost: localhost\r\n\r\n")
                            .getBytes(StandardCharsets.US_ASCII));
            assertThat(brief.getInputStream().read()).isEqualTo('H');
            awaitOpen(http, 1);
        }
        awaitOpen(http, 0);
    }

    @Test
    void tails_overTheLimit_areTurnedAwayWithATime() throws Exception {
        HttpFixture http = HttpFixture.withLimits(limits(2, Duration.ofSeconds(5), Duration.ofSeconds(1)));
        open.add(http);
        listen(http, TAIL);
        listen(http, TAIL);
        awaitOpen(http, 2);

        HttpResponse<String> third = http.get(TAIL);

        RecordsTest.assertProblem(third, 503, "too-many-tails");
        assertThat(third.headers().firstValue("Retry-After")).hasValue("5");
    }

    @Test
    void manyTails_holdNoThread() throws Exception {
        HttpFixture http = start();
        List<List<String>> clients = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            clients.add(listen(http, TAIL));
        }
        awaitOpen(http, 20);
        http.append("{\"n\":1}");

        await().until(() -> clients.stream().allMatch(lines -> data(lines).size() == 1));
        assertThat(HttpFixture.threads()).hasSizeLessThanOrEqualTo(9);
    }

    @Test
    void stop_tellsTailsThatItIsOver() throws Exception {
        HttpFixture http = start();
        List<String> lines = listen(http, TAIL);
        awaitOpen(http, 1);

        http.close();

        await().until(() -> lines.contains("data: {\"reason\":\"the gateway stops\"}"));
        assertThat(lines).contains("event: end");
    }

    @Test
    void tail_ofBadRequests_isRefused() throws Exception {
        HttpFixture http = start();
        http.createStream("two", 2);
        RecordsTest.assertProblem(http.get(TAIL + "?from=now"), 400, "invalid-parameter");
        RecordsTest.assertProblem(http.get("/api/v1/streams/nobody/tail"), 404, "stream-not-found");
        RecordsTest.assertProblem(http.get("/api/v1/streams/two/tail?from=at:1"), 400, "shard-required");
        RecordsTest.assertProblem(http.get("/api/v1/streams/two/tail?shard=7"), 404, "shard-not-found");
        RecordsTest.assertProblem(http.get(TAIL + "?shard=0&from=position:1:0"), 400, "invalid-parameter");
    }

    @Test
    void tail_isAnEventStream() throws Exception {
        HttpFixture http = start();
        HttpResponse<InputStream> response =
                http.client.send(http.request(TAIL).build(), HttpResponse.BodyHandlers.ofInputStream());
        try (InputStream body = response.body()) {
            assertThat(response.headers().firstValue("Content-Type")).hasValue("text/event-stream");
            assertThat(new String(body.readNBytes(12), StandardCharsets.US_ASCII))
                    .isEqualTo("retry: 1000\n");
        }
    }
}
