package io.tidegate.buffer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.tidegate.core.runtime.FakeClock;
import io.tidegate.core.stream.AppendUnit;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamSettings;
import io.tidegate.core.stream.TimeQuality;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Invariant E2: no pair of data key and nonce encrypts twice, whatever happens to the files. */
class NonceTest {
    private static final StreamName BULK = new StreamName("bulk");
    private static final StreamName ALARMS = new StreamName("alarms");
    private static final int ROUNDS = 6;

    @TempDir
    Path directory;

    private final FakeClock clock = new FakeClock(1_800_000_000_000L);
    private final Set<String> used = ConcurrentHashMap.newKeySet();
    private final List<String> usedTwice = Collections.synchronizedList(new ArrayList<>());
    private final List<MasterKey> keys = List.of(Keys.key(1));
    private int opened;

    private LogEncryption encryption() {
        return LogEncryption.of(keys, new SecureRandom(), (salt, counter) -> {
            String pair = pair(salt, counter);
            if (!used.add(pair)) {
                usedTwice.add(pair);
            }
        });
    }

    private static String pair(byte[] salt, long counter) {
        return HexFormat.of().formatHex(salt) + ":" + counter;
    }

    private ShardLog open(Path home) {
        ShardLogSettings settings =
                OpenedLogs.settings(home).withSegmentBytes(64 << 10).withEncryption(encryption());
        return OpenedLogs.open(settings, clock, new Random(++opened));
    }

    private static void append(ShardLog log, int commits) throws Exception {
        for (int i = 0; i < commits; i++) {
            List<NewRecord> records = new ArrayList<>();
            for (int j = 0; j < 5; j++) {
                records.add(NewRecord.of(BULK, "k", Payload.ofUtf8(i + "x".repeat(800))));
            }
            records.add(NewRecord.of(ALARMS, "a", Payload.ofUtf8("alarm " + i)));
            LogReader.commit(log, AppendUnit.of(records.toArray(NewRecord[]::new)));
        }
    }

    @Test
    void noPairOfKeyAndNonce_isUsedTwice_overOpeningsCopiesCrashesAndRewrites() throws Exception {
        List<Path> homes = new ArrayList<>(List.of(directory.resolve("home")));
        for (int round = 0; round < ROUNDS; round++) {
            Path copy = directory.resolve("copy-" + round);
            try (ShardLog log = open(homes.get(0))) {
                log.admin().create(StreamSettings.of(BULK).withRetainedBytesMax(100_000));
                log.admin().create(StreamSettings.of(ALARMS));
                append(log, 30);
                // What a power cut leaves, what a backup holds, and what a cloned card is.
                Keys.copyAsCrashed(log, homes.get(0), copy);
                append(log, 10);
            }
            homes.add(copy);
            try (ShardLog log = open(copy)) {
                append(log, 20);
                await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> {
                    log.lookNow();
                    assertThat(log.status().bytesOnDisk()).isLessThan(600_000);
                });
            }
        }
        rewriteAll(homes.get(0).resolve("log"));
        assertThat(usedTwice).isEmpty();
        assertThat(used).hasSizeGreaterThan(300);
        requireThatEachPairStandsForOneText(homes);
    }

    private void rewriteAll(Path log) throws Exception {
        for (int number : SegmentFile.list(log)) {
            if (!SegmentFile.isInWalMode(SegmentFile.path(log, number))) {
                for (int i = 0; i < 2; i++) {
                    try (SegmentRewrite rewrite =
                            new SegmentRewrite(log, number, run -> true, Compression.NONE, encryption())) {
                        rewrite.run(1);
                    }
                }
            }
        }
    }

    /** What the files show, whoever watched. */
    private void requireThatEachPairStandsForOneText(List<Path> homes) throws Exception {
        Map<String, byte[]> texts = new HashMap<>();
        for (Path home : homes) {
            Path log = home.resolve("log");
            for (int number : SegmentFile.list(log)) {
                try (Connection segment = Sql.openReadOnly(SegmentFile.path(log, number));
                        Statement select = segment.createStatement()) {
                    collect(select, "SELECT body FROM block", texts);
                    collect(select, "SELECT entry FROM snapshot", texts);
                }
            }
        }
        assertThat(texts).hasSizeGreaterThan(300);
        assertThat(used).containsAll(texts.keySet());
    }

    private static void collect(Statement select, String query, Map<String, byte[]> texts) throws SQLException {
        try (ResultSet rows = select.executeQuery(query)) {
            while (rows.next()) {
                byte[] found = rows.getBytes(1);
                String pair = pair(
                        Arrays.copyOf(found, 32),
                        java.nio.ByteBuffer.wrap(found).getLong(32));
                byte[] before = texts.putIfAbsent(pair, found);
                if (before != null) {
                    assertThat(found).as(pair).isEqualTo(before);
                }
            }
        }
    }

    @Test
    void aCommitThatFailed_hasUsedItsNonce_andIsTriedWithAnother() throws Exception {
        Path log = directory.resolve("log");
        java.nio.file.Files.createDirectories(log);
        LogEncryption encryption = encryption();
        SegmentFile.create(log, 1, List.of(new ControlEntry.LogPoint("", 1, 0, 0, 0, 0, 0, 1, 1)), encryption);
        LiveSegment live = LiveSegment.open(log, 1, encryption);
        StoredBlock plain = new StoredBlock(
                new BlockHeader(1, 2, 3, 4, 5, TimeQuality.SYNCED), new byte[0], new byte[] {0}, 0, 0, new byte[0]);
        StoredBlock first = live.encrypt(plain);
        live.insert(first);
        StoredBlock second = live.encrypt(plain);
        assertThatThrownBy(() -> live.insert(second)).isInstanceOf(SQLException.class);
        StoredBlock third = live.encrypt(plain);
        assertThat(List.of(first, second, third))
                .extracting(block -> pair(
                        Arrays.copyOf(block.body(), 32),
                        java.nio.ByteBuffer.wrap(block.body()).getLong(32)))
                .doesNotHaveDuplicates();
        assertThat(live.contains(first)).isTrue();
        live.close();
        LiveSegment again = LiveSegment.open(log, 1, encryption);
        assertThat(Arrays.copyOf(again.encrypt(plain).body(), 32)).isNotEqualTo(Arrays.copyOf(first.body(), 32));
        again.close();
        assertThat(usedTwice).isEmpty();
    }
}
