package io.tidegate.uplink.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.tidegate.core.runtime.SystemClock;
import io.tidegate.core.stream.AppendUnit;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamSettings;
import io.tidegate.support.InMemoryLog;
import io.tidegate.uplink.LaneState;
import io.tidegate.uplink.LaneStatus;
import io.tidegate.uplink.RejectionPolicy;
import io.tidegate.uplink.Uplink;
import io.tidegate.uplink.UplinkSettings;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The sender against a receiver that answers as a script says. */
class HttpDestinationTest {
    private static final Duration DEADLINE = Duration.ofSeconds(20);
    private static final Pattern RANGE = Pattern.compile("\"from\":\"([0-9]+)\",\"to\":\"([0-9]+)\"");

    /** A unit as the script sees it. */
    private record Post(String path, String key, String encoding, String body) {
        long from() {
            return range(1);
        }

        long to() {
            return range(2);
        }

        private long range(int group) {
            Matcher matcher = RANGE.matcher(body);
            assertThat(matcher.find()).as(body).isTrue();
            return Long.parseLong(matcher.group(group));
        }
    }

    private record Reply(int status, Map<String, String> headers, String body) {
        static Reply of(int status, String body) {
            return new Reply(status, Map.of(), body);
        }
    }

    private static Reply accept(Post post) {
        return Reply.of(200, "{\"epoch\":\"0000000000000001\",\"next\":\"" + post.to() + "\",\"fork\":false}");
    }

    private final InMemoryLog log = InMemoryLog.create(new SystemClock());
    private final List<Post> posts = Collections.synchronizedList(new ArrayList<>());
    private final Deque<Function<Post, Reply>> script = new ArrayDeque<>();
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private HttpServer server;
    private @Nullable Uplink started;

    @BeforeEach
    void listen() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(threads);
        server.createContext("/", this::serve);
        server.start();
    }

    @AfterEach
    void stop() {
        Uplink last = started;
        if (last != null) {
            last.close();
        }
        server.stop(0);
        threads.shutdownNow();
    }

    private void serve(HttpExchange exchange) throws IOException {
        try (exchange) {
            byte[] body = exchange.getRequestBody().readAllBytes();
            Reply reply = Reply.of(200, "{\"epochs\":[]}");
            if (exchange.getRequestMethod().equals("POST")) {
                reply = reply(exchange, body);
            }
            reply.headers().forEach(exchange.getResponseHeaders()::set);
            byte[] text = reply.body().getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(reply.status(), text.length == 0 ? -1 : text.length);
            exchange.getResponseBody().write(text);
        }
    }

    private Reply reply(HttpExchange exchange, byte[] body) throws IOException {
        String encoding = Optional.ofNullable(exchange.getRequestHeaders().getFirst("Content-Encoding"))
                .orElse("");
        byte[] plain = body;
        if (encoding.equals("gzip")) {
            plain = new GZIPInputStream(new ByteArrayInputStream(body)).readAllBytes();
        } else if (encoding.equals("zstd")) {
            plain = com.github.luben.zstd.Zstd.decompress(body, 1 << 20);
        }
        Post post = new Post(
                exchange.getRequestURI().getPath(),
                exchange.getRequestHeaders().getFirst("Idempotency-Key"),
                encoding,
                new String(plain, StandardCharsets.UTF_8));
        Function<Post, Reply> next;
        synchronized (script) {
            next = script.isEmpty() ? HttpDestinationTest::accept : script.removeFirst();
        }
        posts.add(post);
        return next.apply(post);
    }

    private void script(List<Function<Post, Reply>> answers) {
        synchronized (script) {
            script.addAll(answers);
        }
    }

    private void start(RejectionPolicy policy, Set<StreamName> streams) {
        UplinkSettings settings = new UplinkSettings(
                "central",
                streams,
                100_000,
                100,
                Duration.ofMillis(1),
                Duration.ofMillis(5),
                Duration.ofMillis(20),
                Duration.ofSeconds(10),
                policy,
                1 << 20);
        started = Uplink.start(
                settings,
                HttpDestination.opener(
                        HttpDestinationSettings.of(
                                URI.create("http://127.0.0.1:"
                                        + server.getAddress().getPort()),
                                "t"),
                        log.gatewayId()),
                log,
                Optional.empty(),
                new SystemClock(),
                new Random(5));
    }

    private void write(int count) {
        List<NewRecord> records = new ArrayList<>();
        for (int i = 1; i <= count; i++) {
            records.add(NewRecord.of(StreamName.TELEMETRY, "k", Payload.ofUtf8("{\"n\":" + i + "}")));
        }
        log.append(AppendUnit.of(records)).join();
    }

    private Uplink uplink() {
        return Objects.requireNonNull(started);
    }

    private LaneStatus lane() {
        return uplink().status().lanes().get(0);
    }

    private void awaitAllSent() {
        await().atMost(DEADLINE)
                .until(() -> !uplink().status().lanes().isEmpty()
                        && uplink().status().ledger().pending() == 0);
    }

    @Test
    void failures_areRepeated_withTheSameBytesAndKey() {
        write(4);
        script(List.of(
                post -> new Reply(503, Map.of("Retry-After", "1"), ""),
                post -> Reply.of(429, ""),
                post -> Reply.of(200, "<html>log in to the hotel</html>"),
                post -> Reply.of(200, "{\"epoch\":\"0000000000000099\",\"next\":\"5\",\"fork\":false}"),
                post -> Reply.of(302, "")));
        start(RejectionPolicy.BLOCK, Set.of(StreamName.TELEMETRY));
        awaitAllSent();
        assertThat(posts).hasSize(6);
        assertThat(posts.stream().distinct()).hasSize(1);
        Post post = posts.get(0);
        assertThat(post.path()).isEqualTo("/sync/v1/gateway-under-test/telemetry/shardId-000000000000");
        assertThat(post.key())
                .startsWith("gateway-under-test/telemetry/shardId-000000000000/0000000000000001/1-5/")
                .endsWith(String.format("/%08x", Payload.ofUtf8(post.body()).crc32c()));
        assertThat(post.body().lines().findFirst())
                .contains("{\"v\":1,\"epoch\":\"0000000000000001\",\"from\":\"1\",\"to\":\"5\",\"previous\":null,"
                        + "\"parents\":[],\"lane\":\"main\"}");
        assertThat(uplink().status().retries()).isEqualTo(5);
    }

    @Test
    void aRefusal_stopsTheLane_untilItIsResumed() {
        for (int status : new int[] {400, 401, 403}) {
            write(1);
            script(List.of(post -> Reply.of(status, "{\"detail\":\"because " + status + "\"}")));
            if (started == null) {
                start(RejectionPolicy.BLOCK, Set.of(StreamName.TELEMETRY));
            }
            await().atMost(DEADLINE)
                    .until(() -> !uplink().status().lanes().isEmpty() && lane().state() == LaneState.STOPPED);
            assertThat(lane().detail()).contains("because " + status);
            assertThat(lane().ledger().pending()).isEqualTo(1);
            int before = posts.size();
            uplink().resumeStopped();
            awaitAllSent();
            assertThat(posts.size()).isGreaterThan(before);
        }
        await().atMost(DEADLINE)
                .untilAsserted(() -> assertThat(UplinkToReceiverTest.read(log, new ShardId(StreamName.ALARMS, 0)))
                        .hasSize(3));
    }

    @Test
    void aTooLargeUnit_isHalved_untilItFits() {
        write(40);
        script(List.of(post -> Reply.of(413, ""), post -> Reply.of(413, "")));
        start(RejectionPolicy.BLOCK, Set.of(StreamName.TELEMETRY));
        awaitAllSent();
        assertThat(posts.stream().limit(3).map(Post::to)).containsExactly(41L, 21L, 11L);
        assertThat(uplink().status().ledger().delivered()).isEqualTo(40);
    }

    @Test
    void encodings_areTriedFromTheBestDown() {
        write(2);
        script(List.of(post -> Reply.of(415, ""), post -> Reply.of(415, "")));
        start(RejectionPolicy.BLOCK, Set.of(StreamName.TELEMETRY));
        awaitAllSent();
        assertThat(posts.stream().map(Post::encoding)).containsExactly("zstd", "gzip", "");
        assertThat(posts.stream().map(Post::body).distinct()).hasSize(1);
    }

    @Test
    void rejectedRecords_goToDeadLetters_andAGapInTheirPlace() {
        write(5);
        script(List.of(post -> Reply.of(
                422,
                "{\"rejected\":[{\"sequenceNumber\":\"2\",\"reason\":\"schema\"},"
                        + "{\"sequenceNumber\":\"4\",\"reason\":\"schema\"}]}")));
        start(RejectionPolicy.DEAD_LETTER, Set.of(StreamName.TELEMETRY));
        awaitAllSent();
        assertThat(posts).hasSize(2);
        assertThat(posts.get(1).body())
                .contains("{\"gap\":{\"from\":\"2\",\"to\":\"3\",\"records\":1,\"exact\":true,\"reason\":\"rejected\"")
                .doesNotContain("{\"n\":2}")
                .contains("{\"n\":3}");
        assertThat(uplink().status().ledger().rejected()).isEqualTo(2);
        assertThat(uplink().status().ledger().delivered()).isEqualTo(3);
        assertThat(uplink().status().ledger().balances()).isTrue();
        assertThat(UplinkToReceiverTest.read(log, new ShardId(StreamName.GAPS, 0)).stream()
                        .map(gap -> gap.data().utf8()))
                .hasSize(2)
                .first()
                .asString()
                .contains("\"from\":\"2\",\"to\":\"3\"")
                .contains("\"consumer\":\"uplink/central\"");
        var letters = UplinkToReceiverTest.read(log, new ShardId(StreamName.DEAD_LETTERS, 0));
        assertThat(letters.stream().map(letter -> letter.data().utf8())).containsExactly("{\"n\":2}", "{\"n\":4}");
        assertThat(letters.get(0).attributes().get("dead-letter.reason")).isEqualTo("schema");
    }

    @Test
    void rejectedRecords_block_ifThePolicySaysSo() {
        write(5);
        script(List.of(post -> Reply.of(422, "{\"rejected\":[{\"sequenceNumber\":\"2\",\"reason\":\"schema\"}]}")));
        start(RejectionPolicy.BLOCK, Set.of(StreamName.TELEMETRY));
        await().atMost(DEADLINE)
                .until(() -> !uplink().status().lanes().isEmpty() && lane().state() == LaneState.STOPPED);
        assertThat(lane().detail()).isEqualTo("record 2 is refused: schema");
        assertThat(lane().ledger().pending()).isEqualTo(5);
    }

    @Test
    void aPartOfAUnitThatWasTaken_isNotSentAgain() {
        write(10);
        script(List.of(post -> Reply.of(200, "{\"epoch\":\"0000000000000001\",\"next\":\"4\",\"fork\":false}")));
        start(RejectionPolicy.BLOCK, Set.of(StreamName.TELEMETRY));
        awaitAllSent();
        assertThat(posts.stream().map(Post::from)).containsExactly(1L, 4L);
        assertThat(uplink().status().ledger().delivered()).isEqualTo(10);
    }

    @Test
    void aLaneWithoutAnAnswer_doesNotStopTheOthers() throws Exception {
        StreamName stuck = new StreamName("stuck");
        log.admin().create(StreamSettings.of(stuck));
        log.append(AppendUnit.of(NewRecord.of(stuck, "k", Payload.ofUtf8("{}"))))
                .join();
        CountDownLatch release = new CountDownLatch(1);
        Function<Post, Reply> hang = post -> {
            try {
                release.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            return accept(post);
        };
        script(List.of(hang));
        start(RejectionPolicy.BLOCK, Set.of(StreamName.TELEMETRY, stuck));
        await().atMost(DEADLINE).until(() -> posts.size() == 1);
        write(50);
        await().atMost(DEADLINE).until(() -> uplink().status().ledger().delivered() == 50);
        release.countDown();
        awaitAllSent();
    }
}
