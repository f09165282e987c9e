package io.tidegate.uplink.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.tidegate.core.runtime.SystemClock;
import io.tidegate.core.stream.AppendUnit;
import io.tidegate.core.stream.Attributes;
import io.tidegate.core.stream.GapReason;
import io.tidegate.core.stream.LogEntry;
import io.tidegate.core.stream.MediaId;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.ShardCursor;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StartingPosition;
import io.tidegate.core.stream.StreamLog;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamRecord;
import io.tidegate.core.stream.StreamSettings;
import io.tidegate.support.FaultProxy;
import io.tidegate.support.InMemoryLog;
import io.tidegate.uplink.LaneState;
import io.tidegate.uplink.LaneStatus;
import io.tidegate.uplink.Uplink;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Both ends of the offset contract over a real socket, with what can happen between them. */
class UplinkToReceiverTest {
    private static final Duration DEADLINE = Duration.ofSeconds(30);
    private static final StreamName STREAM = StreamName.TELEMETRY;
    private static final ShardId SHARD = new ShardId(STREAM, 0);

    private final SystemClock clock = new SystemClock();
    private final Deque<AutoCloseable> open = new ArrayDeque<>();
    private final MemoryMedia gatewayMedia = new MemoryMedia();
    private final MemoryMedia centralMedia = new MemoryMedia();
    private final MemoryStateStore tokens = new MemoryStateStore();
    private InMemoryLog gateway = InMemoryLog.create(clock);
    private InMemoryLog central = InMemoryLog.create(clock);
    private int written;

    @AfterEach
    void closeAll() throws Exception {
        while (!open.isEmpty()) {
            open.pop().close();
        }
    }

    private <T extends AutoCloseable> T closing(T part) {
        open.push(part);
        return part;
    }

    private SyncReceiver receiver() {
        return new SyncReceiver(central, centralMedia, TokenRegistry.firstSeen(tokens), ReceiverSettings.defaults());
    }

    private Uplink uplink(StreamLog log, URI url, Encoding encoding) {
        return closing(Uplinks.start(log, url, encoding, gatewayMedia, clock));
    }

    private void write(InMemoryLog log, int count) {
        for (int i = 0; i < count; i++) {
            written++;
            NewRecord record = NewRecord.of(STREAM, "key-" + written % 5, Payload.ofUtf8("{\"n\": " + written + " }"));
            log.append(AppendUnit.of(written % 3 == 0 ? odd(record) : record)).join();
        }
    }

    /** Bytes that are no JSON, attributes, a device time: everything that must come through unchanged. */
    private NewRecord odd(NewRecord record) {
        return new NewRecord(
                STREAM,
                record.partitionKey(),
                null,
                1_600_000_000_123L + written,
                io.tidegate.core.stream.EventTimeFrom.DEVICE,
                "application/octet-stream",
                Attributes.of(Map.of("device", "d\"1", "seq", "" + written)),
                Payload.wrap(new byte[] {(byte) written, 0, '\n', (byte) 0xff}),
                null);
    }

    static List<StreamRecord> read(StreamLog log, ShardId shard) {
        if (log.admin().describe(shard.stream()).isEmpty()) {
            return List.of();
        }
        List<StreamRecord> records = new ArrayList<>();
        try (ShardCursor cursor = log.cursor(shard, new StartingPosition.TrimHorizon())) {
            for (LogEntry entry : cursor.read(Integer.MAX_VALUE).entries()) {
                if (entry instanceof StreamRecord record) {
                    records.add(record);
                }
            }
        }
        return records;
    }

    /** What must be the same at both ends, and where the record comes from. */
    private static String essence(StreamRecord record, boolean atCentral) {
        Map<String, String> own = new TreeMap<>(record.attributes().asMap());
        own.keySet().removeIf(name -> name.startsWith("origin."));
        String sequence = atCentral
                ? String.valueOf(record.attributes().get("origin.sequence"))
                : Long.toString(record.sequenceNumber());
        return sequence + " " + record.partitionKey() + " " + record.eventTimeMillis() + " " + record.eventTimeFrom()
                + " " + record.contentType() + " " + own + " "
                + java.util.HexFormat.of().formatHex(record.data().toBytes());
    }

    private static List<String> essences(Collection<StreamRecord> records, boolean atCentral) {
        return records.stream().map(record -> essence(record, atCentral)).toList();
    }

    private void awaitEqual() {
        await().atMost(DEADLINE).untilAsserted(() -> assertThat(essences(read(central, SHARD), true))
                .isEqualTo(essences(read(gateway, SHARD), false)));
    }

    @Test
    void everyRecord_arrivesOnce_inOrder_withItsBytes_inEveryEncoding() throws Exception {
        for (Encoding encoding : Encoding.values()) {
            gateway = InMemoryLog.create(clock);
            central = InMemoryLog.create(clock);
            written = 0;
            write(gateway, 100);
            Uplink uplink =
                    uplink(gateway, closing(CentralServer.start(receiver())).url(), encoding);
            awaitEqual();
            write(gateway, 50);
            awaitEqual();
            await().atMost(DEADLINE).until(() -> uplink.status().ledger().pending() == 0);
            assertThat(uplink.status().ledger().delivered()).isEqualTo(150);
            assertThat(uplink.status().ledger().balances()).isTrue();
            StreamRecord first = read(central, SHARD).get(0);
            assertThat(first.attributes().get("origin.gateway")).isEqualTo("gateway-under-test");
            assertThat(first.attributes().get("origin.epoch")).isEqualTo("0000000000000001");
            assertThat(first.attributes().get("origin.shard")).isEqualTo("shardId-000000000000");
            uplink.close();
        }
    }

    @Test
    void answersDroppedAfterTheCommit_doNotDoubleAnything() throws Exception {
        CentralServer server = closing(CentralServer.start(receiver()));
        FaultProxy proxy = closing(FaultProxy.to(server.address()));
        proxy.mode(FaultProxy.Mode.DROP_ANSWERS);
        write(gateway, 60);
        uplink(gateway, URI.create("http://127.0.0.1:" + proxy.port()), Encoding.ZSTD);
        await().atMost(DEADLINE).until(() -> proxy.answersDropped() >= 3);
        proxy.mode(FaultProxy.Mode.PASS);
        await().atMost(DEADLINE).until(() -> !read(central, SHARD).isEmpty());
        int before = proxy.answersDropped();
        proxy.mode(FaultProxy.Mode.DROP_ANSWERS);
        write(gateway, 60);
        await().atMost(DEADLINE).until(() -> proxy.answersDropped() > before);
        proxy.mode(FaultProxy.Mode.PASS);
        awaitEqual();
    }

    @Test
    void randomFaults_centralEqualsTheGateway_recordForRecord() throws Exception {
        long seed = Long.getLong("seed", new Random().nextLong());
        System.out.println("UplinkToReceiverTest seed " + seed);
        Random random = new Random(seed);
        CentralServer server = CentralServer.start(receiver());
        FaultProxy proxy = closing(FaultProxy.to(server.address()));
        URI url = URI.create("http://127.0.0.1:" + proxy.port());
        Uplink uplink = uplink(gateway, url, Encoding.GZIP);
        List<FaultProxy.Mode> modes = List.of(FaultProxy.Mode.values());
        List<Encoding> encodings = List.of(Encoding.values());
        for (int round = 0; round < 30; round++) {
            write(gateway, random.nextInt(40));
            proxy.mode(modes.get(random.nextInt(modes.size())));
            int what = random.nextInt(6);
            if (what == 0) {
                // The gateway is killed and comes back with what it had committed, in a new epoch.
                uplink.close();
                gateway = gateway.reopen();
                uplink = uplink(gateway, url, encodings.get(random.nextInt(encodings.size())));
            } else if (what == 1) {
                server.close();
                central = central.reopen();
                server = CentralServer.start(receiver());
                proxy.retarget(server.address());
            } else if (what == 2) {
                proxy.cutAll();
            }
            long units = uplink.status().unitsSent() + uplink.status().retries();
            Uplink current = uplink;
            await().pollInterval(Duration.ofMillis(2))
                    .atMost(DEADLINE)
                    .until(() -> current.status().unitsSent() + current.status().retries() > units
                            || current.status().ledger().pending() == 0);
        }
        proxy.mode(FaultProxy.Mode.PASS);
        proxy.cutAll();
        write(gateway, 10);
        awaitEqual();
        closing(server);
        Uplink last = uplink;
        await().atMost(DEADLINE).until(() -> last.status().ledger().pending() == 0);
        assertThat(last.status().ledger().balances()).isTrue();
        assertThat(last.status().ledger().delivered()).isGreaterThanOrEqualTo(written);
    }

    @Test
    void twoHomesWithOneId_theNewerBranchIsAFork_theOlderIsRefused() throws Exception {
        CentralServer server = closing(CentralServer.start(receiver()));
        write(gateway, 10);
        InMemoryLog copy = gateway.restoredCopy(77);
        write(gateway, 5);
        Uplink older = uplink(gateway, server.url(), Encoding.ZSTD);
        awaitEqual();
        write(copy, 3);
        Uplink newer = uplink(copy, server.url(), Encoding.ZSTD);
        await().atMost(DEADLINE).until(() -> lane(newer).fork());
        await().atMost(DEADLINE).until(() -> read(central, SHARD).size() == 18);
        write(gateway, 1);
        await().atMost(DEADLINE).until(() -> lane(older).state() == LaneState.STOPPED);
        assertThat(lane(older).detail()).contains("gateway id in use by another home");
        assertThat(lane(newer).state()).isEqualTo(LaneState.CONNECTED);
        await().atMost(DEADLINE).untilAsserted(() -> assertThat(read(gateway, new ShardId(StreamName.ALARMS, 0)))
                .anyMatch(record -> record.data().utf8().contains("uplink-stopped")));
        assertThat(read(copy, new ShardId(StreamName.ALARMS, 0)))
                .anyMatch(record -> record.data().utf8().contains("uplink-fork"));
        assertThat(read(central, SHARD)).hasSize(18);
    }

    private static LaneStatus lane(Uplink uplink) {
        return uplink.status().lanes().stream()
                .filter(lane -> lane.shard().equals(SHARD))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void aCentreRestoredFromABackup_getsEverythingSinceAgain() throws Exception {
        CentralServer server = CentralServer.start(receiver());
        FaultProxy proxy = closing(FaultProxy.to(server.address()));
        URI url = URI.create("http://127.0.0.1:" + proxy.port());
        write(gateway, 30);
        Uplink first = uplink(gateway, url, Encoding.ZSTD);
        awaitEqual();
        InMemoryLog backup = central.reopen();
        first.close();
        gateway = gateway.reopen();
        write(gateway, 30);
        Uplink second = uplink(gateway, url, Encoding.ZSTD);
        awaitEqual();
        second.close();
        gateway = gateway.reopen();
        write(gateway, 30);
        server.close();
        central = backup;
        proxy.retarget(closing(CentralServer.start(receiver())).address());
        proxy.cutAll();
        uplink(gateway, url, Encoding.ZSTD);
        awaitEqual();
    }

    @Test
    void recordsLostBeforeTheyWereSent_areToldAsGaps_andCounted() throws Exception {
        write(gateway, 50);
        gateway.drop(SHARD, 21, GapReason.EVICTED);
        SyncReceiver receiver = receiver();
        Uplink uplink = uplink(gateway, closing(CentralServer.start(receiver)).url(), Encoding.ZSTD);
        awaitEqual();
        await().atMost(DEADLINE).until(() -> uplink.status().ledger().pending() == 0);
        assertThat(uplink.status().ledger().missed()).containsExactly(Map.entry(GapReason.EVICTED, 20L));
        assertThat(receiver.counts().recordsMissed()).isEqualTo(20);
    }

    @Test
    void mediaGoesFirst_andWhatIsGoneIsSaidToBeGone() throws Exception {
        gateway.admin().create(StreamSettings.of(StreamName.VIDEO));
        String sha = "ab".repeat(32);
        gatewayMedia.objects.put(MediaId.ofInit(sha), Payload.ofUtf8("init"));
        gatewayMedia.objects.put(new MediaId("s.cam-main.1.1"), Payload.wrap(new byte[100_000]));
        for (int i = 1; i <= 2; i++) {
            String data = "{\"type\":\"fragment\",\"fragmentId\":\"s.cam-main.1." + i + "\",\"init\":\"sha256:" + sha
                    + "\",\"bytes\":100000}";
            gateway.append(AppendUnit.of(NewRecord.of(StreamName.VIDEO, "cam/main", Payload.ofUtf8(data))))
                    .join();
        }
        Uplink uplink = uplink(gateway, closing(CentralServer.start(receiver())).url(), Encoding.ZSTD);
        ShardId video = new ShardId(StreamName.VIDEO, 0);
        await().atMost(DEADLINE).untilAsserted(() -> assertThat(essences(read(central, video), true))
                .isEqualTo(essences(read(gateway, video), false)));
        assertThat(centralMedia.objects).containsExactlyInAnyOrderEntriesOf(gatewayMedia.objects);
        assertThat(uplink.status().mediaSent()).isEqualTo(2);
    }
}
