package io.tidegate.buffer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.tidegate.core.runtime.FakeClock;
import io.tidegate.core.stream.AppendUnit;
import io.tidegate.core.stream.Gap;
import io.tidegate.core.stream.GapReason;
import io.tidegate.core.stream.LogCursor;
import io.tidegate.core.stream.LogEntry;
import io.tidegate.core.stream.LogPosition;
import io.tidegate.core.stream.LossLedger;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.ReadBatch;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StartingPosition;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamSettings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RetentionTest {
    private static final StreamName STREAM = new StreamName("press");
    private static final ShardId SHARD = new ShardId(STREAM, 0);
    private static final StreamSettings ONE_DAY = StreamSettings.of(STREAM).withRetention(Duration.ofDays(1));

    @TempDir
    Path home;

    private final FakeClock clock = new FakeClock(1_800_000_000_000L);

    private ShardLog open() {
        return OpenedLogs.open(OpenedLogs.settings(home).withSegmentBytes(64 << 10), clock);
    }

    private static void append(ShardLog log, int from, int to) throws Exception {
        for (int i = from; i < to; i++) {
            LogReader.commit(log, AppendUnit.of(NewRecord.of(STREAM, "k", Payload.ofUtf8("x".repeat(1000 - 1)))));
        }
    }

    private static void awaitHorizon(ShardLog log, long horizon) {
        await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> {
            log.lookNow();
            assertThat(log.admin()
                            .describe(STREAM)
                            .orElseThrow()
                            .shards()
                            .get(0)
                            .horizon())
                    .isEqualTo(horizon);
        });
    }

    @Test
    void recordsOlderThanTheStreamKeeps_expire_andTheirSegmentsGo() throws Exception {
        try (ShardLog log = open()) {
            log.admin().create(ONE_DAY);
            append(log, 0, 200);
            int segmentsBefore = log.status().segments();
            clock.advance(Duration.ofHours(23));
            append(log, 200, 210);
            clock.advance(Duration.ofHours(2));
            awaitHorizon(log, 201);
            assertThat(log.ledger(SHARD)).isEqualTo(new LossLedger(SHARD, 210, 10, 200, 0, 0));
            await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> {
                log.lookNow();
                assertThat(log.status().segments()).isLessThan(segmentsBefore);
            });
            assertThat(LogReader.records(LogReader.all(log, SHARD, new StartingPosition.TrimHorizon())))
                    .hasSize(10);
            List<LogEntry> fromTheFirst = LogReader.all(log, SHARD, new StartingPosition.AtSequenceNumber(1));
            assertThat(fromTheFirst).hasSize(11);
            Gap gap = (Gap) fromTheFirst.get(0);
            assertThat(gap.fromInclusive()).isEqualTo(1);
            assertThat(gap.toExclusive()).isEqualTo(201);
            assertThat(gap.records()).isEqualTo(200);
            assertThat(gap.reason()).isEqualTo(GapReason.EXPIRED);
        }
        assertThat(LogCheck.run(home.resolve("log")).findings()).isEmpty();
        try (ShardLog log = open()) {
            assertThat(log.ledger(SHARD)).isEqualTo(new LossLedger(SHARD, 210, 10, 200, 0, 0));
            append(log, 210, 211);
            assertThat(log.ledger(SHARD).appended()).isEqualTo(211);
        }
    }

    @Test
    void forwardJumpOfTheWallClock_deletesNothing() throws Exception {
        try (ShardLog log = open()) {
            log.admin().create(ONE_DAY);
            append(log, 0, 5);
            clock.setWall(clock.wallMillis() + Duration.ofDays(3650).toMillis());
            append(log, 5, 6);
            clock.advance(Duration.ofHours(23));
            StreamName small = new StreamName("small");
            log.admin().create(StreamSettings.of(small).withRetainedBytesMax(1));
            for (int i = 0; i < 2; i++) {
                LogReader.commit(log, AppendUnit.of(NewRecord.of(small, "k", Payload.ofUtf8("x"))));
            }
            // A look has gone by when the other stream has given up what it must; it would have expired these, too.
            await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> {
                log.lookNow();
                assertThat(log.ledger(new ShardId(small, 0)).evicted()).isEqualTo(1);
            });
            assertThat(log.ledger(SHARD).retained()).isEqualTo(6);
            append(log, 6, 7);
            clock.advance(Duration.ofMinutes(90));
            awaitHorizon(log, 7);
            assertThat(log.ledger(SHARD).retained()).isEqualTo(1);
        }
    }

    /** A file that the operating system does not give out now, and may later. */
    @Test
    void streamThatCannotBeRead_doesNotKeepOthersFromGivingUpWhatTheyMust() throws Exception {
        StreamName first = new StreamName("first");
        Path segment = SegmentFile.path(home.resolve("log"), 1);
        try (ShardLog log = open()) {
            log.admin().create(StreamSettings.of(first));
            log.admin().create(StreamSettings.of(STREAM));
            while (log.status().segments() < 2) {
                LogReader.commit(log, AppendUnit.of(NewRecord.of(first, "k", Payload.ofUtf8("x".repeat(999)))));
            }
            append(log, 0, 400);
        }
        Path kept = Files.move(segment, home.resolve("kept"));
        // A link can be replaced in one step: a file that is gone, however shortly, is lost and not unreadable.
        Files.createSymbolicLink(segment, Files.createDirectory(home.resolve("no-database")));
        try (ShardLog log = open()) {
            log.admin().configure(StreamSettings.of(first).withRetainedBytesMax(5_000));
            log.admin().configure(StreamSettings.of(STREAM).withRetainedBytesMax(200_000));
            awaitRetained(log, SHARD, 200);
            assertThat(log.ledger(new ShardId(first, 0)).retained()).isGreaterThan(5);
            Files.move(kept, segment, StandardCopyOption.ATOMIC_MOVE);
            awaitRetained(log, new ShardId(first, 0), 5);
        }
        assertThat(LogCheck.run(home.resolve("log")).findings()).isEmpty();
    }

    private static void awaitRetained(ShardLog log, ShardId shard, long records) {
        await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> {
            log.lookNow();
            assertThat(log.ledger(shard).retained()).isEqualTo(records);
        });
    }

    @Test
    void streamOverItsBytes_givesUpTheOldest_andTellsInGaps() throws Exception {
        try (ShardLog log = open()) {
            log.admin().create(StreamSettings.of(StreamName.GAPS));
            log.admin().create(StreamSettings.of(STREAM).withRetainedBytesMax(50_000));
            append(log, 0, 100);
            awaitHorizon(log, 51);
            assertThat(log.ledger(SHARD)).isEqualTo(new LossLedger(SHARD, 100, 50, 0, 50, 0));
            List<String> told = LogReader.texts(LogReader.all(log, StreamName.GAPS, LogPosition.TRIM_HORIZON));
            assertThat(told).isNotEmpty().allSatisfy(text -> assertThat(text)
                    .startsWith("{\"consumers\":[]")
                    .contains("\"reason\":\"evicted\""));
            Gap gap = (Gap) LogReader.all(log, STREAM, new LogPosition(1, 0)).get(0);
            assertThat(gap.toExclusive()).isEqualTo(51);
            assertThat(gap.reason()).isEqualTo(GapReason.EVICTED);
        }
        assertThat(LogCheck.run(home.resolve("log")).findings()).isEmpty();
    }

    @Test
    void readerInCommitOrder_behindWhatWasRemoved_isToldOfAllOfIt() throws Exception {
        try (ShardLog log = open()) {
            log.admin().create(StreamSettings.of(STREAM).withRetainedBytesMax(50_000));
            append(log, 0, 10);
            try (LogCursor open = log.cursor(Set.of(STREAM), LogPosition.TRIM_HORIZON)) {
                assertThat(open.read(1 << 20).entries()).hasSize(10);
                LogPosition place = open.position();
                int segmentsMax = log.status().segments();
                append(log, 10, 400);
                // The last of the removed records are still in a file that holds younger ones, too.
                awaitHorizon(log, 351);
                await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> {
                    log.lookNow();
                    assertThat(log.status().segments()).isLessThanOrEqualTo(segmentsMax + 2);
                });

                List<LogEntry> goingOn = open.read(1 << 20).entries();
                assertThat(goingOn).hasSize(51);
                assertThat(goingOn.get(0)).isInstanceOfSatisfying(Gap.class, gap -> {
                    assertThat(gap.fromInclusive()).isEqualTo(11);
                    assertThat(gap.toExclusive()).isEqualTo(351);
                    assertThat(gap.records()).isEqualTo(340);
                    assertThat(gap.exact()).isTrue();
                });

                try (LogCursor again = log.cursor(Set.of(STREAM), place)) {
                    List<LogEntry> anew = again.read(1 << 20).entries();
                    assertThat(LogReader.records(anew)).hasSize(50);
                    assertThat(anew.get(0)).isInstanceOfSatisfying(Gap.class, gap -> {
                        assertThat(gap.fromInclusive()).isLessThanOrEqualTo(11);
                        assertThat(gap.exact()).isFalse();
                    });
                    assertContiguous(gaps(anew, STREAM), ((Gap) anew.get(0)).fromInclusive(), 351);
                }
            }
        }
    }

    private static List<Gap> gaps(List<LogEntry> entries, StreamName stream) {
        return entries.stream()
                .filter(Gap.class::isInstance)
                .map(Gap.class::cast)
                .filter(gap -> gap.shard().stream().equals(stream))
                .toList();
    }

    private static void assertContiguous(List<Gap> gaps, long from, long to) {
        long next = from;
        for (Gap gap : gaps) {
            assertThat(gap.fromInclusive()).isEqualTo(next);
            next = gap.toExclusive();
        }
        assertThat(next).isEqualTo(to);
    }

    @Test
    void gap_isToldOnce_howeverOftenAReaderInCommitOrderStartsAgainAtItsPosition() throws Exception {
        StreamName other = new StreamName("kept");
        try (ShardLog log = open()) {
            log.admin().create(StreamSettings.of(STREAM).withRetainedBytesMax(50_000));
            log.admin().create(StreamSettings.of(other));
            for (int i = 1; i <= 100; i++) {
                append(log, 0, 1);
                LogReader.commit(log, AppendUnit.of(NewRecord.of(other, "k", Payload.ofUtf8(Integer.toString(i)))));
            }
            awaitHorizon(log, 51);
            List<LogEntry> entries = new ArrayList<>();
            LogPosition position = new LogPosition(1, 0);
            boolean atEnd = false;
            while (!atEnd) {
                // As if the reader had stored its position after each batch, and had been killed.
                try (LogCursor cursor = log.cursor(Set.of(STREAM, other), position)) {
                    ReadBatch batch = cursor.read(2);
                    entries.addAll(batch.entries());
                    atEnd = batch.atEnd();
                    position = cursor.position();
                }
            }
            assertContiguous(gaps(entries, STREAM), 1, 51);
            assertThat(gaps(entries, STREAM)).hasSizeGreaterThan(1).allMatch(Gap::exact);
            assertThat(LogReader.records(entries)).hasSize(50 + 100);
        }
    }
}
