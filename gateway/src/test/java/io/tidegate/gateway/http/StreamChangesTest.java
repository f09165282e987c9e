package io.tidegate.gateway.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidegate.core.stream.StreamAdmin;
import io.tidegate.core.stream.StreamLog;
import io.tidegate.core.stream.StreamLogException;
import java.io.IOException;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class StreamChangesTest {
    private static final String STREAMS = "/api/v1/streams";

    private HttpFixture http;

    @BeforeEach
    void start() throws IOException {
        http = HttpFixture.start();
    }

    @AfterEach
    void stop() throws IOException {
        http.close();
    }

    private HttpResponse<String> send(String method, String path, String body) throws Exception {
        return http.client.send(
                http.request(path).method(method, BodyPublishers.ofString(body)).build(), BodyHandlers.ofString());
    }

    private JsonNode done(int status, String method, String path, String body) throws Exception {
        HttpResponse<String> response = send(method, path, body);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
        return JsonMapper.shared().readTree(response.body());
    }

    private void refused(int status, String code, String method, String path, String body) throws Exception {
        assertThat(done(status, method, path, body).path("code").stringValue()).isEqualTo(code);
    }

    @Test
    void stream_isCreated_split_merged_scaled_andDeleted() throws Exception {
        JsonNode made = done(201, "POST", STREAMS, "{\"stream\":\"press\",\"retentionHours\":48}");
        assertThat(made.path("shards").intValue()).isEqualTo(1);
        assertThat(made.path("retentionHours").intValue()).isEqualTo(48);

        JsonNode split = done(200, "POST", STREAMS + "/press/split", "{\"shard\":\"0\"}");
        assertThat(split.path("shards").intValue()).isEqualTo(2);
        assertThat(split.path("closedShards").intValue()).isEqualTo(1);
        JsonNode child = split.path("shardList").get(2);
        // The upper half of 0 .. 2^128 - 1 begins at 2^127.
        assertThat(child.path("hashKeyRange").path("startingHashKey").stringValue())
                .isEqualTo("170141183460469231731687303715884105728");
        assertThat(child.path("parents").get(0).stringValue()).isEqualTo("shardId-000000000000");
        assertThat(split.path("shardList").get(0).path("state").stringValue()).isEqualTo("closed");

        JsonNode merged = done(
                200, "POST", STREAMS + "/press/merge", "{\"shard\":\"1\",\"adjacentShard\":\"shardId-000000000002\"}");
        assertThat(merged.path("shardList").get(3).path("parents")).hasSize(2);

        JsonNode scaled = done(200, "PATCH", STREAMS + "/press", "{\"shards\":2,\"bytesMax\":1000000}");
        assertThat(scaled.path("shards").intValue()).isEqualTo(2);
        assertThat(scaled.path("bytesMax").longValue()).isEqualTo(1_000_000);
        assertThat(done(200, "PATCH", STREAMS + "/press", "{\"bytesMax\":null}")
                        .path("bytesMax")
                        .isNull())
                .isTrue();

        done(200, "DELETE", STREAMS + "/press", "");
        refused(404, "stream-not-found", "DELETE", STREAMS + "/press", "");
    }

    /** A log that does something else first when one of its methods is called, the methods of its admin too. */
    private static <T> T hooked(Class<T> type, T real, Consumer<String> before) {
        InvocationHandler handler = (proxy, method, arguments) -> {
            before.accept(method.getName());
            try {
                Object result = method.invoke(real, arguments);
                return result instanceof StreamAdmin admin ? hooked(StreamAdmin.class, admin, before) : result;
            } catch (InvocationTargetException e) {
                throw e.getCause();
            }
        };
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, handler));
    }

    private void startOver(Consumer<String> before) throws IOException {
        http.close();
        http = HttpFixture.start(
                parts -> HttpParts.of(hooked(StreamLog.class, parts.log(), before), parts.clock(), parts.status()));
    }

    @Test
    void changeWhileAnotherIsUnderWay_isTurnedAwayWithATime_untilTheOtherHasItsAnswer() throws Exception {
        List<HttpResponse<String>> others = new CopyOnWriteArrayList<>();
        AtomicBoolean isMade = new AtomicBoolean();
        startOver(method -> {
            // The answer describes the stream: if another change came before that, it would describe that one's.
            if (method.equals("describe") && isMade.getAndSet(false)) {
                try {
                    others.add(send("PATCH", STREAMS + "/telemetry", "{\"retentionHours\":30}"));
                } catch (Exception e) {
                    throw new AssertionError(e);
                }
            }
            isMade.compareAndSet(false, method.equals("configure"));
        });
        JsonNode answer = done(200, "PATCH", STREAMS + "/telemetry", "{\"retentionHours\":25}");
        assertThat(answer.path("retentionHours").intValue()).isEqualTo(25);
        HttpResponse<String> other = others.get(0);
        assertThat(other.statusCode()).isEqualTo(503);
        assertThat(other.body()).contains("change-under-way");
        assertThat(other.headers().firstValue("Retry-After")).contains("1");
    }

    @Test
    void shardThatGoesWhileItsStreamIsDescribed_isLeftOut() throws Exception {
        AtomicBoolean isGone = new AtomicBoolean();
        startOver(method -> {
            if (method.equals("ledger") && isGone.getAndSet(false)) {
                throw new StreamLogException(StreamLogException.Category.REJECT, "no shard");
            }
        });
        http.log.admin().updateShardCount(HttpFixture.TELEMETRY, 2);
        isGone.set(true);
        JsonNode shards = http.json(STREAMS + "/telemetry").path("shardList");
        assertThat(shards).hasSize(2);
        assertThat(shards.get(0).path("shardId").stringValue()).isEqualTo("shardId-000000000001");
    }

    @Test
    void closedShard_saysThatItHasEnded_andWhereItGoesOn() throws Exception {
        http.append("{\"n\":1}");
        done(200, "PATCH", STREAMS + "/telemetry", "{\"shards\":2}");
        JsonNode page = http.json(STREAMS + "/telemetry/records?shard=0&from=trim-horizon");
        assertThat(page.path("records")).hasSize(1);
        assertThat(page.path("ended").booleanValue()).isTrue();
        assertThat(page.path("children").toString()).isEqualTo("[\"shardId-000000000001\",\"shardId-000000000002\"]");
        assertThat(http.json(STREAMS + "/telemetry/records?shard=1").has("ended"))
                .isFalse();
        HttpResponse<String> tail = http.get(STREAMS + "/telemetry/tail?shard=0&from=trim-horizon");
        assertThat(tail.body()).contains("\"n\":1", "the shard is closed");
    }

    @Test
    void whatCannotBe_isRefusedWithASentence() throws Exception {
        refused(403, "stream-reserved", "DELETE", STREAMS + "/_gaps", "");
        refused(403, "stream-reserved", "PATCH", STREAMS + "/_gaps", "{\"shards\":2}");
        refused(403, "stream-reserved", "POST", STREAMS, "{\"stream\":\"_mine\"}");
        refused(403, "stream-needed", "DELETE", STREAMS + "/telemetry", "");
        refused(409, "stream-exists", "POST", STREAMS, "{\"stream\":\"telemetry\"}");
        refused(400, "invalid-parameter", "POST", STREAMS, "{\"stream\":\"a b\"}");
        refused(400, "invalid-parameter", "POST", STREAMS, "{\"stream\":\"x\",\"shards\":257}");
        refused(400, "invalid-parameter", "POST", STREAMS, "{\"stream\":\"x\",\"shard\":1}");
        refused(400, "invalid-parameter", "PATCH", STREAMS + "/telemetry", "{\"retentionHours\":23}");
        refused(400, "invalid-parameter", "PATCH", STREAMS + "/telemetry", "[]");
        refused(400, "rejected", "PATCH", STREAMS + "/telemetry", "{\"shards\":3}");
        refused(
                400,
                "rejected",
                "POST",
                STREAMS + "/telemetry/split",
                "{\"shard\":\"0\",\"newStartingHashKey\":\"1\"}");
        refused(404, "shard-not-found", "POST", STREAMS + "/telemetry/split", "{\"shard\":\"7\"}");
        assertThat(http.json(STREAMS + "/telemetry").path("shards").intValue()).isEqualTo(1);
    }

    private void rejected(String detail, String method, String path, String body) throws Exception {
        JsonNode problem = done(400, method, path, body);
        assertThat(problem.path("code").stringValue()).isEqualTo("rejected");
        assertThat(problem.path("detail").stringValue()).contains(detail);
    }

    /** Shards and keys of research/kinesis.md 1.3; limits and words of 1.8. */
    @Test
    void threeShards_haveTheRangesOfKinesis_andRefuseInItsWords() throws Exception {
        JsonNode shards = done(201, "POST", STREAMS, "{\"stream\":\"press\",\"shards\":3}")
                .path("shardList");
        String[] ends = {
            "113427455640312821154458202477256070484",
            "226854911280625642308916404954512140969",
            "340282366920938463463374607431768211455"
        };
        for (int i = 0; i < 3; i++) {
            assertThat(shards.get(i).at("/hashKeyRange/endingHashKey").stringValue())
                    .isEqualTo(ends[i]);
        }
        String[][] keys = {{"a", "0"}, {"b", "1"}, {"e", "2"}, {"f", "1"}};
        for (String[] key : keys) {
            HttpResponse<String> stored =
                    http.post(STREAMS + "/press/records", "{\"partitionKey\":\"" + key[0] + "\",\"data\":{}}");
            assertThat(stored.body()).contains("shardId-00000000000" + key[1]);
        }

        String split = STREAMS + "/press/split";
        String merge = STREAMS + "/press/merge";
        rejected(
                "NewStartingHashKey 113427455640312821154458202477256070486 used in SplitShard() on shard"
                        + " shardId-000000000001 in stream press is not both greater than one plus the shard's"
                        + " StartingHashKey 113427455640312821154458202477256070485 and less than the shard's"
                        + " EndingHashKey 226854911280625642308916404954512140969.",
                "POST",
                split,
                "{\"shard\":\"1\",\"newStartingHashKey\":\"113427455640312821154458202477256070486\"}");
        refused(
                400,
                "invalid-parameter",
                "POST",
                split,
                "{\"shard\":\"1\",\"newStartingHashKey\":\"340282366920938463463374607431768211456\"}");
        rejected(
                "Shards shardId-000000000000 and shardId-000000000002 in stream press are not an adjacent pair of shards"
                        + " eligible for merging",
                "POST",
                merge,
                "{\"shard\":\"0\",\"adjacentShard\":\"2\"}");
        refused(404, "shard-not-found", "POST", merge, "{\"shard\":\"0\",\"adjacentShard\":\"3\"}");
        rejected("can go to 2 up to 6 in one step, not to 7", "PATCH", STREAMS + "/press", "{\"shards\":7}");
        rejected("can go to 2 up to 6 in one step, not to 1", "PATCH", STREAMS + "/press", "{\"shards\":1}");
        rejected("must have 1 to 256 open shards, not 0", "PATCH", STREAMS + "/press", "{\"shards\":0}");
        rejected("must have 1 to 256 open shards, not 257", "PATCH", STREAMS + "/press", "{\"shards\":257}");
        done(200, "POST", merge, "{\"shard\":\"0\",\"adjacentShard\":\"1\"}");
        rejected("is closed and cannot be split", "POST", split, "{\"shard\":\"0\"}");
        rejected("is closed and cannot be merged", "POST", merge, "{\"shard\":\"1\",\"adjacentShard\":\"2\"}");

        done(201, "POST", STREAMS, "{\"stream\":\"full\",\"shards\":256}");
        rejected("must have 1 to 256 open shards, not 257", "POST", STREAMS + "/full/split", "{\"shard\":\"0\"}");
    }
}
