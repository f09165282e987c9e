package io.tidegate.gateway.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.tidegate.core.runtime.SystemClock;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class FrontDoorTest {
    private static final HttpSettings LOOPBACK = HttpSettings.loopback(0);

    private final List<AutoCloseable> open = new ArrayList<>();

    @AfterEach
    void stop() throws Exception {
        for (AutoCloseable one : open) {
            one.close();
        }
    }

    private HttpFixture start(HttpSettings settings) throws IOException {
        HttpFixture http = HttpFixture.start(settings, UnaryOperator.identity());
        open.add(http);
        return http;
    }

    private static HttpSettings on(String host, List<HttpToken> tokens, boolean allowAnonymous) {
        return new HttpSettings(host, 0, tokens, allowAnonymous, Set.of(), HttpSettings.Limits.DEFAULT);
    }

    @Test
    void listenerOffLoopback_withoutTokens_refusesToStartAndSaysWhatToDo() {
        HttpParts parts = HttpParts.of(
                io.tidegate.support.InMemoryLog.create(new SystemClock()),
                new SystemClock(),
                () -> GatewayStatus.of("0", "gateway", Duration.ZERO));

        assertThatThrownBy(() -> HttpServer.start(on("0.0.0.0", List.of(), false), parts))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("http.tokens")
                .hasMessageContaining("127.0.0.1")
                .hasMessageContaining("http.allow-anonymous: true");
    }

    @Test
    void listenerOffLoopback_startsWithTokens_orOnTheOperatorsWord() throws Exception {
        HttpFixture known = start(on("0.0.0.0", List.of(HttpToken.of("ann", "s3cret")), false));
        HttpFixture anonymous = start(on("0.0.0.0", List.of(), true));

        assertThat(known.get("/api/v1/streams").statusCode()).isEqualTo(401);
        assertThat(anonymous.get("/api/v1/streams").statusCode()).isEqualTo(200);
    }

    @Test
    void portInUse_isSaidWithARemedy() throws Exception {
        HttpFixture first = start(LOOPBACK);
        assertThatThrownBy(() -> start(HttpSettings.loopback(first.server.port())))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("127.0.0.1:" + first.server.port())
                .hasMessageContaining("choose another http.port");
    }

    @Test
    void tokenHash_thatIsNone_isRefusedWithoutRepeatingIt() {
        assertThatThrownBy(() -> new HttpToken("ann", "hunter2"))
                .hasMessageContaining("'ann'")
                .hasMessageNotContaining("hunter2");
    }

    @ParameterizedTest
    @CsvSource({
        "/api/v1/streams, 401, 200",
        "/api/v1/status, 401, 200",
        "/api/v1/streams/telemetry/records, 401, 200",
        "/api/v1/cameras/c/snapshot.jpg, 401, 404",
        "/api/v1/media/x, 401, 404",
        "/metrics, 401, 200",
        "/nothing, 401, 404",
        "/healthz, 200, 200",
        "/readyz, 200, 200",
        "/console/, 200, 200",
        "/console/console.js, 200, 200"
    })
    void tokens_areAskedFor_butNotForHealthAndTheConsolesFiles(String path, int without, int with) throws Exception {
        HttpFixture http = start(LOOPBACK.withTokens(List.of(HttpToken.of("ann", "s3cret"), HttpToken.of("bob", "b"))));

        HttpResponse<String> refused = http.get(path);
        assertThat(refused.statusCode()).isEqualTo(without);
        if (without == 401) {
            RecordsTest.assertProblem(refused, 401, "token-required");
            assertThat(refused.headers().firstValue("WWW-Authenticate")).hasValue("Bearer realm=\"tidegate\"");
        }
        assertThat(http.get(path, "Authorization", "Bearer wrong").statusCode()).isEqualTo(without);
        assertThat(http.get(path, "Authorization", "Basic YW5uOnMzY3JldA==").statusCode())
                .isEqualTo(without);
        assertThat(http.get(path, "Authorization", "Bearer s3cret").statusCode())
                .isEqualTo(with);
        assertThat(http.get(path, "Authorization", "bearer b").statusCode()).isEqualTo(with);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/console/../api/v1/streams",
                "/console/%2e%2e/api/v1/streams",
                "/sync/../api/v1/streams",
                "/sync/v1/..%2fapi/v1/streams",
                "//api/v1/streams",
                "/healthz/../metrics",
                "/healthz;/../api/v1/streams"
            })
    void tokens_cannotBeWalkedAround(String path) throws Exception {
        HttpFixture http = start(LOOPBACK.withTokens(List.of(HttpToken.of("ann", "s3cret"))));
        String answer = http.raw("GET " + path + " HTTP/1.1", "Host: localhost", "Connection: close", "", "");
        assertThat(answer).startsWith("HTTP/1.1 4").doesNotContain("telemetry").doesNotContain("tidegate_");
    }

    @ParameterizedTest
    @CsvSource({
        "localhost, 200",
        "localhost:8080, 200",
        "127.0.0.1, 200",
        "[::1]:8080, 200",
        "gateway.example, 421",
        "127.0.0.1.evil.example, 421",
        "192.168.1.7, 421"
    })
    void host_ofAnotherName_isNotAnsweredOnLoopback(String host, int status) throws Exception {
        HttpFixture http = start(LOOPBACK);
        String answer = http.raw("GET /api/v1/streams HTTP/1.1", "Host: " + host, "Connection: close", "", "");
        assertThat(answer).startsWith("HTTP/1.1 " + status + " ");
        if (status == 421) {
            assertThat(answer).contains("\"code\":\"host-not-allowed\"").doesNotContain("\"streams\"");
        }
    }

    @Test
    void host_namedInTheSettings_isAnswered() throws Exception {
        HttpFixture http = start(new HttpSettings(
                "127.0.0.1", 0, List.of(), false, Set.of("gateway.example"), HttpSettings.Limits.DEFAULT));
        assertThat(http.raw("GET /api/v1/streams HTTP/1.1", "Host: gateway.example", "Connection: close", "", ""))
                .startsWith("HTTP/1.1 200 ");
    }

    @ParameterizedTest
    @ValueSource(strings = {"http://evil.example", "null", "https://127.0.0.1.evil.example", "http://127.0.0.1:1"})
    void pageOfAnotherOrigin_mayNotWrite(String origin) throws Exception {
        HttpFixture http = start(LOOPBACK);
        String line = "{\"partitionKey\":\"a\",\"data\":{}}";
        HttpResponse<String> answer = http.post("/api/v1/streams/telemetry/records", line, "Origin", origin);
        RecordsTest.assertProblem(answer, 403, "origin-not-allowed");

        String own = "http://127.0.0.1:" + http.server.port();
        assertThat(http.post("/api/v1/streams/telemetry/records", line, "Origin", own)
                        .statusCode())
                .isEqualTo(200);
    }

    @Test
    void unknownPathsAndMethods_areProblems() throws Exception {
        HttpFixture http = start(LOOPBACK);
        RecordsTest.assertProblem(http.get("/nothing"), 404, "not-found");
        RecordsTest.assertProblem(http.get("/ingest/a"), 404, "not-found");
        RecordsTest.assertProblem(http.get("/sync/v1/g/s/0"), 404, "not-found");
        HttpResponse<String> posted = http.post("/api/v1/status", "");
        RecordsTest.assertProblem(posted, 405, "method-not-allowed");
        assertThat(posted.headers().firstValue("Allow")).hasValue("GET");
    }

    @Test
    void malformedRequests_areProblems_andTheServerGoesOn() throws Exception {
        HttpFixture http = start(LOOPBACK);
        assertThat(http.raw("GET / HTTP/1.1", "", ""))
                .startsWith("HTTP/1.1 400 ")
                .contains("malformed-request");
        assertThat(http.raw("nonsense", "", "")).startsWith("HTTP/1.1 4");
        assertThat(http.raw(
                        "GET /console/%2e%2e/%2e%2e/etc/passwd HTTP/1.1",
                        "Host: localhost", "Connection: close", "", ""))
                .doesNotContain("root:")
                .startsWith("HTTP/1.1 4");
        assertThat(http.raw("GET /" + "a".repeat(20_000) + " HTTP/1.1", "Host: localhost", "", ""))
                .startsWith("HTTP/1.1 4");
        assertThat(http.get("/healthz").statusCode()).isEqualTo(200);
    }

    @Test
    void bodyOverTheLimit_isRefused_withAndWithoutALength() throws Exception {
        HttpSettings.Limits d = HttpSettings.Limits.DEFAULT;
        HttpFixture http = start(LOOPBACK.withLimits(new HttpSettings.Limits(
                2000,
                2000,
                16,
                4,
                d.idleTimeout(),
                d.bodyTimeout(),
                d.stallTimeout(),
                d.heartbeat(),
                d.stopDeadline())));
        String path = "/api/v1/streams/telemetry/records";
        String announced = http.raw("POST " + path + " HTTP/1.1", "Host: localhost", "Content-Length: 2001", "", "");
        assertThat(announced).startsWith("HTTP/1.1 413 ").contains("\"code\":\"body-too-large\"");
        String chunked = http.raw(
                "POST " + path + " HTTP/1.1",
                "Host: localhost",
                "Transfer-Encoding: chunked",
                "",
                "7d1",
                "x".repeat(2001),
                "");
        assertThat(chunked).startsWith("HTTP/1.1 413 ").contains("\"code\":\"body-too-large\"");
        assertThat(http.get("/metrics").body()).contains("tidegate_http_body_bytes 0.0");
    }

    @Test
    void bodiesTogetherOverTheLimit_areTurnedAwayWithATime() throws Exception {
        HttpSettings.Limits d = HttpSettings.Limits.DEFAULT;
        HttpFixture http = start(LOOPBACK.withLimits(new HttpSettings.Limits(
                2000,
                2000,
                16,
                4,
                d.idleTimeout(),
                d.bodyTimeout(),
                d.stallTimeout(),
                d.heartbeat(),
                d.stopDeadline())));
        String path = "/api/v1/streams/telemetry/records";
        try (Socket half = http.connect()) {
            half.getOutputStream()
                    .write(("POST " + path + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2000\r\n\r\n"
                                    + " ".repeat(1900))
                            .getBytes(StandardCharsets.US_ASCII));
            half.getOutputStream().flush();
            await().until(() -> http.get("/metrics").body().contains("tidegate_http_body_bytes 1900.0"));

            HttpResponse<String> second = http.post(path, "{\"partitionKey\":\"" + "k".repeat(100) + "\",\"data\":{}}");
            RecordsTest.assertProblem(second, 503, "bodies-full");
            assertThat(second.headers().firstValue("Retry-After")).hasValue("1");
        }
        await().until(() -> http.get("/metrics").body().contains("tidegate_http_body_bytes 0.0"));
    }

    @Test
    void bodyThatDoesNotCome_isGivenUp() throws Exception {
        HttpSettings.Limits d = HttpSettings.Limits.DEFAULT;
        HttpFixture http = start(LOOPBACK.withLimits(new HttpSettings.Limits(
                2000,
                2000,
                16,
                4,
                Duration.ofMillis(300),
                d.bodyTimeout(),
                d.stallTimeout(),
                d.heartbeat(),
                d.stopDeadline())));
        String answer = http.raw(
                "POST /api/v1/streams/telemetry/records HTTP/1.1",
                "Host: localhost",
                "Content-Length: 100",
                "",
                "half");
        assertThat(answer).startsWith("HTTP/1.1 408 ").contains("\"code\":\"body-too-slow\"");
        await().until(() -> http.get("/metrics").body().contains("tidegate_http_body_bytes 0.0"));
    }

    @Test
    void connectionsOverTheLimit_wait_andOthersGoOn() throws Exception {
        HttpSettings.Limits d = HttpSettings.Limits.DEFAULT;
        HttpFixture http = start(LOOPBACK.withLimits(new HttpSettings.Limits(
                2000,
                2000,
                3,
                4,
                Duration.ofMillis(500),
                d.bodyTimeout(),
                d.stallTimeout(),
                d.heartbeat(),
                d.stopDeadline())));
        List<Socket> idle = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            idle.add(http.connect());
        }
        // The idle ones are closed in time, and then there is room again.
        assertThat(http.get("/healthz").statusCode()).isEqualTo(200);
        for (Socket socket : idle) {
            socket.close();
        }
    }

    @Test
    void close_letsRequestsUnderWayEnd_andCanBeRepeated() throws Exception {
        HttpFixture http = start(LOOPBACK);
        http.log.holdCommits();
        var answer = http.postAsync("/api/v1/streams/telemetry/records", "{\"partitionKey\":\"a\",\"data\":{}}");
        await().until(() -> http.log.heldCount() == 1);
        CompletableFuture<Void> stopped = CompletableFuture.runAsync(() -> close(http));
        await().during(Duration.ofMillis(300)).atMost(Duration.ofSeconds(3)).until(() -> !stopped.isDone());

        http.log.commitHeld();

        assertThat(answer.join().statusCode()).isEqualTo(200);
        stopped.get(10, TimeUnit.SECONDS);
        http.server.close();
    }

    private static void close(HttpFixture http) {
        try {
            http.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
