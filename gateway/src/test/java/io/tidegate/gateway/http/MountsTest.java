package io.tidegate.gateway.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.tidegate.core.stream.MediaBytes;
import io.tidegate.core.stream.Payload;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class MountsTest {
    private @Nullable HttpFixture http;

    @AfterEach
    void stop() throws IOException {
        if (http != null) {
            http.close();
        }
    }

    /** A receiving end that remembers what it was given. */
    private static final class Receiver implements SyncPort {
        final List<PortRequest> requests = new CopyOnWriteArrayList<>();
        final List<String> bodies = new CopyOnWriteArrayList<>();
        final CompletableFuture<PortAnswer> answer = new CompletableFuture<>();
        final ByteArrayOutputStream media = new ByteArrayOutputStream();
        final AtomicInteger finished = new AtomicInteger();
        final AtomicInteger closed = new AtomicInteger();

        @Override
        public CompletableFuture<PortAnswer> exchange(PortRequest request, Payload body) {
            requests.add(request);
            bodies.add(body.utf8());
            return answer;
        }

        @Override
        public Upload media(PortRequest head) {
            requests.add(head);
            if (head.path().endsWith("known")) {
                throw new Declined(PortAnswer.json(200, "{\"stored\":true}"));
            }
            return new Upload() {
                @Override
                public void write(ByteBuffer bytes) {
                    byte[] copy = new byte[bytes.remaining()];
                    bytes.get(copy);
                    media.writeBytes(copy);
                }

                @Override
                public PortAnswer finish() {
                    finished.incrementAndGet();
                    return PortAnswer.json(201, "{}");
                }

                @Override
                public void close() {
                    closed.incrementAndGet();
                }
            };
        }
    }

    private HttpFixture withReceiver(Receiver receiver) throws IOException {
        HttpSettings settings = HttpSettings.loopback(0).withTokens(List.of(HttpToken.of("ann", "s3cret")));
        http = HttpFixture.start(settings, parts -> parts.withSync(receiver));
        return http;
    }

    @Test
    void sync_isHandedOnAsItCame_underItsOwnTokens() throws Exception {
        Receiver receiver = new Receiver();
        HttpFixture central = withReceiver(receiver);
        CompletableFuture<HttpResponse<String>> answer = central.postAsync(
                "/sync/v1/gw-1/telemetry/shardId-000000000000?lane=main",
                "{\"v\":1}\n",
                "Authorization",
                "Bearer of-the-gateway",
                "Idempotency-Key",
                "k/1");
        await().until(() -> receiver.requests.size() == 1);
        assertThat(answer).isNotDone();
        PortRequest request = receiver.requests.get(0);
        assertThat(request.method()).isEqualTo("POST");
        assertThat(request.path()).isEqualTo("gw-1/telemetry/shardId-000000000000");
        assertThat(request.rawPath()).isEqualTo("/sync/v1/gw-1/telemetry/shardId-000000000000");
        assertThat(request.query()).isEqualTo("lane=main");
        assertThat(request.header("authorization")).hasValue("Bearer of-the-gateway");
        assertThat(request.header("idempotency-key")).hasValue("k/1");
        assertThat(receiver.bodies).containsExactly("{\"v\":1}\n");

        receiver.answer.complete(PortAnswer.json(409, "{\"next\":\"7\"}").withHeader("Retry-After", "3"));

        assertThat(answer.join().statusCode()).isEqualTo(409);
        assertThat(answer.join().body()).isEqualTo("{\"next\":\"7\"}");
        assertThat(answer.join().headers().firstValue("Retry-After")).hasValue("3");
    }

    @Test
    void sync_thatFails_isAServerErrorWithoutDetails() throws Exception {
        Receiver receiver = new Receiver();
        receiver.answer.completeExceptionally(new IllegalStateException("secret inside"));
        HttpFixture central = withReceiver(receiver);

        HttpResponse<String> answer = central.get("/sync/v1/gw-1/telemetry/shardId-000000000000");

        RecordsTest.assertProblem(answer, 500, "internal");
        assertThat(answer.body()).doesNotContain("secret inside");
    }

    private static byte[] random(int length) {
        byte[] bytes = new byte[length];
        new Random(7).nextBytes(bytes);
        return bytes;
    }

    private static HttpRequest put(HttpFixture central, String id, byte[] body) {
        return central.request("/sync/v1/gw-1/media/" + id)
                .PUT(HttpRequest.BodyPublishers.ofByteArray(body))
                .build();
    }

    @Test
    void media_isWrittenThrough_largerThanAnyBudget() throws Exception {
        Receiver receiver = new Receiver();
        HttpFixture central = withReceiver(receiver);
        byte[] bytes = random(30 << 20);

        HttpResponse<String> answer =
                central.client.send(put(central, "s.c-main.1.1", bytes), HttpResponse.BodyHandlers.ofString());

        assertThat(answer.statusCode()).isEqualTo(201);
        assertThat(Arrays.equals(receiver.media.toByteArray(), bytes)).isTrue();
        assertThat(receiver.finished).hasValue(1);
        assertThat(receiver.closed).hasValue(1);
    }

    @Test
    void media_thatIsNotWanted_isAnsweredWithoutItsBytes() throws Exception {
        Receiver receiver = new Receiver();
        HttpFixture central = withReceiver(receiver);

        String answer = central.raw(
                "PUT /sync/v1/gw-1/media/known HTTP/1.1", "Host: localhost", "Content-Length: 1000000", "", "");

        assertThat(answer).startsWith("HTTP/1.1 200 ").contains("{\"stored\":true}");
        assertThat(receiver.media.size()).isZero();
    }

    @Test
    void media_thatBreaksOff_isDroppedAndNeverFinished() throws Exception {
        Receiver receiver = new Receiver();
        HttpFixture central = withReceiver(receiver);
        try (Socket socket = central.connect()) {
            socket.getOutputStream()
                    .write("PUT /sync/v1/gw-1/media/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nhalf"
                            .getBytes(StandardCharsets.US_ASCII));
            socket.getOutputStream().flush();
            await().until(() -> receiver.media.size() == 4);
        }
        await().until(() -> receiver.closed.get() == 1);
        assertThat(receiver.finished).hasValue(0);
    }

    @Test
    void ingest_isHandedOnWithItsPathDecoded() throws Exception {
        List<PortRequest> requests = new CopyOnWriteArrayList<>();
        List<String> bodies = new CopyOnWriteArrayList<>();
        http = HttpFixture.start(parts -> parts.withIngest((request, body) -> {
            requests.add(request);
            bodies.add(body.utf8());
            return CompletableFuture.completedFuture(new PortAnswer(204, Map.of(), Payload.EMPTY));
        }));

        assertThat(http.post("/ingest/plant/press%203/temp", "41.2").statusCode())
                .isEqualTo(204);

        assertThat(requests.get(0).path()).isEqualTo("plant/press 3/temp");
        assertThat(bodies).containsExactly("41.2");
        RecordsTest.assertProblem(http.get("/ingest/plant"), 405, "method-not-allowed");
    }

    @Test
    void mediaGet_givesTheBytesAndTheirCrc() throws Exception {
        byte[] bytes = random(3_000_001);
        int crc = Payload.wrap(bytes).crc32c();
        AtomicInteger closed = new AtomicInteger();
        http = HttpFixture.start(parts -> parts.withMedia(id -> id.value().equals("s.c-main.1.1")
                ? Optional.of(new MediaBytes(bytes.length, crc, Channels.newChannel(new ByteArrayInputStream(bytes) {
                    @Override
                    public void close() {
                        closed.incrementAndGet();
                    }
                })))
                : Optional.empty()));

        HttpResponse<byte[]> answer = http.client.send(
                http.request("/api/v1/media/s.c-main.1.1").build(), HttpResponse.BodyHandlers.ofByteArray());

        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(Arrays.equals(answer.body(), bytes)).isTrue();
        assertThat(answer.headers().firstValue("Tidegate-CRC32C")).hasValue(String.format("%08x", crc));
        assertThat(answer.headers().firstValue("Content-Length")).hasValue("3000001");
        await().until(() -> closed.get() == 1);
        RecordsTest.assertProblem(http.get("/api/v1/media/gone"), 404, "media-not-found");
        RecordsTest.assertProblem(http.get("/api/v1/media/a%20b"), 400, "invalid-parameter");
    }

    @Test
    void snapshots_areMadeOnceForAllWhoWait_andLeaveThreadsFree() throws Exception {
        CountDownLatch release = new CountDownLatch(1);
        AtomicInteger made = new AtomicInteger();
        Payload jpeg = Payload.wrap(new byte[] {(byte) 0xff, (byte) 0xd8, 1});
        http = HttpFixture.start(parts -> parts.withSnapshots(camera -> {
            made.incrementAndGet();
            waitFor(release);
            return camera.equals("gate") ? Optional.of(new SnapshotSource.Snapshot(jpeg, 0)) : Optional.empty();
        }));
        HttpFixture started = http;
        List<CompletableFuture<HttpResponse<byte[]>>> viewers = new CopyOnWriteArrayList<>();
        for (int i = 0; i < 20; i++) {
            viewers.add(started.client.sendAsync(
                    started.request("/api/v1/cameras/gate/snapshot.jpg").build(),
                    HttpResponse.BodyHandlers.ofByteArray()));
        }
        await().until(() -> made.get() == 1);
        assertThat(started.get("/healthz").statusCode()).isEqualTo(200);

        release.countDown();

        assertThat(viewers).allSatisfy(viewer -> {
            assertThat(viewer.join().statusCode()).isEqualTo(200);
            assertThat(viewer.join().body()).isEqualTo(jpeg.toBytes());
            assertThat(viewer.join().headers().firstValue("Content-Type")).hasValue("image/jpeg");
            assertThat(viewer.join().headers().firstValue("Tidegate-Time")).hasValue("1970-01-01T00:00:00.000Z");
        });
        assertThat(made.get()).isLessThan(20);
        RecordsTest.assertProblem(started.get("/api/v1/cameras/other/snapshot.jpg"), 404, "no-picture");
    }

    private static void waitFor(CountDownLatch latch) {
        try {
            if (!latch.await(20, TimeUnit.SECONDS)) {
                throw new IllegalStateException("nobody released the picture");
            }
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
