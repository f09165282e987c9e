package io.tidegate.buffer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.tidegate.core.runtime.Clock;
import io.tidegate.core.runtime.ClockSync;
import io.tidegate.core.runtime.EffectiveClock;
import io.tidegate.core.runtime.SystemClock;
import io.tidegate.core.stream.AppendResult;
import io.tidegate.core.stream.AppendUnit;
import io.tidegate.core.stream.Gap;
import io.tidegate.core.stream.GapReason;
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
import io.tidegate.core.stream.TimeQuality;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DamageTest {
    private static final StreamName STREAM = new StreamName("press");
    private static final ShardId SHARD = new ShardId(STREAM, 0);
    private static final StartingPosition TRIM = new StartingPosition.TrimHorizon();

    @TempDir
    Path home;

    private ShardLog open() {
        return OpenedLogs.open(OpenedLogs.settings(home).withSegmentBytes(64 << 10), new SystemClock());
    }

    /** One commit per record; the text says the number. */
    private static void append(ShardLog log, int from, int to) throws Exception {
        for (int i = from; i < to; i++) {
            AppendResult.Committed committed = LogReader.commit(
                    log, AppendUnit.of(NewRecord.of(STREAM, "k", Payload.ofUtf8("<" + i + ">" + "x".repeat(500)))));
            assertThat(committed.places().get(0).sequenceNumber()).isEqualTo(i);
        }
    }

    private ShardLog create() {
        ShardLog log = open();
        log.admin().create(StreamSettings.of(StreamName.GAPS));
        log.admin().create(StreamSettings.of(STREAM));
        return log;
    }

    /** Flips one bit in the data of a record, in whatever segment it is. */
    private void flip(int number) throws IOException {
        byte[] text = ("<" + number + ">").getBytes(StandardCharsets.UTF_8);
        for (int segment : SegmentFile.list(home.resolve("log"))) {
            Path file = SegmentFile.path(home.resolve("log"), segment);
            byte[] bytes = Files.readAllBytes(file);
            int at = new String(bytes, StandardCharsets.ISO_8859_1)
                    .indexOf(new String(text, StandardCharsets.ISO_8859_1));
            if (at >= 0) {
                bytes[at + text.length] ^= 1;
                Files.write(file, bytes);
                return;
            }
        }
        throw new AssertionError("no segment holds record " + number);
    }

    private static List<Long> numbers(List<LogEntry> entries) {
        return LogReader.records(entries).stream()
                .map(StreamRecord::sequenceNumber)
                .toList();
    }

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
    void flippedBit_inTheLiveSegment_losesThatBlock_andNumbersGoOn() throws Exception {
        try (ShardLog log = create()) {
            append(log, 1, 31);
        }
        flip(10);
        try (ShardLog log = open()) {
            List<LogEntry> entries = LogReader.all(log, SHARD, TRIM);
            assertThat(numbers(entries)).hasSize(29).doesNotContain(10L);
            assertThat(((Gap) entries.get(9)).records()).isEqualTo(1);
            assertThat(log.ledger(SHARD)).isEqualTo(new LossLedger(SHARD, 30, 29, 0, 0, 1));
            append(log, 31, 41);
            List<LogEntry> inCommitOrder = LogReader.all(log, STREAM, LogPosition.TRIM_HORIZON);
            assertThat(numbers(inCommitOrder)).hasSize(39);
            assertThat(inCommitOrder.stream().filter(Gap.class::isInstance)).hasSize(1);
        }
        try (ShardLog log = open()) {
            assertThat(numbers(LogReader.all(log, SHARD, TRIM))).hasSize(39);
            assertThat(log.ledger(SHARD)).isEqualTo(new LossLedger(SHARD, 40, 39, 0, 0, 1));
        }
    }

    @Test
    void shardThatIsProvenAfterDamage_goesOnDensely_whenAnotherOneMissesNumbersLater() throws Exception {
        StreamName quiet = new StreamName("quiet");
        ShardId quietShard = new ShardId(quiet, 0);
        try (ShardLog log = create()) {
            log.admin().create(StreamSettings.of(quiet));
            append(log, 1, 3);
            assertThat(number(log, quiet)).isEqualTo(1);
            append(log, 3, 4);
        }
        flip(2);
        try (ShardLog log = open()) {
            assertThat(number(log, quiet)).isEqualTo(2);
            assertThat(log.ledger(quietShard)).isEqualTo(new LossLedger(quietShard, 2, 2, 0, 0, 0));
            append(log, 4, 5);
            assertThat(log.ledger(SHARD)).isEqualTo(new LossLedger(SHARD, 4, 3, 0, 0, 1));
        }
    }

    private static long number(ShardLog log, StreamName stream) throws Exception {
        return LogReader.commit(log, AppendUnit.of(NewRecord.of(stream, "k", Payload.ofUtf8("x"))))
                .places()
                .get(0)
                .sequenceNumber();
    }

    @Test
    void damagedEnd_ofTheLiveSegment_makesNumbersJump_soThatNoneIsUsedTwice() throws Exception {
        try (ShardLog log = create()) {
            append(log, 1, 31);
        }
        flip(30);
        try (ShardLog log = open()) {
            assertThat(numbers(LogReader.all(log, SHARD, TRIM))).hasSize(29);
            AppendResult.Committed next =
                    LogReader.commit(log, AppendUnit.of(NewRecord.of(STREAM, "k", Payload.ofUtf8("after"))));
            assertThat(next.places().get(0).sequenceNumber()).isEqualTo(30 + (1L << 32));
            List<LogEntry> entries = LogReader.all(log, SHARD, TRIM);
            assertThat(entries.stream().filter(Gap.class::isInstance).map(entry -> ((Gap) entry).reason()))
                    .containsExactly(GapReason.CORRUPT, GapReason.RENUMBERED);
            assertThat(log.ledger(SHARD).balances()).isTrue();
            assertThat(LogReader.texts(entries)).endsWith("after");
        }
    }

    @Test
    void numbersAndCommits_thatWereGivenAfterAJump_areNotGivenAgain_whenAllThatKnowsOfThemIsLost() throws Exception {
        try (ShardLog log = create()) {
            append(log, 1, 31);
        }
        flip(30);
        try (ShardLog log = open()) {
            commit(log, "<1000>after");
        }
        flip(1000); // so that numbers jump again
        AppendResult.Committed newest;
        try (ShardLog log = open()) {
            newest = commit(log, "after");
        }
        assertThat(SegmentFile.list(home.resolve("log"))).containsExactly(1, 2, 3);
        assertThat(newest.places().get(0).sequenceNumber()).isGreaterThan(2L << 32);
        destroy(2);
        destroy(3);
        try (ShardLog log = open()) {
            AppendResult.Committed next = commit(log, "again");
            assertThat(next.places().get(0).sequenceNumber())
                    .isGreaterThan(newest.places().get(0).sequenceNumber());
            assertThat(next.lsn()).isGreaterThan(newest.lsn());
            assertThat(log.ledger(SHARD).balances()).isTrue();
        }
    }

    @Test
    void jumpWhoseSnapshotIsLost_isKnownFromTheCommitThatToldOfIt_andCountsNoRecordsThatNeverWere() throws Exception {
        try (ShardLog log = create()) {
            append(log, 1, 31);
        }
        flip(30);
        LossLedger before;
        try (ShardLog log = open()) {
            commit(log, "after");
            before = log.ledger(SHARD);
            assertThat(before.corrupt()).isZero(); // how many there were is not known
        }
        destroySnapshot(2);
        try (ShardLog log = open()) {
            assertThat(log.ledger(SHARD)).isEqualTo(before);
            assertThat(commit(log, "again").places().get(0).sequenceNumber()).isEqualTo(31 + (1L << 32));
        }
    }

    private void destroySnapshot(int segment) throws Exception {
        try (Connection connection = Sql.openWritable(SegmentFile.path(home.resolve("log"), segment))) {
            Sql.run(connection, "UPDATE snapshot SET crc = crc + 1 WHERE position = 0");
        }
    }

    @Test
    void crashBetweenTheQuarantineAndTheFirstCommit_keepsNoHoleFromReaders() throws Exception {
        try (ShardLog log = create()) {
            append(log, 1, 31);
        }
        flip(30);
        Clock clock = new SystemClock();
        LogRecovery.Opened crashed = new LogRecovery(
                        OpenedLogs.settings(home),
                        new EffectiveClock(clock, ClockSync.TRUSTED, OpenedLogs.BUILD_MILLIS))
                .open();
        assertThat(crashed.live().number()).isEqualTo(2);
        crashed.live().close();
        crashed.store().close();
        for (int opening = 0; opening < 2; opening++) {
            try (ShardLog log = open()) {
                assertThat(commit(log, "after").lsn()).isGreaterThan(1L << 32);
                assertThat(gapReasons(LogReader.all(log, STREAM, LogPosition.TRIM_HORIZON)))
                        .containsExactly(GapReason.CORRUPT, GapReason.RENUMBERED);
                assertThat(LogReader.texts(LogReader.all(log, StreamName.GAPS, LogPosition.TRIM_HORIZON)))
                        .satisfiesExactlyInAnyOrder(
                                text -> assertThat(text).contains("corrupt"),
                                text -> assertThat(text).contains("renumbered"));
            }
        }
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

    private static List<Long> gapStarts(List<LogEntry> entries) {
        return entries.stream()
                .filter(Gap.class::isInstance)
                .map(entry -> ((Gap) entry).fromInclusive())
                .toList();
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

    private static List<GapReason> gapReasons(List<LogEntry> entries) {
        return entries.stream()
                .filter(Gap.class::isInstance)
                .map(entry -> ((Gap) entry).reason())
                .toList();
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

    private static AppendResult.Committed commit(ShardLog log, String text) throws Exception {
        return LogReader.commit(log, AppendUnit.of(NewRecord.of(STREAM, "k", Payload.ofUtf8(text))));
    }

    private void destroy(int segment) throws IOException {
        Path file = SegmentFile.path(home.resolve("log"), segment);
        byte[] bytes = Files.readAllBytes(file);
        Arrays.fill(bytes, 0, 4096, (byte) 0x55);
        Files.write(file, bytes);
    }

    @Test
    void liveSegmentThatIsNoDatabase_leavesWhatOlderOnesHold_andTheLogGoesOn() throws Exception {
        int live;
        try (ShardLog log = create()) {
            append(log, 1, 301);
            live = SegmentFile.list(home.resolve("log"))
                    .get(SegmentFile.list(home.resolve("log")).size() - 1);
        }
        destroy(live);
        try (ShardLog log = open()) {
            List<Long> kept = numbers(LogReader.all(log, SHARD, TRIM));
            assertThat(kept).startsWith(1L).hasSizeBetween(100, 299);
            assertThat(kept.get(kept.size() - 1)).isEqualTo(kept.size());
            AppendResult.Committed next =
                    LogReader.commit(log, AppendUnit.of(NewRecord.of(STREAM, "k", Payload.ofUtf8("after"))));
            assertThat(next.places().get(0).sequenceNumber()).isEqualTo(kept.size() + 1 + (1L << 32));
        }
        try (ShardLog log = open()) {
            assertThat(LogReader.texts(LogReader.all(log, SHARD, TRIM))).endsWith("after");
            assertThat(log.ledger(SHARD).balances()).isTrue();
        }
    }

    @Test
    void twoNewestSegmentsThatAreNoDatabases_leaveWhatOlderOnesHold_andNoFileGoes() throws Exception {
        List<Integer> before;
        try (ShardLog log = create()) {
            append(log, 1, 301);
            before = SegmentFile.list(home.resolve("log"));
        }
        assertThat(before).hasSizeGreaterThan(3);
        for (int segment : before.subList(before.size() - 2, before.size())) {
            destroy(segment);
        }
        try (ShardLog log = open()) {
            List<Long> kept = numbers(LogReader.all(log, SHARD, TRIM));
            assertThat(kept).startsWith(1L).hasSizeBetween(50, 298);
            assertThat(kept.get(kept.size() - 1)).isEqualTo(kept.size());
            AppendResult.Committed next =
                    LogReader.commit(log, AppendUnit.of(NewRecord.of(STREAM, "k", Payload.ofUtf8("after"))));
            assertThat(next.places().get(0).sequenceNumber()).isGreaterThan(1L << 32);
            assertThat(log.ledger(SHARD).balances()).isTrue();
        }
        assertThat(SegmentFile.list(home.resolve("log"))).containsAll(before);
    }
}
