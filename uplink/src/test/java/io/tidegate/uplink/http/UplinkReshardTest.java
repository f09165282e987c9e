package io.tidegate.uplink.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.tidegate.core.runtime.SystemClock;
import io.tidegate.core.stream.AppendUnit;
import io.tidegate.core.stream.LogCursor;
import io.tidegate.core.stream.LogPosition;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.ShardDescription;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamRecord;
import io.tidegate.support.FaultProxy;
import io.tidegate.support.InMemoryLog;
import io.tidegate.uplink.LaneState;
import io.tidegate.uplink.LaneStatus;
import io.tidegate.uplink.Uplink;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Order per key at the centre while the shards of the gateway's stream change. */
class UplinkReshardTest {
    private static final Duration DEADLINE = Duration.ofSeconds(30);
    private static final StreamName STREAM = StreamName.TELEMETRY;

    private final SystemClock clock = new SystemClock();
    private final Deque<AutoCloseable> open = new ArrayDeque<>();
    private final MemoryMedia media = new MemoryMedia();
    private InMemoryLog central = InMemoryLog.create(clock);
    private InMemoryLog gateway = InMemoryLog.create(clock);
    private int written;

    @AfterEach
    void closeAll() throws Exception {
        while (!open.isEmpty()) {
            open.pop().close();
        }
    }

    private CentralServer server() throws Exception {
        CentralServer server = CentralServer.start(new SyncReceiver(
                central, media, TokenRegistry.firstSeen(new MemoryStateStore()), ReceiverSettings.defaults()));
        open.push(server);
        return server;
    }

    private Uplink uplink(CentralServer server) {
        return uplink(server.url());
    }

    private Uplink uplink(URI url) {
        Uplink uplink = Uplinks.start(gateway, url, Encoding.ZSTD, media, clock);
        open.push(uplink);
        return uplink;
    }

    private void write(int count) {
        for (int i = 0; i < count; i++) {
            Payload data = Payload.ofUtf8("{\"n\":" + written + "}");
            gateway.append(AppendUnit.of(NewRecord.of(STREAM, "key-" + written++ % 8, data)))
                    .join();
        }
    }

    private static List<StreamRecord> all(InMemoryLog log) {
        List<StreamRecord> records = new ArrayList<>();
        try (LogCursor cursor = log.cursor(Set.of(STREAM), LogPosition.TRIM_HORIZON)) {
            cursor.read(Integer.MAX_VALUE).entries().forEach(entry -> records.add((StreamRecord) entry));
        }
        return records;
    }

    private static Map<String, List<String>> byKey(InMemoryLog log) {
        Map<String, List<String>> byKey = new LinkedHashMap<>();
        all(log).forEach(record -> byKey.computeIfAbsent(record.partitionKey(), key -> new ArrayList<>())
                .add(record.data().utf8()));
        return byKey;
    }

    private static LaneStatus lane(Uplink uplink, int shard) {
        return uplink.status().lanes().stream()
                .filter(lane -> lane.shard().equals(new ShardId(STREAM, shard)))
                .findFirst()
                .orElseThrow();
    }

    private void awaitAll(Uplink uplink) {
        await().atMost(DEADLINE).until(() -> all(central).size() >= written);
        assertThat(byKey(central)).isEqualTo(byKey(gateway));
        await().atMost(DEADLINE).until(() -> uplink.status().isConnected());
        await().atMost(DEADLINE).until(() -> uplink.status().ledger().pending() == 0);
        assertThat(uplink.status().ledger().balances()).isTrue();
    }

    @Test
    void childrenWait_untilAllOfAFailingParentHasArrived() throws Exception {
        CentralServer server = server();
        Uplink uplink = uplink(server);
        write(50);
        awaitAll(uplink);
        server.fail(path -> path.endsWith("/telemetry/shardId-000000000000"));
        write(50);
        gateway.admin().updateShardCount(STREAM, 2);
        write(100);
        await().atMost(DEADLINE)
                .until(() -> uplink.status().lanes().stream().anyMatch(lane -> lane.state() == LaneState.WAITING));
        long retries = uplink.status().retries();
        await().atMost(DEADLINE).until(() -> uplink.status().retries() > retries + 20);
        assertThat(all(central)).hasSize(50);
        assertThat(lane(uplink, 1).state()).isEqualTo(LaneState.WAITING);
        assertThat(uplink.status().isConnected()).isFalse();

        server.fail(path -> false);
        awaitAll(uplink);
        assertThat(lane(uplink, 0).state()).isEqualTo(LaneState.ENDED);
        assertThat(lane(uplink, 1).state()).isEqualTo(LaneState.CONNECTED);
        assertThat(all(central).get(199).attributes().get("origin.shard"))
                .isIn("shardId-000000000001", "shardId-000000000002");
    }

    @Test
    void splitsAndMergesUnderLoad_keepTheOrderOfEachKey_overRestarts() throws Exception {
        Random random = new Random(11);
        CentralServer server = server();
        Uplink uplink = uplink(server);
        for (int round = 0; round < 12; round++) {
            write(20 + random.nextInt(20));
            int now =
                    gateway.admin().describe(STREAM).orElseThrow().openShards().size();
            int count = Math.min(6, Math.max((now + 1) / 2, 1 + random.nextInt(2 * now)));
            gateway.admin().updateShardCount(STREAM, count);
            int odd = random.nextInt(3);
            // A part of the shards fails for a while: each key must still wait for its own.
            server.fail(path -> path.contains("/telemetry/") && path.hashCode() % 3 == odd);
            if (round % 4 == 3) {
                uplink.close();
                gateway = gateway.reopen();
                uplink = uplink(server);
            }
        }
        write(40);
        server.fail(path -> false);
        awaitAll(uplink);
        Uplink last = uplink;
        for (ShardDescription shard :
                gateway.admin().describe(STREAM).orElseThrow().shards()) {
            if (!shard.open()) {
                await().atMost(DEADLINE)
                        .until(() -> lane(last, shard.id().number()).state() == LaneState.ENDED);
            }
        }
    }

    @Test
    void aCentreRestoredFromABackup_olderThanAReshard_getsAllOfTheNewShardsAgain() throws Exception {
        CentralServer server = server();
        FaultProxy proxy = FaultProxy.to(server.address());
        open.push(proxy);
        Uplink uplink = uplink(URI.create("http://127.0.0.1:" + proxy.port()));
        write(50);
        awaitAll(uplink);
        InMemoryLog backup = central.reopen();
        gateway.admin().updateShardCount(STREAM, 2);
        write(100);
        awaitAll(uplink);
        server.close();
        central = backup;
        proxy.retarget(server().address());
        proxy.cutAll();
        write(50);
        awaitAll(uplink);
    }

    @Test
    void deletedStream_takesItsLanesWithIt_withoutAnAlarm() throws Exception {
        CentralServer server = server();
        Uplink uplink = uplink(server);
        write(20);
        awaitAll(uplink);
        server.fail(path -> path.contains("/telemetry/"));
        write(20);
        gateway.admin().delete(STREAM);
        await().atMost(DEADLINE).until(() -> uplink.status().lanes().stream()
                .noneMatch(lane -> lane.shard().stream().equals(STREAM)));
        await().atMost(DEADLINE).until(() -> uplink.status().isConnected());
        assertThat(UplinkToReceiverTest.read(gateway, new ShardId(StreamName.ALARMS, 0)))
                .isEmpty();
    }
}
