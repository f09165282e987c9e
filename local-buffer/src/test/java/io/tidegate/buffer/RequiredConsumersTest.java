package io.tidegate.buffer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.tidegate.core.runtime.FakeClock;
import io.tidegate.core.stream.AppendUnit;
import io.tidegate.core.stream.Checkpoint;
import io.tidegate.core.stream.CheckpointScope;
import io.tidegate.core.stream.CheckpointUpdate;
import io.tidegate.core.stream.ConsumerName;
import io.tidegate.core.stream.Gap;
import io.tidegate.core.stream.GapReason;
import io.tidegate.core.stream.HeldRecords;
import io.tidegate.core.stream.LogEntry;
import io.tidegate.core.stream.LogPosition;
import io.tidegate.core.stream.LossLedger;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StartingPosition;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamSelection;
import io.tidegate.core.stream.StreamSettings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RequiredConsumersTest {
    private static final StreamName STREAM = new StreamName("press");
    private static final StreamName OTHER = new StreamName("mill");
    private static final ShardId SHARD = new ShardId(STREAM, 0);
    private static final ConsumerName UPLINK = new ConsumerName("uplink/central");
    private static final Map<ConsumerName, StreamSelection> REQUIRED =
            Map.of(UPLINK, new StreamSelection(Set.of(STREAM)));

    @TempDir
    Path home;

    private final FakeClock clock = new FakeClock(1_800_000_000_000L);

    private ShardLog open() {
        return OpenedLogs.open(OpenedLogs.settings(home).withSegmentBytes(64 << 10), clock);
    }

    private static StreamSettings oneDay(StreamName stream) {
        return StreamSettings.of(stream).withRetention(Duration.ofDays(1));
    }

    private static void append(ShardLog log, StreamName stream, int records) throws Exception {
        for (int i = 0; i < records; i++) {
            LogReader.commit(log, AppendUnit.of(NewRecord.of(stream, "k", Payload.ofUtf8("x".repeat(999)))));
        }
    }

    private static void confirm(ShardLog log, long next) throws Exception {
        CheckpointUpdate update = new CheckpointUpdate(
                UPLINK, new CheckpointScope.OneShard(SHARD), new Checkpoint.InShard(next, Payload.EMPTY));
        LogReader.commit(log, new AppendUnit(List.of(), List.of(update), List.of(), List.of()));
    }

    private static void awaitLedger(ShardLog log, ShardId shard, LossLedger expected) {
        await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> {
            log.lookNow();
            assertThat(log.ledger(shard)).isEqualTo(expected);
        });
    }

    @Test
    void whatARequiredConsumerHasNotConfirmed_doesNotExpire_andStatusSaysWhoHoldsHowMuch() throws Exception {
        ShardId other = new ShardId(OTHER, 0);
        try (ShardLog log = open()) {
            log.admin().create(oneDay(STREAM));
            log.admin().create(oneDay(OTHER));
            log.admin().require(REQUIRED);
            append(log, STREAM, 100);
            confirm(log, 41);
            clock.advance(Duration.ofHours(20));
            append(log, STREAM, 10);
            append(log, OTHER, 5);
        }
        // The registration is durable, and so is its effect, although nobody has said it again.
        try (ShardLog log = open()) {
            assertThat(log.admin().required()).isEqualTo(REQUIRED);
            clock.advance(Duration.ofHours(5));
            append(log, STREAM, 1);
            awaitLedger(log, SHARD, new LossLedger(SHARD, 111, 71, 40, 0, 0));
            await().until(() -> !log.held().isEmpty());
            assertThat(log.held())
                    .containsExactly(new HeldRecords(
                            SHARD, 60, 1_800_000_000_000L, Duration.ofHours(25).toMillis(), List.of(UPLINK)));
            // Nobody holds the other stream.
            clock.advance(Duration.ofHours(20));
            awaitLedger(log, other, new LossLedger(other, 5, 0, 5, 0, 0));
            assertThat(log.ledger(SHARD).retained()).isEqualTo(71);

            confirm(log, 111);
            awaitLedger(log, SHARD, new LossLedger(SHARD, 111, 1, 110, 0, 0));
            await().until(() -> {
                log.lookNow();
                return log.held().isEmpty();
            });
        }
        assertThat(LogCheck.run(home.resolve("log")).findings()).isEmpty();
    }

    @Test
    void consumerWithoutACheckpoint_holdsEverything_untilItIsRequiredNoLonger() throws Exception {
        try (ShardLog log = open()) {
            log.admin().create(oneDay(STREAM));
            log.admin().create(oneDay(OTHER));
            log.admin().require(Map.of(UPLINK, new StreamSelection(Set.of())));
            append(log, STREAM, 10);
            append(log, OTHER, 10);
            clock.advance(Duration.ofDays(300));
            await().atMost(Duration.ofSeconds(30)).until(() -> {
                log.lookNow();
                return log.held().stream().mapToLong(HeldRecords::records).sum() == 20;
            });
            assertThat(log.ledger(SHARD).retained()).isEqualTo(10);
            log.admin().require(Map.of());
            awaitLedger(log, SHARD, new LossLedger(SHARD, 10, 0, 10, 0, 0));
        }
        try (ShardLog log = open()) {
            assertThat(log.admin().required()).isEmpty();
        }
    }

    @Test
    void bytesMax_evictsWhatARequiredConsumerHolds_inOrder_toldAndCounted() throws Exception {
        try (ShardLog log = open()) {
            log.admin().create(StreamSettings.of(StreamName.GAPS));
            log.admin().create(oneDay(STREAM).withRetainedBytesMax(50_000));
            log.admin().require(REQUIRED);
            append(log, STREAM, 40);
            confirm(log, 21);
            clock.advance(Duration.ofHours(25));
            awaitLedger(log, SHARD, new LossLedger(SHARD, 40, 20, 20, 0, 0));
            append(log, STREAM, 60);
            awaitLedger(log, SHARD, new LossLedger(SHARD, 100, 50, 20, 30, 0));
            List<LogEntry> read = LogReader.all(log, SHARD, new StartingPosition.AtSequenceNumber(21));
            assertThat(read).hasSize(51);
            assertThat(read.get(0)).isInstanceOfSatisfying(Gap.class, gap -> {
                assertThat(gap.fromInclusive()).isEqualTo(21);
                assertThat(gap.toExclusive()).isEqualTo(51);
                assertThat(gap.reason()).isEqualTo(GapReason.EVICTED);
            });
            List<String> told = LogReader.texts(LogReader.all(log, StreamName.GAPS, LogPosition.TRIM_HORIZON));
            assertThat(told).isNotEmpty().allSatisfy(text -> assertThat(text)
                    .startsWith("{\"consumers\":[\"uplink/central\"]")
                    .contains("\"reason\":\"evicted\""));
        }
        assertThat(LogCheck.run(home.resolve("log")).findings()).isEmpty();
    }
}
