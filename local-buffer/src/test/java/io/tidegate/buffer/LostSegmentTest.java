package io.tidegate.buffer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.tidegate.core.runtime.SystemClock;
import io.tidegate.core.stream.AppendUnit;
import io.tidegate.core.stream.Gap;
import io.tidegate.core.stream.GapReason;
import io.tidegate.core.stream.LogCursor;
import io.tidegate.core.stream.LogEntry;
import io.tidegate.core.stream.LogPosition;
import io.tidegate.core.stream.LossLedger;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StartingPosition;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamRecord;
import io.tidegate.core.stream.StreamSettings;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a log does when a whole segment, or all that knew of a shard, is gone. */
class LostSegmentTest {
    private static final long JUMP = 1L << 32;
    private static final StreamName STREAM = new StreamName("press");
    private static final StreamName LATE = new StreamName("zulu");
    private static final ShardId SHARD = new ShardId(STREAM, 0);
    private static final ShardId LATE_SHARD = new ShardId(LATE, 0);
    private static final StartingPosition TRIM = new StartingPosition.TrimHorizon();

    @TempDir
    Path home;

    private ShardLog open() {
        return OpenedLogs.open(OpenedLogs.settings(home).withSegmentBytes(64 << 10), new SystemClock());
    }

    private static long append(ShardLog log, StreamName stream, String text) throws Exception {
        return LogReader.commit(log, AppendUnit.of(NewRecord.of(stream, "k", Payload.ofUtf8(text))))
                .places()
                .get(0)
                .sequenceNumber();
    }

    /** Some full segments with 300 records of one stream; then, in the live one, a second stream with five. */
    private int writeWithALateStream() throws Exception {
        try (ShardLog log = open()) {
            log.admin().create(StreamSettings.of(StreamName.GAPS));
            log.admin().create(StreamSettings.of(STREAM));
            for (int i = 1; i <= 300; i++) {
                append(log, STREAM, i + "x".repeat(500));
            }
            log.admin().create(StreamSettings.of(LATE));
            for (int i = 1; i <= 5; i++) {
                assertThat(append(log, LATE, "late-" + i)).isEqualTo(i);
            }
        }
        List<Integer> segments = SegmentFile.list(home.resolve("log"));
        return segments.get(segments.size() - 1);
    }

    private void destroy(int segment) throws IOException {
        Path file = SegmentFile.path(home.resolve("log"), segment);
        byte[] bytes = Files.readAllBytes(file);
        Arrays.fill(bytes, 0, 4096, (byte) 0x55);
        Files.write(file, bytes);
    }

    private static List<Gap> gaps(List<LogEntry> entries) {
        return entries.stream()
                .filter(Gap.class::isInstance)
                .map(Gap.class::cast)
                .toList();
    }

    @Test
    void streamCreatedInALostSegment_isKnownAgain_andNoNumberIsUsedTwice() throws Exception {
        destroy(writeWithALateStream());
        try (ShardLog log = open()) {
            assertThat(log.admin().create(StreamSettings.of(LATE))).isFalse();
            assertThat(append(log, LATE, "after")).isEqualTo(1 + JUMP);
            List<LogEntry> entries = LogReader.all(log, LATE_SHARD, TRIM);
            assertThat(gaps(entries).stream().map(Gap::reason))
                    .containsExactly(GapReason.CORRUPT, GapReason.RENUMBERED);
            assertThat(gaps(entries).get(0).records()).isGreaterThanOrEqualTo(5);
            assertThat(LogReader.texts(entries)).containsExactly("after");
            assertThat(log.ledger(LATE_SHARD).balances()).isTrue();
        }
    }

    @Test
    void streamCreatedInALostSegment_withoutTheCopyOfTheList_startsBeyondAllNumbersThatItCanHaveHad() throws Exception {
        int lost = writeWithALateStream();
        destroy(lost);
        Files.delete(home.resolve("log").resolve(ShardCatalog.NAME));
        try (ShardLog log = open()) {
            assertThat(log.admin().create(StreamSettings.of(LATE))).isTrue();
            assertThat(append(log, LATE, "after")).isEqualTo(1 + lost * JUMP);
        }
        try (ShardLog log = open()) {
            assertThat(LogReader.texts(LogReader.all(log, LATE_SHARD, TRIM))).containsExactly("after");
            assertThat(log.admin().create(StreamSettings.of(LATE))).isFalse();
        }
    }

    @Test
    void streamWhoseCreationIsDamaged_keepsEveryRecord() throws Exception {
        Path file = SegmentFile.path(home.resolve("log"), writeWithALateStream());
        byte[] bytes = Files.readAllBytes(file);
        int at = new String(bytes, StandardCharsets.ISO_8859_1).indexOf(LATE.value());
        assertThat(at).isPositive();
        bytes[at] ^= 1;
        Files.write(file, bytes);
        try (ShardLog log = open()) {
            assertThat(LogReader.texts(LogReader.all(log, LATE_SHARD, TRIM)))
                    .containsExactly("late-1", "late-2", "late-3", "late-4", "late-5");
            assertThat(append(log, LATE, "after")).isEqualTo(6);
            assertThat(log.ledger(LATE_SHARD)).isEqualTo(new LossLedger(LATE_SHARD, 6, 6, 0, 0, 0));
        }
    }

    @Test
    void onlySegment_lost_leavesTheStreams_andNumbersBeyondAllThatWereUsed() throws Exception {
        try (ShardLog log = open()) {
            log.admin().create(StreamSettings.of(STREAM));
            assertThat(append(log, STREAM, "before")).isEqualTo(1);
        }
        destroy(1);
        try (ShardLog log = open()) {
            assertThat(log.admin().create(StreamSettings.of(STREAM))).isFalse();
            assertThat(append(log, STREAM, "after")).isGreaterThan(JUMP);
            assertThat(gaps(LogReader.all(log, SHARD, TRIM))).hasSize(2);
            assertThat(log.ledger(SHARD).balances()).isTrue();
        }
    }

    private void sealFirst(int segments) throws Exception {
        try (ShardLog log = open()) {
            await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> {
                log.lookNow();
                for (int segment = 1; segment <= segments; segment++) {
                    assertThat(SegmentFile.isInWalMode(SegmentFile.path(home.resolve("log"), segment)))
                            .isFalse();
                }
            });
        }
    }

    private SegmentSummary summary(int segment) {
        return LogFiles.look(home.resolve("log"), LogEncryption.none(), LogFiles::state).segments().stream()
                .filter(each -> each.number() == segment)
                .findFirst()
                .orElseThrow();
    }

    @Test
    void readerInTheMiddleOfASegmentThatIsLost_isToldOfTheRestOfIt_once() throws Exception {
        writeWithALateStream();
        sealFirst(2);
        SegmentSummary second = summary(2);
        SegmentSummary.Span span = second.spans().stream()
                .filter(each -> each.next() - each.first() > 10)
                .findFirst()
                .orElseThrow();
        LogPosition middle = new LogPosition((second.firstLsn() + second.nextLsn()) / 2, 0);
        destroy(2);
        try (ShardLog log = open();
                LogCursor cursor = log.cursor(Set.of(STREAM), middle)) {
            List<LogEntry> entries = cursor.read(1 << 20).entries();
            assertThat(gaps(entries)).hasSize(1);
            Gap gap = gaps(entries).get(0);
            assertThat(gap.exact()).isFalse(); // how much of it the reader has had, nobody knows
            assertThat(gap.toExclusive()).isEqualTo(span.next());
            assertThat(LogReader.records(entries).get(0).sequenceNumber()).isEqualTo(span.next());
            // Started again behind it, it hears nothing of it.
            try (LogCursor later = log.cursor(Set.of(STREAM), cursor.position())) {
                assertThat(gaps(later.read(1 << 20).entries())).isEmpty();
            }
        }
    }

    @Test
    void segmentOfWhichOneRecordIsCountedAsLost_isCountedWhole_whenTheRestIsLostToo() throws Exception {
        writeWithALateStream();
        sealFirst(2);
        SegmentSummary.Span span = summary(2).spans().stream()
                .filter(each -> each.next() - each.first() > 10)
                .findFirst()
                .orElseThrow();
        Path file = SegmentFile.path(home.resolve("log"), 2);
        byte[] bytes = Files.readAllBytes(file);
        int at = new String(bytes, StandardCharsets.ISO_8859_1).indexOf(span.first() + "x".repeat(500));
        assertThat(at).isPositive();
        bytes[at + 10] ^= 1;
        Files.write(file, bytes);
        try (ShardLog log = open()) {
            assertThat(gaps(LogReader.all(log, SHARD, TRIM))).hasSize(1);
            await().atMost(Duration.ofSeconds(30))
                    .untilAsserted(() -> assertThat(log.ledger(SHARD).corrupt()).isEqualTo(1));
        }
        destroy(2);
        try (ShardLog log = open()) {
            long missing = gaps(LogReader.all(log, SHARD, TRIM)).stream()
                    .mapToLong(Gap::records)
                    .sum();
            assertThat(missing).isEqualTo(span.next() - span.first());
            await().atMost(Duration.ofSeconds(30))
                    .untilAsserted(() -> assertThat(log.ledger(SHARD).corrupt()).isEqualTo(missing));
            assertThat(log.ledger(SHARD).balances()).isTrue();
        }
    }

    @Test
    void sealedSegment_thatIsMissing_isCountedAndToldWhenTheLogIsOpened() throws Exception {
        writeWithALateStream();
        try (ShardLog log = open()) {
            await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> {
                log.lookNow();
                assertThat(SegmentFile.isInWalMode(SegmentFile.path(home.resolve("log"), 2)))
                        .isFalse();
            });
        }
        Files.delete(SegmentFile.path(home.resolve("log"), 2));
        try (ShardLog log = open()) {
            // Nobody has read there.
            await().atMost(Duration.ofSeconds(30))
                    .untilAsserted(() -> assertThat(log.ledger(SHARD).corrupt()).isPositive());
            LossLedger ledger = log.ledger(SHARD);
            assertThat(ledger.balances()).isTrue();
            await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> assertThat(
                            LogReader.texts(LogReader.all(log, StreamName.GAPS, LogPosition.TRIM_HORIZON)))
                    .hasSize(1));
            for (List<LogEntry> entries :
                    List.of(LogReader.all(log, SHARD, TRIM), LogReader.all(log, STREAM, LogPosition.TRIM_HORIZON))) {
                assertThat(gaps(entries)).hasSize(1);
                Gap gap = gaps(entries).get(0);
                assertThat(gap.records())
                        .isEqualTo(ledger.corrupt())
                        .isEqualTo(gap.toExclusive() - gap.fromInclusive());
                assertThat(LogReader.records(entries).stream()
                                .map(StreamRecord::sequenceNumber)
                                .toList())
                        .hasSize((int) (300 - gap.records()))
                        .doesNotContain(gap.fromInclusive(), gap.toExclusive() - 1);
            }
            assertThat(append(log, STREAM, "after")).isEqualTo(301);
        }
    }
}
