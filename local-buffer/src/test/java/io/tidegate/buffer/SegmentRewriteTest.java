package io.tidegate.buffer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.tidegate.core.runtime.FakeClock;
import io.tidegate.core.stream.AppendUnit;
import io.tidegate.core.stream.Gap;
import io.tidegate.core.stream.LogCursor;
import io.tidegate.core.stream.LogEntry;
import io.tidegate.core.stream.LogPosition;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StartingPosition;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamRecord;
import io.tidegate.core.stream.StreamSettings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Segments of which most is below the horizons. */
class SegmentRewriteTest {
    private static final StreamName BULK = new StreamName("bulk");
    private static final StreamName ALARMS = new StreamName("alarms");
    private static final ShardId BULK_SHARD = new ShardId(BULK, 0);
    private static final ShardId ALARM_SHARD = new ShardId(ALARMS, 0);
    private static final long BULK_BYTES = 100_000;
    private static final int SEGMENT_BYTES = 64 << 10;

    @TempDir
    Path home;

    private final FakeClock clock = new FakeClock(1_800_000_000_000L);
    private final Random random = new Random(3);

    private ShardLog open() {
        return OpenedLogs.open(OpenedLogs.settings(home).withSegmentBytes(SEGMENT_BYTES), clock);
    }

    private static void create(ShardLog log) {
        log.admin().create(StreamSettings.of(BULK).withRetainedBytesMax(BULK_BYTES));
        log.admin().create(StreamSettings.of(ALARMS).withRetention(Duration.ofDays(365)));
    }

    /** Nothing that zstd could make small. */
    private Payload noise(int bytes) {
        byte[] data = new byte[bytes];
        random.nextBytes(data);
        return Payload.wrap(data);
    }

    /** Ten bulk records around one alarm, in one commit, so that they share blocks. */
    private void append(ShardLog log, int fromRound, int toRound) throws Exception {
        for (int round = fromRound; round < toRound; round++) {
            List<NewRecord> records = new ArrayList<>();
            for (int i = 0; i < 10; i++) {
                records.add(NewRecord.of(BULK, "k", noise(900)));
                if (i == 4) {
                    records.add(NewRecord.of(ALARMS, "a", Payload.ofUtf8("alarm " + round)));
                }
            }
            LogReader.commit(log, new AppendUnit(records, List.of(), List.of(), List.of()));
        }
    }

    private static List<String> alarms(int rounds) {
        List<String> expected = new ArrayList<>();
        for (int round = 0; round < rounds; round++) {
            expected.add("alarm " + round);
        }
        return expected;
    }

    private static void awaitBytesOnDisk(ShardLog log, long bytesMax) {
        await().atMost(Duration.ofSeconds(60)).untilAsserted(() -> {
            log.lookNow();
            assertThat(log.status().bytesOnDisk()).isLessThan(bytesMax);
        });
    }

    @Test
    void alarmsOfAYear_stay_whileBulkBesideThemIsBounded_andTheDiskToo() throws Exception {
        int rounds = 200;
        try (ShardLog log = open()) {
            create(log);
            for (int month = 0; month < 10; month++) {
                append(log, month * rounds / 10, (month + 1) * rounds / 10);
                clock.advance(Duration.ofDays(30));
            }
            // 200 rounds brought 1.8 MB. What has to stay: 100 kB of bulk, the live segment and the one before it
            // whole,
            // and the alarms with the frame of their segments.
            awaitBytesOnDisk(log, 1_000_000);
            assertThat(LogReader.texts(LogReader.all(log, ALARM_SHARD, new StartingPosition.TrimHorizon())))
                    .isEqualTo(alarms(rounds));
            assertThat(log.ledger(ALARM_SHARD).retained()).isEqualTo(rounds);
            assertThat(log.ledger(BULK_SHARD).balances()).isTrue();
            assertThat(log.ledger(BULK_SHARD).evicted()).isPositive();
        }
        assertThat(LogCheck.run(home.resolve("log")).findings()).isEmpty();
        try (ShardLog log = open()) {
            assertThat(LogReader.texts(LogReader.all(log, ALARMS, LogPosition.TRIM_HORIZON)))
                    .isEqualTo(alarms(rounds));
            append(log, rounds, rounds + 1);
        }
    }

    @Test
    void readers_goOn_atThePlacesThatTheyHad_andAreToldOfTheirGaps() throws Exception {
        try (ShardLog log = open()) {
            create(log);
            append(log, 0, 3);
            Set<StreamName> both = Set.of(BULK, ALARMS);
            List<LogPosition> places = new ArrayList<>();
            try (LogCursor open = log.cursor(both, LogPosition.TRIM_HORIZON)) {
                // One entry at a time: within a block, before and after its alarm.
                for (int i = 0; i < 33; i++) {
                    assertThat(open.read(1).entries()).hasSize(1);
                    places.add(open.position());
                }
                append(log, 3, 100);
                // 11 commits of 10 records with 901 bytes are the most that 100,000 bytes can hold.
                long horizon = 1000 - 110 + 1;
                await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> {
                    log.lookNow();
                    assertThat(log.ledger(BULK_SHARD).retained()).isEqualTo(110);
                });
                awaitBytesOnDisk(log, 700_000);
                checkRest(readAll(open), 31, horizon, 3);
                for (int i = 0; i < 33; i++) {
                    try (LogCursor again = log.cursor(both, places.get(i))) {
                        int read = i + 1;
                        int alarmsRead = read / 11 + (read % 11 >= 6 ? 1 : 0);
                        checkRest(readAll(again), read - alarmsRead + 1, horizon, alarmsRead);
                    }
                }
            }
        }
        assertThat(LogCheck.run(home.resolve("log")).findings()).isEmpty();
    }

    private static List<LogEntry> readAll(LogCursor cursor) {
        List<LogEntry> entries = new ArrayList<>();
        boolean atEnd = false;
        while (!atEnd) {
            var batch = cursor.read(1 << 20);
            entries.addAll(batch.entries());
            atEnd = batch.atEnd();
        }
        return entries;
    }

    private static void checkRest(List<LogEntry> entries, long bulkFrom, long horizon, int firstAlarm) {
        List<String> alarms = entries.stream()
                .filter(entry ->
                        entry instanceof StreamRecord record && record.shard().equals(ALARM_SHARD))
                .map(entry -> ((StreamRecord) entry).data().utf8())
                .toList();
        assertThat(alarms).isEqualTo(alarms(100).subList(firstAlarm, 100));
        List<Gap> gaps = entries.stream()
                .filter(Gap.class::isInstance)
                .map(Gap.class::cast)
                .toList();
        assertThat(gaps).hasSize(1);
        assertThat(gaps.get(0).fromInclusive()).isLessThanOrEqualTo(bulkFrom);
        if (gaps.get(0).exact()) {
            assertThat(gaps.get(0).fromInclusive()).isEqualTo(bulkFrom);
        }
        assertThat(gaps.get(0).toExclusive()).isEqualTo(horizon);
        long bulk = entries.stream()
                .filter(entry ->
                        entry instanceof StreamRecord record && record.shard().equals(BULK_SHARD))
                .count();
        assertThat(bulk).isEqualTo(1000 - horizon + 1);
    }

    @Test
    void segmentThatCannotBeLookedAt_doesNotKeepNewerOnesFromBeingRewritten() throws Exception {
        try (ShardLog log = open()) {
            log.admin().create(StreamSettings.of(BULK));
            log.admin().create(StreamSettings.of(ALARMS).withRetention(Duration.ofDays(365)));
            append(log, 0, 100);
        }
        SegmentFile.delete(home.resolve("log"), 2);
        try (ShardLog log = open()) {
            log.admin().configure(StreamSettings.of(BULK).withRetainedBytesMax(BULK_BYTES));
            awaitBytesOnDisk(log, 700_000);
        }
    }

    @Test
    void segmentThatCannotBeWritten_doesNotKeepNewerOnesFromBeingRewritten_andIsTriedAgainAfterAnHour()
            throws Exception {
        Path unfinished = home.resolve("log").resolve("00000001.seg.new");
        Path inTheWay = unfinished.resolve("in-the-way");
        Path first = SegmentFile.path(home.resolve("log"), 1);
        try (ShardLog log = open()) {
            Files.createDirectories(inTheWay);
            create(log);
            append(log, 0, 100);
            awaitBytesOnDisk(log, 700_000);
            long length = Files.size(first);
            Files.delete(inTheWay);
            Files.delete(unfinished);
            clock.advance(Duration.ofMinutes(61));
            await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> {
                log.lookNow();
                assertThat(Files.size(first)).isLessThan(length / 2);
            });
        }
        assertThat(LogCheck.run(home.resolve("log")).findings()).isEmpty();
    }

    @Test
    void openReaderOfTheOldFile_goesOnReading_andARewriteThatBreaksOffLeavesTheOldFile() throws Exception {
        Path file = SegmentFile.path(home.resolve("log"), 1);
        try (ShardLog log = open()) {
            create(log);
            append(log, 0, 10);
            await().until(() -> {
                log.lookNow();
                return !SegmentFile.isInWalMode(file);
            });
        }
        byte[] before = Files.readAllBytes(file);
        try (SegmentReader old = SegmentReader.open(file, true, LogEncryption.none());
                SegmentRewrite rewrite = new SegmentRewrite(
                        home.resolve("log"), 1, run -> run.ordinal() != 0, Compression.ZSTD, LogEncryption.none())) {
            int blocks = old.read(1, Long.MAX_VALUE, 1).size();
            rewrite.run(1);
            assertThat(file.toFile().length()).isLessThan(before.length / 2);
            assertThat(old.read(1, Long.MAX_VALUE, Integer.MAX_VALUE)).hasSizeGreaterThan(blocks);
        }
        Files.write(file, before);
        try (SegmentRewrite rewrite = new SegmentRewrite(
                home.resolve("log"),
                1,
                run -> {
                    throw new IllegalStateException("pulled the plug");
                },
                Compression.ZSTD,
                LogEncryption.none())) {
            assertThatThrownBy(() -> rewrite.run(1)).hasMessage("pulled the plug");
        }
        assertThat(file).hasBinaryContent(before);
        assertThat(LogCheck.run(home.resolve("log")).findings()).isEmpty();
    }
}
