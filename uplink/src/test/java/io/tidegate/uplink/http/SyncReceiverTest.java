package io.tidegate.uplink.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.github.luben.zstd.Zstd;
import io.tidegate.core.runtime.SystemClock;
import io.tidegate.core.stream.MediaId;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamRecord;
import io.tidegate.support.InMemoryLog;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The rules of docs/uplink-http.md, request by request. Bodies are written out by hand. */
class SyncReceiverTest {
    private static final String A = "0000000000000a00";
    private static final String B = "0000000000000b00";
    private static final String C = "0000000000000c00";
    private static final String D = "0000000000000d00";
    private static final String X = "0000000000000f00";
    private static final String PATH = "/sync/v1/gate-1/telemetry/shardId-000000000000";

    private final InMemoryLog log = InMemoryLog.create(new SystemClock());
    private final MemoryMedia media = new MemoryMedia();
    private final MemoryStateStore tokens = new MemoryStateStore();
    private final SyncReceiver receiver =
            new SyncReceiver(log, media, TokenRegistry.firstSeen(tokens), ReceiverSettings.defaults());

    @TempDir
    Path directory;

    private static String previous(String epoch, int to) {
        return "{\"epoch\":\"" + epoch + "\",\"to\":\"" + to + "\"}";
    }

    private static String unit(String epoch, int from, int to, String previous, boolean fork) {
        StringBuilder text = new StringBuilder("{\"v\":1,\"epoch\":\"" + epoch + "\",\"from\":\"" + from
                + "\",\"to\":\"" + to + "\",\"previous\":" + previous + ",\"parents\":[],\"lane\":\"main\""
                + (fork ? ",\"fork\":true" : "") + "}\n");
        for (int i = from; i < to; i++) {
            text.append(record(i, "{\"of\":\"" + epoch + "\", \"n\":" + i + "}"))
                    .append('\n');
        }
        return text.toString();
    }

    private static String record(int number, String data) {
        return "{\"sequenceNumber\":\"" + number + "\",\"partitionKey\":\"k\",\"explicitHashKey\":null,"
                + "\"arrivalTime\":\"2026-11-23T01:02:03.123Z\",\"timeQuality\":\"synced\","
                + "\"eventTime\":\"2026-11-23T01:02:03.100Z\",\"eventTimeFrom\":\"device\","
                + "\"contentType\":\"application/json\",\"attributes\":{\"device\":\"d\"},\"data\":" + data + "}";
    }

    private SyncResponse call(String method, String path, Map<String, String> headers, byte[] body) throws Exception {
        Map<String, String> all = new HashMap<>(Map.of("authorization", "Bearer right"));
        all.putAll(headers);
        return receiver.handle(new SyncRequest(method, path, "", all, Payload.wrap(body)))
                .get(10, TimeUnit.SECONDS);
    }

    private SyncResponse post(String text) throws Exception {
        return call("POST", PATH, Map.of(), text.getBytes(StandardCharsets.UTF_8));
    }

    private void expect(String unit, int status, String epoch, int next, boolean fork) throws Exception {
        SyncResponse response = post(unit);
        assertThat(response.status()).as(unit).isEqualTo(status);
        assertThat(response.body().utf8())
                .isEqualTo("{\"epoch\":\"" + epoch + "\",\"next\":\"" + next + "\",\"fork\":" + fork + "}");
    }

    private List<String> stored() {
        return UplinkToReceiverTest.read(log, new ShardId(StreamName.TELEMETRY, 0)).stream()
                .map(record -> record.attributes().get("origin.epoch") + ":"
                        + record.attributes().get("origin.sequence"))
                .toList();
    }

    @Test
    void theExampleOfTheContract_isAnsweredAsItSays() throws Exception {
        expect(unit(A, 1, 4, "null", false), 200, A, 4, false);
        expect(unit(A, 1, 4, "null", false), 200, A, 4, false);
        expect(unit(A, 1, 6, "null", false), 200, A, 6, false);
        expect(unit(A, 8, 9, "null", false), 409, A, 6, false);
        expect(unit(B, 9, 10, previous(A, 9), false), 409, A, 6, false);
        expect(unit(A, 6, 9, "null", false), 200, A, 9, false);
        expect(unit(B, 9, 10, previous(A, 9), false), 200, B, 10, false);
        expect(unit(C, 9, 12, previous(A, 9), false), 200, C, 12, true);
        SyncResponse refused = post(unit(A, 9, 11, "null", false));
        assertThat(refused.status()).isEqualTo(403);
        assertThat(refused.body().utf8()).contains("gateway id in use by another home");
        expect(unit(D, 20, 21, previous(X, 20), false), 409, C, 12, true);
        expect(unit(D, 20, 21, previous(X, 20), true), 200, D, 21, true);
        assertThat(stored())
                .containsExactly(
                        A + ":1", A + ":2", A + ":3", A + ":4", A + ":5", A + ":6", A + ":7", A + ":8", B + ":9",
                        C + ":9", C + ":10", C + ":11", D + ":20");
        assertThat(receiver.counts().forks()).isEqualTo(2);
    }

    @Test
    void aRestoredLog_whoseOldEpochIsFurtherHere_isAFork() throws Exception {
        expect(unit(A, 1, 10, "null", false), 200, A, 10, false);
        expect(unit(B, 5, 6, previous(A, 5), false), 200, B, 6, true);
        expect(unit(B, 6, 7, previous(A, 5), false), 200, B, 7, true);
        assertThat(post(unit(A, 10, 11, "null", false)).status()).isEqualTo(403);
    }

    @Test
    void aNewHistoryUnderAnOldId_mustSayThatItIsAFork() throws Exception {
        expect(unit(A, 1, 3, "null", false), 200, A, 3, false);
        expect(unit(B, 1, 3, "null", false), 409, A, 3, false);
        expect(unit(B, 1, 3, "null", true), 200, B, 3, true);
    }

    @Test
    void aNewEpoch_mayNotLeaveAHoleBehindTheOneBefore() throws Exception {
        expect(unit(A, 1, 3, "null", false), 200, A, 3, false);
        expect(unit(B, 5, 6, previous(A, 3), false), 409, A, 3, false);
    }

    @Test
    void theHandshake_namesEveryEpoch_perShard_andSurvivesARestart() throws Exception {
        post(unit(A, 1, 4, "null", false));
        post(unit(B, 4, 6, previous(A, 4), false));
        String expected = "{\"epochs\":[{\"epoch\":\"" + A + "\",\"first\":\"1\",\"next\":\"4\"},{\"epoch\":\"" + B
                + "\",\"first\":\"4\",\"next\":\"6\"}]}";
        assertThat(call("GET", PATH, Map.of(), new byte[0]).body().utf8()).isEqualTo(expected);
        assertThat(call("GET", PATH.replace("0000", "0001"), Map.of(), new byte[0])
                        .body()
                        .utf8())
                .isEqualTo("{\"epochs\":[]}");
        SyncReceiver again =
                new SyncReceiver(log.reopen(), media, TokenRegistry.firstSeen(tokens), ReceiverSettings.defaults());
        SyncRequest get = new SyncRequest("GET", PATH, "", Map.of("Authorization", "bearer right"), Payload.EMPTY);
        assertThat(again.handle(get).get(10, TimeUnit.SECONDS).body().utf8()).isEqualTo(expected);
    }

    @Test
    void theAnswer_waitsForTheCommit() throws Exception {
        log.holdCommits();
        byte[] body = unit(A, 1, 4, "null", false).getBytes(StandardCharsets.UTF_8);
        CompletableFuture<SyncResponse> answer = receiver.handle(
                new SyncRequest("POST", PATH, "", Map.of("authorization", "Bearer right"), Payload.wrap(body)));
        assertThat(answer).isNotDone();
        log.commitHeld();
        assertThat(answer.get(10, TimeUnit.SECONDS).status()).isEqualTo(200);
    }

    @Test
    void twoCopiesAtOnce_areStoredOnce() throws Exception {
        log.holdCommits();
        byte[] body = unit(A, 1, 4, "null", false).getBytes(StandardCharsets.UTF_8);
        SyncRequest request =
                new SyncRequest("POST", PATH, "", Map.of("authorization", "Bearer right"), Payload.wrap(body));
        CompletableFuture<SyncResponse> first = receiver.handle(request);
        CompletableFuture<SyncResponse> second = receiver.handle(request);
        log.commitHeld();
        assertThat(first.get(10, TimeUnit.SECONDS).status()).isEqualTo(200);
        assertThat(second.get(10, TimeUnit.SECONDS).status()).isEqualTo(200);
        assertThat(stored()).hasSize(3);
    }

    @Test
    void aFullDisk_isRetryAfter_andNothingMoves() throws Exception {
        log.refuse("disk full");
        SyncResponse response = post(unit(A, 1, 4, "null", false));
        assertThat(response.status()).isEqualTo(503);
        assertThat(response.headers()).containsEntry("Retry-After", "1");
        log.refuse(null);
        expect(unit(A, 1, 4, "null", false), 200, A, 4, false);
    }

    @Test
    void data_isStoredByteForByte_andTheFirstOriginStays() throws Exception {
        String odd = "{ \"b\" :1e2,\"a\":\"\\u0041é\" }";
        String came = record(1, odd).replace("{\"device\":\"d\"}", "{\"origin.gateway\":\"first\"}");
        String second = record(2, "{}").replace("\"data\":{}", "\"dataBase64\":\"AP8K\"");
        post("{\"v\":1,\"epoch\":\"" + A + "\",\"from\":\"1\",\"to\":\"3\",\"previous\":null}\n" + came + "\n" + second
                + "\n");
        List<StreamRecord> stored = UplinkToReceiverTest.read(log, new ShardId(StreamName.TELEMETRY, 0));
        assertThat(stored.get(0).data().utf8()).isEqualTo(odd);
        assertThat(stored.get(0).attributes().asMap()).isEqualTo(Map.of("origin.gateway", "first"));
        assertThat(stored.get(1).data().toBytes()).containsExactly(0, 0xff, '\n');
        assertThat(stored.get(1).attributes().asMap())
                .isEqualTo(Map.of(
                        "device", "d",
                        "origin.gateway", "gate-1",
                        "origin.epoch", A,
                        "origin.shard", "shardId-000000000000",
                        "origin.sequence", "2",
                        "origin.arrival", "2026-11-23T01:02:03.123Z"));
    }

    @Test
    void malformedUnits_are400_withTheLine() throws Exception {
        String good = unit(A, 1, 3, "null", false);
        Map<String, String> cases = Map.of(
                "",
                "empty",
                good.replace("\"n\":2", "\"n\":"),
                "line 3",
                good.replace("\"to\":\"3\"", "\"to\":\"4\""),
                "the lines end at 3",
                good.replace("sequenceNumber\":\"2", "sequenceNumber\":\"7"),
                "expected sequence number 2",
                good.replace("\"v\":1", "\"v\":2"),
                "version 1");
        for (Map.Entry<String, String> one : cases.entrySet()) {
            SyncResponse response = post(one.getKey());
            assertThat(response.status()).as(one.getKey()).isEqualTo(400);
            assertThat(response.body().utf8()).contains("unit-malformed").contains(one.getValue());
        }
        assertThat(stored()).isEmpty();
    }

    @Test
    void sizes_areLimitedWhileInflating() throws Exception {
        byte[] zeros = new byte[17 << 20];
        assertThat(call("POST", PATH, Map.of("content-encoding", "zstd"), Zstd.compress(zeros))
                        .status())
                .isEqualTo(413);
        ByteArrayOutputStream gzip = new ByteArrayOutputStream();
        try (GZIPOutputStream out = new GZIPOutputStream(gzip)) {
            out.write(zeros);
        }
        assertThat(call("POST", PATH, Map.of("content-encoding", "gzip"), gzip.toByteArray())
                        .status())
                .isEqualTo(413);
        assertThat(call("POST", PATH, Map.of("content-encoding", "br"), new byte[1])
                        .status())
                .isEqualTo(415);
        String big = "{\"x\":\"" + "y".repeat(5 << 20) + "\"}";
        String header = "{\"v\":1,\"epoch\":\"" + A + "\",\"from\":\"1\",\"to\":\"%s\",\"previous\":null}\n";
        assertThat(post(String.format(header, 3) + record(1, big) + "\n" + record(2, big) + "\n")
                        .status())
                .isEqualTo(413);
        String alone = String.format(header, 2) + record(1, "{\"x\":\"" + "y".repeat(9 << 20) + "\"}") + "\n";
        SyncResponse stored =
                call("POST", PATH.replace("telemetry", "large"), Map.of(), alone.getBytes(StandardCharsets.UTF_8));
        assertThat(stored.status()).isEqualTo(200);
        // This stream was created for records of at most 1 MiB.
        assertThat(post(alone).status()).isEqualTo(422);
    }

    @Test
    void reservedStreams_areKeptApart() throws Exception {
        call(
                "POST",
                PATH.replace("telemetry", "_commands"),
                Map.of(),
                unit(A, 1, 2, "null", false).getBytes(StandardCharsets.UTF_8));
        assertThat(log.admin().describe(new StreamName("_commands"))).isEmpty();
        assertThat(UplinkToReceiverTest.read(log, new ShardId(new StreamName("_from._commands"), 0)))
                .hasSize(1);
    }

    @Test
    void streamThatWasDeletedHere_isCreatedAgain_forTheNextUnit() throws Exception {
        expect(unit(A, 1, 2, "null", false), 200, A, 2, false);
        log.admin().delete(StreamName.TELEMETRY);
        expect(unit(A, 2, 3, "null", false), 200, A, 3, false);
        assertThat(log.admin().describe(StreamName.TELEMETRY)).isPresent();
    }

    @Test
    void shardOfWhichNothingIsKnown_beginsAtOne() throws Exception {
        expect(unit(A, 5, 7, "null", false), 409, A, 1, false);
        expect(unit(B, 5, 7, previous(A, 5), true), 409, B, 1, false);
        assertThat(call("GET", PATH, Map.of(), new byte[0]).body().utf8()).isEqualTo("{\"epochs\":[]}");
        expect(unit(A, 1, 7, "null", false), 200, A, 7, false);
    }

    @Test
    void tokens_areBoundToTheGateway() throws Exception {
        expect(unit(A, 1, 2, "null", false), 200, A, 2, false);
        assertThat(call("GET", PATH, Map.of("authorization", "Bearer other"), new byte[0])
                        .status())
                .isEqualTo(403);
        assertThat(call("GET", PATH, Map.of("authorization", "Basic x"), new byte[0])
                        .status())
                .isEqualTo(401);
        assertThat(tokens.keys("")).hasSize(1);
        String hash = "ab".repeat(32);
        Path file = directory.resolve("tokens");
        Files.writeString(file, "# comment\n\ngate-1 " + hash + "\n");
        assertThat(status(TokenRegistry.ofFile(file), "Bearer right")).isEqualTo(403);
        Files.writeString(file, "gate-1 " + sha256OfRight() + "\n");
        assertThat(status(TokenRegistry.ofFile(file), "Bearer right")).isEqualTo(200);
        assertThat(status(TokenRegistry.ofFile(file), "Bearer wrong")).isEqualTo(403);
    }

    private static String sha256OfRight() throws IOException {
        Process process = new ProcessBuilder("sh", "-c", "printf %s right | sha256sum").start();
        return new String(process.getInputStream().readAllBytes(), StandardCharsets.US_ASCII).substring(0, 64);
    }

    private int status(TokenRegistry registry, String authorization) throws Exception {
        SyncReceiver checked = new SyncReceiver(log, media, registry, ReceiverSettings.defaults());
        SyncRequest get = new SyncRequest("GET", PATH, "", Map.of("authorization", authorization), Payload.EMPTY);
        return checked.handle(get).get(10, TimeUnit.SECONDS).status();
    }

    @Test
    void media_isKeptOnce_andWrongBytesAreRefused() throws Exception {
        // CRC-32C of "123456789" (the check value of every catalogue of CRCs).
        assertThat(put("123456789", "e3069283")).isEqualTo(201);
        assertThat(put("123456789", "e3069283")).isEqualTo(200);
        assertThat(put("123456780", "e3069283")).isEqualTo(409);
        assertThat(put("1234", "nonsense")).isEqualTo(400);
        assertThat(media.objects).containsOnlyKeys(new MediaId("s.cam-main.1.1"));
    }

    private int put(String body, String crc) throws IOException {
        SyncRequest head = new SyncRequest(
                "PUT",
                "/sync/v1/gate-1/media/s.cam-main.1.1",
                "",
                Map.of("authorization", "Bearer right", "content-length", "" + body.length(), "Tidegate-CRC32C", crc),
                Payload.EMPTY);
        try (MediaUpload upload = receiver.beginMedia(head)) {
            upload.write(ByteBuffer.wrap(body.getBytes(StandardCharsets.US_ASCII)));
            return upload.finish().status();
        }
    }
}
