package io.tidegate.buffer;

import static org.assertj.core.api.Assertions.assertThat;

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
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamSettings;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A newest segment that is damaged: what a log does that was closed with it, or killed. */
class QuarantineTest extends DamagedLog {
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
