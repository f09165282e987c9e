package io.tidegate.buffer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tidegate.core.runtime.ClockSync;
import io.tidegate.core.runtime.EffectiveClock;
import io.tidegate.core.runtime.FakeClock;
import io.tidegate.core.runtime.SystemClock;
import io.tidegate.core.stream.AppendResult;
import io.tidegate.core.stream.AppendUnit;
import io.tidegate.core.stream.Checkpoint;
import io.tidegate.core.stream.CheckpointScope;
import io.tidegate.core.stream.CheckpointUpdate;
import io.tidegate.core.stream.ConsumerName;
import io.tidegate.core.stream.LogCursor;
import io.tidegate.core.stream.LogPosition;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.ReadBatch;
import io.tidegate.core.stream.ShardEpoch;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StartingPosition;
import io.tidegate.core.stream.StateUpdate;
import io.tidegate.core.stream.StreamLogException;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamSettings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ShardLogTest {
    private static final StreamName STREAM = new StreamName("press");
    private static final ShardId SHARD = new ShardId(STREAM, 0);
    private static final StartingPosition TRIM = new StartingPosition.TrimHorizon();

    @TempDir
    Path home;

    private static NewRecord record(String text) {
        return NewRecord.of(STREAM, "key", Payload.ofUtf8(text));
    }

    @Test
    void readInCommitOrder_thatEndsBeforeTheLog_saysHowOldTheNextRecordIs() throws Exception {
        FakeClock clock = new FakeClock(OpenedLogs.BUILD_MILLIS + 1000);
        try (ShardLog log = OpenedLogs.open(OpenedLogs.settings(home), clock)) {
            log.admin().create(StreamSettings.of(STREAM));
            for (int i = 0; i < 300; i++) {
                LogReader.commit(log, AppendUnit.of(record("x")));
            }
            clock.advance(Duration.ofSeconds(5));
            try (LogCursor cursor = log.cursor(Set.of(STREAM), LogPosition.TRIM_HORIZON)) {
                ReadBatch first = cursor.read(Integer.MAX_VALUE);
                assertThat(first.entries()).hasSizeLessThan(300);
                assertThat(first.atEnd()).isFalse();
                assertThat(first.millisBehindLatest()).isEqualTo(5000);
                ReadBatch second = cursor.read(Integer.MAX_VALUE);
                assertThat(first.entries().size() + second.entries().size()).isEqualTo(300);
                assertThat(second.atEnd()).isTrue();
                assertThat(second.millisBehindLatest()).isZero();
            }
        }
    }

    @Test
    void reopen_findsEverything_andGoesOnWithTheNextNumbers() throws Exception {
        ConsumerName consumer = new ConsumerName("lane");
        CheckpointScope scope = new CheckpointScope.OneShard(SHARD);
        Checkpoint checkpoint = new Checkpoint.InShard(2, Payload.ofUtf8("opaque"));
        long epoch;
        try (ShardLog log = OpenedLogs.open(home)) {
            log.admin().create(StreamSettings.of(STREAM));
            LogReader.commit(
                    log,
                    new AppendUnit(
                            List.of(record("1"), record("2").withDeviceNumber(7L)),
                            List.of(new CheckpointUpdate(consumer, scope, checkpoint)),
                            List.of(new StateUpdate("cursor", Payload.ofUtf8("41"))),
                            List.of()));
            epoch = log.status().epoch();
        }
        try (ShardLog log = ShardLog.open(
                OpenedLogs.settings(home),
                new SystemClock(),
                new EffectiveClock(new SystemClock(), ClockSync.TRUSTED, 0),
                new Random(8))) {
            assertThat(LogReader.texts(LogReader.all(log, SHARD, TRIM))).containsExactly("1", "2");
            assertThat(log.checkpoint(consumer, scope)).contains(checkpoint);
            assertThat(log.state("cursor")).contains(Payload.ofUtf8("41"));
            AppendResult.Committed third =
                    LogReader.commit(log, AppendUnit.of(record("2").withDeviceNumber(7L), record("3")));
            assertThat(third.places())
                    .containsExactly(new AppendResult.Placed(SHARD, 2, true), new AppendResult.Placed(SHARD, 3, false));
            assertThat(log.status().epoch()).isNotEqualTo(epoch);
            assertThat(log.epochs(SHARD))
                    .containsExactly(
                            new ShardEpoch(epoch, 1, 3),
                            new ShardEpoch(log.status().epoch(), 3, 4));
        }
    }

    @Test
    void rolledSegments_areReadInOrder_alsoAfterReopening() throws Exception {
        ShardLogSettings small = OpenedLogs.settings(home)
                .withSegmentBytes(64 << 10)
                .withMemory(1 << 20, 100_000)
                .withCompression(Compression.NONE);
        List<String> written = new ArrayList<>();
        try (ShardLog log = OpenedLogs.open(small, new SystemClock())) {
            log.admin().create(StreamSettings.of(STREAM));
            for (int i = 0; i < 100; i++) {
                String text = i + "-" + "x".repeat(5000);
                LogReader.commit(log, AppendUnit.of(record(text)));
                written.add(text);
            }
            assertThat(log.status().segments()).isGreaterThan(4);
            LogCheck.Report beside = LogCheck.run(small.directory());
            assertThat(beside.findings()).isEmpty();
            assertThat(beside.records()).isEqualTo(100);
            assertThat(LogReader.texts(LogReader.all(log, SHARD, TRIM))).isEqualTo(written);
        }
        try (ShardLog log = OpenedLogs.open(small, new SystemClock())) {
            assertThat(LogReader.texts(LogReader.all(log, SHARD, TRIM))).isEqualTo(written);
            assertThat(LogReader.texts(LogReader.all(log, STREAM, LogPosition.TRIM_HORIZON)))
                    .isEqualTo(written);
            assertThat(LogReader.texts(LogReader.all(log, SHARD, new StartingPosition.AtSequenceNumber(51))))
                    .isEqualTo(written.subList(50, 100));
            assertThat(log.ledger(SHARD).balances()).isTrue();
        }
    }

    @Test
    void secondOpening_ofOneHome_isRefusedNamingIt() {
        try (ShardLog log = OpenedLogs.open(home)) {
            assertThat(log.status().failure()).isNull();
            assertThatThrownBy(() -> OpenedLogs.open(home))
                    .isInstanceOf(StreamLogException.class)
                    .hasMessageContaining(home.resolve("log").toString())
                    .hasMessageContaining("pid " + ProcessHandle.current().pid());
        }
    }
}
