package io.tidegate.buffer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.tidegate.core.runtime.FakeClock;
import io.tidegate.core.stream.AppendResult;
import io.tidegate.core.stream.AppendUnit;
import io.tidegate.core.stream.Checkpoint;
import io.tidegate.core.stream.CheckpointScope;
import io.tidegate.core.stream.CheckpointUpdate;
import io.tidegate.core.stream.ConsumerName;
import io.tidegate.core.stream.LogPosition;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.PastLedger;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.ShardDescription;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StartingPosition;
import io.tidegate.core.stream.StreamDescription;
import io.tidegate.core.stream.StreamLogException;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamSelection;
import io.tidegate.core.stream.StreamSettings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReshardTest {
    private static final StreamName STREAM = new StreamName("press");
    private static final StreamSettings ONE_DAY = StreamSettings.of(STREAM).withRetention(Duration.ofDays(1));

    @TempDir
    Path home;

    private final Random random = new Random(3);
    private final FakeClock clock = new FakeClock(1_800_000_000_000L);

    private ShardLog open() {
        return OpenedLogs.open(OpenedLogs.settings(home).withSegmentBytes(64 << 10), clock);
    }

    private static NewRecord record(String key, String text) {
        return NewRecord.of(STREAM, key, Payload.ofUtf8(text));
    }

    /** Nothing that compression makes small. */
    private String noise() {
        byte[] bytes = new byte[4_000];
        random.nextBytes(bytes);
        return Base64.getEncoder().encodeToString(bytes);
    }

    private static ShardId shard(int number) {
        return new ShardId(STREAM, number);
    }

    private static StreamDescription describe(ShardLog log) {
        return log.admin().describe(STREAM).orElseThrow();
    }

    private void assertSound() {
        assertThat(LogCheck.run(home.resolve("log")).findings()).isEmpty();
    }

    @Test
    void reshard_survivesARestart_fromBlocksAndFromASnapshot() throws Exception {
        StreamDescription before;
        try (ShardLog log = open()) {
            log.admin().create(ONE_DAY);
            LogReader.commit(log, AppendUnit.of(record("a", "1").withDeviceNumber(1L)));
            log.admin().updateShardCount(STREAM, 2);
            log.admin().updateShardCount(STREAM, 3);
            LogReader.commit(log, AppendUnit.of(record("a", "2").withDeviceNumber(2L)));
            before = describe(log);
        }
        assertSound();
        try (ShardLog log = open()) {
            assertThat(describe(log)).isEqualTo(before);
            AppendResult.Committed again =
                    LogReader.commit(log, AppendUnit.of(record("a", "1").withDeviceNumber(1L)));
            assertThat(again.places()).containsExactly(new AppendResult.Placed(shard(0), 1, true));
            int segments = log.status().segments();
            for (int i = 0; log.status().segments() < segments + 2; i++) {
                LogReader.commit(log, AppendUnit.of(record("b" + i, noise())));
            }
            before = describe(log);
        }
        assertSound();
        try (ShardLog log = open()) {
            assertThat(describe(log)).isEqualTo(before);
            AppendResult.Committed more =
                    LogReader.commit(log, AppendUnit.of(record("a", "2").withDeviceNumber(2L), record("a", "3")));
            assertThat(more.places().get(0).duplicate()).isTrue();
            assertThat(more.places().get(1).shard())
                    .isEqualTo(more.places().get(0).shard());
            assertThat(LogReader.texts(LogReader.all(log, shard(0), new StartingPosition.TrimHorizon())))
                    .containsExactly("1");
        }
    }

    @Test
    void recordsOfferedAroundASplit_areStoredOnce_andInTheOrderOfTheirKeys() throws Exception {
        try (ShardLog log = open()) {
            log.admin().create(ONE_DAY);
            CompletableFuture<?>[] appended = new CompletableFuture<?>[600];
            for (int i = 0; i < appended.length; i++) {
                appended[i] = log.append(AppendUnit.of(record("key-" + i % 5, Integer.toString(i))));
                if (i % 100 == 50) {
                    log.admin().updateShardCount(STREAM, i % 200 == 50 ? 2 : 1);
                }
            }
            CompletableFuture.allOf(appended).get();
            List<String> read = LogReader.texts(LogReader.all(log, STREAM, LogPosition.TRIM_HORIZON));
            assertThat(read).hasSize(600).isSortedAccordingTo((a, b) -> Integer.parseInt(a) - Integer.parseInt(b));
            assertThat(describe(log).shards()).hasSize(1 + 3 * 3);
        }
        assertSound();
    }

    @Test
    void closedShard_disappearsAfterItsRetention_butNotBeforeItsReadersHaveHeard() throws Exception {
        ConsumerName consumer = new ConsumerName("lane");
        CheckpointScope scope = new CheckpointScope.OneShard(shard(0));
        StreamName other = new StreamName("saw");
        try (ShardLog log = open()) {
            log.admin().create(ONE_DAY);
            log.admin().create(StreamSettings.of(other).withRetention(Duration.ofDays(1)));
            LogReader.commit(
                    log,
                    new AppendUnit(
                            List.of(record("a", "1"), record("a", "2")),
                            List.of(new CheckpointUpdate(consumer, scope, new Checkpoint.InShard(2, Payload.EMPTY))),
                            List.of(),
                            List.of()));
            log.admin().updateShardCount(STREAM, 2);
            clock.advance(Duration.ofMinutes(90));
            log.admin().updateShardCount(other, 2);
            clock.advance(Duration.ofMinutes(21 * 60 + 30));
            LogReader.commit(log, AppendUnit.of(record("a", "3")));
            clock.advance(Duration.ofHours(2));
            await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> {
                log.lookNow();
                assertThat(log.ledger(shard(0)).expired()).isEqualTo(2);
            });
            clock.advance(Duration.ofHours(1));
            awaitExpired(log, other, 2);
            assertThat(describe(log).shards())
                    .extracting(ShardDescription::id)
                    .containsExactly(shard(0), shard(1), shard(2));
            LogReader.commit(log, AppendUnit.of(record("a", "4")));
            LogReader.commit(
                    log,
                    new AppendUnit(
                            List.of(),
                            List.of(new CheckpointUpdate(consumer, scope, new Checkpoint.InShard(3, Payload.EMPTY))),
                            List.of(),
                            List.of()));
            await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> {
                log.lookNow();
                assertThat(describe(log).shards())
                        .extracting(ShardDescription::id)
                        .containsExactly(shard(1), shard(2));
            });
            assertThat(log.checkpoint(consumer, scope)).isEmpty();
            assertThat(describe(log).past()).isEqualTo(new PastLedger(2, 2, 0, 0));
            assertThat(LogReader.texts(LogReader.all(log, STREAM, LogPosition.TRIM_HORIZON)))
                    .containsExactly("3", "4");
        }
        assertSound();
        try (ShardLog log = open()) {
            assertThat(describe(log).shards()).hasSize(2);
            assertThat(describe(log).past()).isEqualTo(new PastLedger(2, 2, 0, 0));
            log.admin().updateShardCount(STREAM, 1);
            assertThat(describe(log).openShards())
                    .extracting(ShardDescription::id)
                    .containsExactly(shard(3));
        }
    }

    @Test
    void closedShard_goesTwoRetentionsAfterItWasClosed_ifItsReaderDoesNotComeBack_whichIsTold() throws Exception {
        ConsumerName consumer = new ConsumerName("lane");
        CheckpointScope scope = new CheckpointScope.OneShard(shard(0));
        try (ShardLog log = open()) {
            log.admin().create(StreamSettings.of(StreamName.GAPS));
            log.admin().create(ONE_DAY);
            LogReader.commit(log, AppendUnit.of(record("a", "1"), record("a", "2")));
            LogReader.commit(log, place(consumer, shard(0), 2));
            log.admin().updateShardCount(STREAM, 2);
            clock.advance(Duration.ofHours(49));
            awaitExpired(log, STREAM, 2);
            assertThat(log.checkpoint(consumer, scope)).isEmpty();
            assertThat(LogReader.append(log, place(consumer, shard(0), 3))).isInstanceOf(AppendResult.Refused.class);
            List<String> gaps = LogReader.texts(LogReader.all(log, StreamName.GAPS, LogPosition.TRIM_HORIZON));
            assertThat(gaps).hasSize(1);
            assertThat(gaps.get(0)).contains("\"consumers\":[\"lane\"]", "\"records\":2", "\"reason\":\"expired\"");
        }
        assertSound();
    }

    @Test
    void closedShard_stays_whileAParentIsThere_orARequiredConsumerHasNotPassedIt() throws Exception {
        StreamName other = new StreamName("saw");
        ConsumerName uplink = new ConsumerName("uplink/central");
        try (ShardLog log = open()) {
            log.admin().create(ONE_DAY.withShards(2));
            log.admin().create(StreamSettings.of(other).withRetention(Duration.ofDays(1)));
            log.admin().require(Map.of(uplink, new StreamSelection(Set.of(STREAM))));
            for (int i = 0; i < 20; i++) {
                LogReader.commit(log, AppendUnit.of(record("key-" + i, "x")));
            }
            // Cut at thirds, then joined: what lay between is empty and closed from the start.
            log.admin().updateShardCount(STREAM, 3);
            log.admin().updateShardCount(other, 2);
            List<ShardId> all = ids(describe(log).shards());
            List<ShardId> between = ids(describe(log).shards().stream()
                    .filter(shard -> !shard.open() && !shard.parents().isEmpty())
                    .toList());
            assertThat(between).isNotEmpty();
            clock.advance(Duration.ofHours(25));
            awaitExpired(log, other, 2);
            assertThat(ids(describe(log).shards())).isEqualTo(all);

            // The uplink is at the end of the first two, and has not begun with what follows.
            for (int number = 0; number < 2; number++) {
                LogReader.commit(log, place(uplink, shard(number), next(log, number)));
            }
            List<ShardId> left = all.subList(2, all.size());
            await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> {
                log.lookNow();
                assertThat(ids(describe(log).shards())).isEqualTo(left);
            });
            log.admin().updateShardCount(other, 1);
            clock.advance(Duration.ofHours(25));
            awaitExpired(log, other, 1);
            assertThat(ids(describe(log).shards())).isEqualTo(left);

            for (ShardId shard : between) {
                LogReader.commit(log, place(uplink, shard, 1));
            }
            awaitExpired(log, STREAM, 3);
        }
        assertSound();
    }

    private static List<ShardId> ids(List<ShardDescription> shards) {
        return shards.stream().map(ShardDescription::id).toList();
    }

    private static long next(ShardLog log, int number) {
        return describe(log).shards().get(number).nextSequenceNumber();
    }

    private static AppendUnit place(ConsumerName consumer, ShardId shard, long next) {
        return new AppendUnit(
                List.of(),
                List.of(new CheckpointUpdate(
                        consumer, new CheckpointScope.OneShard(shard), new Checkpoint.InShard(next, Payload.EMPTY))),
                List.of(),
                List.of());
    }

    /** Streams that come earlier in the order of names have been looked at by then. */
    private static void awaitExpired(ShardLog log, StreamName stream, int left) {
        await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> {
            log.lookNow();
            assertThat(log.admin().describe(stream).orElseThrow().shards()).hasSize(left);
        });
    }

    @Test
    void deletedStream_isToldInGaps_freesItsSegments_andStaysDeleted() throws Exception {
        ConsumerName consumer = new ConsumerName("lane");
        StreamName other = new StreamName("other");
        try (ShardLog log = open()) {
            log.admin().create(StreamSettings.of(StreamName.GAPS));
            log.admin().create(ONE_DAY);
            log.admin().create(StreamSettings.of(other));
            LogReader.commit(
                    log,
                    new AppendUnit(
                            List.of(record("a", "1")),
                            List.of(new CheckpointUpdate(
                                    consumer,
                                    new CheckpointScope.OneShard(shard(0)),
                                    new Checkpoint.InShard(1, Payload.EMPTY))),
                            List.of(),
                            List.of()));
            for (int i = 0; i < 60; i++) {
                LogReader.commit(log, AppendUnit.of(record("a", noise())));
            }
            int segments = log.status().segments();
            log.admin().delete(STREAM);
            List<String> gaps = LogReader.texts(LogReader.all(log, StreamName.GAPS, LogPosition.TRIM_HORIZON));
            assertThat(gaps).hasSize(1);
            assertThat(gaps.get(0))
                    .contains("\"consumers\":[\"lane\"]", "\"from\":\"1\"", "\"to\":\"62\"", "\"reason\":\"evicted\"");
            LogReader.commit(log, AppendUnit.of(NewRecord.of(other, "k", Payload.ofUtf8("y"))));
            await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> {
                log.lookNow();
                assertThat(log.status().segments()).isLessThan(segments);
            });
            assertThat(LogReader.texts(LogReader.all(log, other, LogPosition.TRIM_HORIZON)))
                    .containsExactly("y");
        }
        assertSound();
        try (ShardLog log = open()) {
            assertThat(log.admin().describe(STREAM)).isEmpty();
            log.admin().create(ONE_DAY);
            assertThat(describe(log).shards()).extracting(ShardDescription::id).containsExactly(shard(1));
        }
    }

    @Test
    void shardsOfALog_areLimited_andTheRefusalSaysWhatToDo() throws Exception {
        try (ShardLog log = open()) {
            for (int i = 0; i < 4; i++) {
                log.admin()
                        .create(StreamSettings.of(new StreamName("many-" + i)).withShards(i == 3 ? 255 : 256));
            }
            log.admin().create(ONE_DAY);
            assertThatThrownBy(() -> log.admin().updateShardCount(STREAM, 2))
                    .isInstanceOf(StreamLogException.class)
                    .hasMessage(
                            "a log has at most 1024 shards, found 1024 and 2 more: closed ones count until what is in"
                                    + " them has expired and been read; delete streams, or wait until closed shards have gone");
            assertThatThrownBy(() -> log.admin().create(StreamSettings.of(new StreamName("one-more"))))
                    .hasMessageContaining("found 1024 and 1 more");
            log.admin().delete(new StreamName("many-0"));
            log.admin().updateShardCount(STREAM, 2);
        }
        assertSound();
    }
}
