package io.tidegate.buffer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.tidegate.core.runtime.Clock;
import io.tidegate.core.runtime.ClockSync;
import io.tidegate.core.runtime.EffectiveClock;
import io.tidegate.core.runtime.SystemClock;
import io.tidegate.core.stream.AppendUnit;
import io.tidegate.core.stream.Gap;
import io.tidegate.core.stream.GapReason;
import io.tidegate.core.stream.LogEntry;
import io.tidegate.core.stream.LogPosition;
import io.tidegate.core.stream.LossLedger;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamRecord;
import io.tidegate.core.stream.TimeQuality;
import java.nio.channels.FileChannel;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class DamageTest extends DamagedLog {
    @Test
    void flippedBit_inASealedSegment_isAGapOfExactlyThatBlock_countedOnce() throws Exception {
        try (ShardLog log = create()) {
            append(log, 1, 301);
            await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> {
                log.lookNow();
                assertThat(SegmentFile.isInWalMode(SegmentFile.path(home.resolve("log"), 1)))
                        .isFalse();
            });
        }
        flip(10);
        try (ShardLog log = open()) {
            for (int i = 0; i < 2; i++) {
                List<LogEntry> entries = LogReader.all(log, SHARD, TRIM);
                assertThat(entries).hasSize(300);
                assertThat(numbers(entries)).doesNotContain(10L).hasSize(299);
                Gap gap = (Gap) entries.get(9);
                assertThat(gap.fromInclusive()).isEqualTo(10);
                assertThat(gap.toExclusive()).isEqualTo(11);
                assertThat(gap.reason()).isEqualTo(GapReason.CORRUPT);
                await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> assertThat(log.ledger(SHARD))
                        .isEqualTo(new LossLedger(SHARD, 300, 299, 0, 0, 1)));
                assertThat(LogReader.all(log, STREAM, LogPosition.TRIM_HORIZON).get(9))
                        .isInstanceOf(Gap.class);
            }
            assertThat(LogReader.texts(LogReader.all(log, StreamName.GAPS, LogPosition.TRIM_HORIZON)))
                    .hasSize(1)
                    .allSatisfy(text -> assertThat(text)
                            .contains("\"from\":\"10\",\"to\":\"11\"")
                            .contains("corrupt"));
        }
        assertThat(LogCheck.run(home.resolve("log")).findings())
                .hasSize(1)
                .allSatisfy(finding -> assertThat(finding.invariant()).isEqualTo("I2"));
    }

    @Test
    void flippedBit_inASegmentThatWasNeverSealed_isAGapInItsPlace() {
        // An index made from blocks 1 and 3 of a segment whose summary promises numbers 1 to 5 in commits 1 to 4.
        SegmentSummary summary =
                new SegmentSummary(1, 1, 5, 0, 0, 64 << 10, false, List.of(new SegmentSummary.Span(0, 1, 6)));
        IndexScan scan = new IndexScan(summary, 5, Map.of());
        scan.sound(block(1, new Run(0, 1, 1, 0)));
        scan.damaged(2, "block 2 fails its CRC");
        scan.sound(block(3, new Run(0, 4, 1, 0)));
        SegmentIndex index = scan.finish();
        assertThat(index.isWhole()).isFalse();
        assertThat(index.get(2)).extracting(SegmentIndex.Entry::runs).isEqualTo(List.of(new Run(0, 2, 2, 0)));
        assertThat(index.get(4)).extracting(SegmentIndex.Entry::runs).isEqualTo(List.of(new Run(0, 5, 1, 0)));
    }

    @Test
    void blockOfTwoShardsThatIsLost_isMetInItsPlace_thoughOneOfThemGoesOnOnlyLater() {
        // Commit 2 had numbers of shards 0 and 1; commit 3 is of shard 1 alone, commit 4 of shard 0.
        SegmentSummary summary = new SegmentSummary(
                1,
                1,
                5,
                0,
                0,
                64 << 10,
                false,
                List.of(new SegmentSummary.Span(0, 1, 5), new SegmentSummary.Span(1, 1, 4)));
        IndexScan scan = new IndexScan(summary, 5, Map.of());
        scan.sound(block(1, new Run(0, 1, 1, 0), new Run(1, 1, 1, 0)));
        scan.damaged(2, "block 2 fails its CRC");
        scan.sound(block(3, new Run(1, 3, 1, 0)));
        scan.sound(block(4, new Run(0, 4, 1, 0)));
        SegmentIndex index = scan.finish();
        List<SegmentIndex.Entry> entries = new ArrayList<>();
        index.forEach(entries::add);
        assertThat(entries.stream().map(SegmentIndex.Entry::lsn)).containsExactly(1L, 2L, 3L, 4L);
        assertThat(entries.stream().map(SegmentIndex.Entry::isLost)).containsExactly(false, true, false, false);
        assertThat(entries.get(1).runs()).containsExactlyInAnyOrder(new Run(0, 2, 2, 0), new Run(1, 2, 1, 0));
    }

    private static Block block(long lsn, Run... runs) {
        BlockHeader header = new BlockHeader(lsn, 1, 1, lsn, lsn, TimeQuality.SYNCED);
        return new Block(header, new byte[0], BlockCodec.encodeDirectory(List.of(runs)), new byte[0]);
    }

    @Test
    void recordsDamagedInAQuarantinedSegment_areToldInTheirPlace_alsoInCommitOrder() throws Exception {
        try (ShardLog log = create()) {
            append(log, 1, 31);
        }
        flip(10);
        LogPosition middle;
        try (ShardLog log = open()) {
            List<StreamRecord> records = LogReader.records(LogReader.all(log, STREAM, LogPosition.TRIM_HORIZON));
            middle = records.stream()
                    .filter(record -> record.sequenceNumber() == 15)
                    .findFirst()
                    .orElseThrow()
                    .position();
            append(log, 31, 35);
        }
        flip(20);
        for (int opening = 0; opening < 2; opening++) {
            try (ShardLog log = open()) {
                List<LogEntry> all = LogReader.all(log, STREAM, LogPosition.TRIM_HORIZON);
                assertThat(gapStarts(all)).containsExactlyInAnyOrder(10L, 20L);
                assertThat(numbers(all)).hasSize(32).doesNotContain(10L, 20L);
                // Who starts in the middle does not know which number comes next.
                List<LogEntry> rest = LogReader.all(log, STREAM, middle);
                assertThat(gapStarts(rest)).contains(20L);
                assertThat(numbers(rest)).startsWith(15L).hasSize(19).doesNotContain(20L);
            }
        }
    }

    /** Of a sealed segment the end is missing, in the middle of a page and of a block that is larger than one. */
    @Test
    void sealedSegmentThatIsCutShort_isReadToItsEnd_andTheRestIsToldAsAGap() throws Exception {
        try (ShardLog log = create()) {
            for (int i = 1; i <= 20; i++) {
                byte[] noise = new byte[20_000];
                new Random(i).nextBytes(noise);
                LogReader.commit(log, AppendUnit.of(NewRecord.of(STREAM, "k", Payload.wrap(noise))));
            }
            await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> {
                log.lookNow();
                assertThat(SegmentFile.isInWalMode(SegmentFile.path(home.resolve("log"), 1)))
                        .isFalse();
            });
        }
        try (FileChannel file = FileChannel.open(SegmentFile.path(home.resolve("log"), 1), StandardOpenOption.WRITE)) {
            file.truncate(file.size() - 20_000 - 1_234);
        }
        for (int opening = 0; opening < 2; opening++) {
            try (ShardLog log = open()) {
                for (List<LogEntry> entries : List.of(
                        LogReader.all(log, SHARD, TRIM), LogReader.all(log, STREAM, LogPosition.TRIM_HORIZON))) {
                    long missing = entries.stream()
                            .filter(Gap.class::isInstance)
                            .mapToLong(entry -> ((Gap) entry).records())
                            .sum();
                    assertThat(missing).isPositive();
                    assertThat(LogReader.records(entries)).hasSize((int) (20 - missing));
                }
            }
        }
    }

    @Test
    void damageThatNoCommitTakes_isCountedWhenOneDoes() throws Exception {
        try (ShardLog log = create()) {
            append(log, 1, 4);
        }
        LogState state = LogFiles.look(home.resolve("log"), LogEncryption.none(), LogFiles::state);
        CommitQueue queue = new CommitQueue(1 << 20);
        DamageLedger ledger = new DamageLedger(state, queue);
        ledger.lost(state.find(SHARD).orElseThrow(), new Hole(2, 3, 1, true, GapReason.CORRUPT, 0), state.lastLsn());
        Deque<Submission> taken = new ArrayDeque<>();
        queue.drainTo(taken, Long.MAX_VALUE);
        List<Runnable> answers = new ArrayList<>();
        taken.remove().refuse("the disk is full", Duration.ofSeconds(1), new Submission.Answers(Map.of(), answers));
        answers.forEach(Runnable::run);
        queue.drainTo(taken, Long.MAX_VALUE);
        assertThat(taken).isEmpty();
        ledger.countAgain();
        queue.drainTo(taken, Long.MAX_VALUE);
        assertThat(taken).hasSize(1);
        ledger.countAgain();
        queue.drainTo(taken, Long.MAX_VALUE);
        assertThat(taken).hasSize(1);
    }

    @Test
    void blockThatTheDiskDoesNotGiveBack_isPassedOver_onlyOnceACommitHasCountedIt() throws Exception {
        try (ShardLog log = create()) {
            append(log, 1, 4);
        }
        LogState state = LogFiles.look(home.resolve("log"), LogEncryption.none(), LogFiles::state);
        ShardState shard = state.find(SHARD).orElseThrow();
        CommitQueue queue = new CommitQueue(1 << 20);
        Clock clock = new SystemClock();
        DamageLedger ledger = new DamageLedger(state, queue);
        UnreadableBlocks unreadable = new UnreadableBlocks(
                state, new EffectiveClock(clock, ClockSync.TRUSTED, OpenedLogs.BUILD_MILLIS), ledger);
        SegmentIndex.Entry entry = new SegmentIndex.Entry(4, 0, 0, List.of(new Run(shard.ordinal(), 2, 1, 500)), false);
        Deque<Submission> taken = new ArrayDeque<>();
        assertThat(unreadable.isGivenUp(entry)).isFalse();
        queue.drainTo(taken, Long.MAX_VALUE);
        assertThat(taken).as("a failure may pass").isEmpty();
        for (int i = 0; i < 2; i++) {
            assertThat(unreadable.isGivenUp(entry)).isFalse();
            queue.drainTo(taken, Long.MAX_VALUE);
            assertThat(taken).hasSize(1);
            // A disk that is gone altogether: nothing is counted later, when it may be back.
            List<Runnable> answers = new ArrayList<>();
            taken.remove().refuse("an I/O error", Duration.ofSeconds(1), new Submission.Answers(Map.of(), answers));
            answers.forEach(Runnable::run);
            ledger.countAgain();
            queue.drainTo(taken, Long.MAX_VALUE);
            assertThat(taken).isEmpty();
        }
        state.fold(new ControlEntry.HoleMade(shard.ordinal(), new Hole(2, 3, 1, true, GapReason.CORRUPT, 0)));
        assertThat(unreadable.isGivenUp(entry)).isTrue();
    }
}
