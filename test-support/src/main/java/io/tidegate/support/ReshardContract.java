package io.tidegate.support;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tidegate.core.stream.AppendResult;
import io.tidegate.core.stream.AppendUnit;
import io.tidegate.core.stream.Checkpoint;
import io.tidegate.core.stream.CheckpointScope;
import io.tidegate.core.stream.CheckpointUpdate;
import io.tidegate.core.stream.ConsumerName;
import io.tidegate.core.stream.Gap;
import io.tidegate.core.stream.GapReason;
import io.tidegate.core.stream.HashKey;
import io.tidegate.core.stream.HashKeyRange;
import io.tidegate.core.stream.LogCursor;
import io.tidegate.core.stream.LogPosition;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.ReadBatch;
import io.tidegate.core.stream.ShardCursor;
import io.tidegate.core.stream.ShardDescription;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StartingPosition;
import io.tidegate.core.stream.StreamLog;
import io.tidegate.core.stream.StreamLogException;
import io.tidegate.core.stream.StreamRecord;
import io.tidegate.core.stream.StreamSettings;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** What every {@link StreamLog} does when shards are split and merged and streams deleted. */
public abstract class ReshardContract extends StreamLogContract {
    private static final HashKey MIDDLE = new HashKey(BigInteger.ONE.shiftLeft(127));

    private static ShardId shard(int number) {
        return new ShardId(STREAM, number);
    }

    private static AppendResult.Placed put(StreamLog log, String key, int number) throws Exception {
        return put(log, NewRecord.of(STREAM, key, Payload.ofUtf8("{\"n\":" + number + "}")));
    }

    private static AppendResult.Placed put(StreamLog log, NewRecord record) throws Exception {
        AppendResult result = log.append(AppendUnit.of(record)).get(30, TimeUnit.SECONDS);
        assertThat(result).isInstanceOf(AppendResult.Committed.class);
        return ((AppendResult.Committed) result).places().get(0);
    }

    private static List<ShardDescription> shards(StreamLog log) {
        return log.admin().describe(STREAM).orElseThrow().shards();
    }

    private static ShardDescription describe(StreamLog log, int number) {
        return shards(log).stream()
                .filter(one -> one.id().number() == number)
                .findFirst()
                .orElseThrow();
    }

    @Test
    public void threeShards_takeTheKeysOfTheKinesisVectors() throws Exception {
        StreamLog log = openWith(3);
        assertThat(put(log, "a", 1).shard().number()).isEqualTo(0);
        assertThat(put(log, "b", 1).shard().number()).isEqualTo(1);
        assertThat(put(log, "e", 1).shard().number()).isEqualTo(2);
        assertThat(put(log, "f", 1).shard().number()).isEqualTo(1);
    }

    @Test
    public void split_closesTheParent_andItsKeysGoToTheChildren() throws Exception {
        StreamLog log = openWith(1);
        put(log, "a", 1);
        log.admin().split(shard(0), MIDDLE);
        assertThat(describe(log, 0).open()).isFalse();
        assertThat(describe(log, 0).nextSequenceNumber()).isEqualTo(2);
        assertThat(describe(log, 1).parents()).containsExactly(shard(0));
        assertThat(describe(log, 1).range().endInclusive().value())
                .isEqualTo(MIDDLE.value().subtract(BigInteger.ONE));
        assertThat(describe(log, 2).parents()).containsExactly(shard(0));
        assertThat(describe(log, 2).range()).isEqualTo(new HashKeyRange(MIDDLE, HashKey.MAX));
        // MD5("a") = 0cc1..., MD5("abc") = 9001... (RFC 1321 A.5)
        assertThat(put(log, "a", 2)).isEqualTo(new AppendResult.Placed(shard(1), 1, false));
        assertThat(put(log, "abc", 1)).isEqualTo(new AppendResult.Placed(shard(2), 1, false));
        assertThat(log.ledger(shard(0)).appended()).isEqualTo(1);
    }

    @Test
    public void split_outsideOfTheShard_isRefusedInTheWordsOfKinesis() throws Exception {
        StreamLog log = openWith(2);
        BigInteger start = MIDDLE.value();
        for (BigInteger wrong : List.of(BigInteger.ZERO, start, start.add(BigInteger.ONE), HashKey.MAX.value())) {
            assertThatThrownBy(() -> log.admin().split(shard(1), new HashKey(wrong)))
                    .isInstanceOf(StreamLogException.class)
                    .hasMessageContaining("NewStartingHashKey " + wrong + " used in SplitShard() on shard "
                            + "shardId-000000000001 in stream contract is not both greater than one plus the shard's "
                            + "StartingHashKey " + start + " and less than the shard's EndingHashKey " + HashKey.MAX);
        }
        log.admin().split(shard(1), new HashKey(start.add(BigInteger.TWO)));
        assertThatThrownBy(() -> log.admin().split(shard(1), new HashKey(start.add(BigInteger.TEN))))
                .hasMessageContaining("is closed");
        assertThatThrownBy(() -> log.admin().split(shard(9), MIDDLE)).hasMessageContaining("shardId-000000000009");
        assertThat(log.admin().describe(STREAM).orElseThrow().openShards()).hasSize(3);
    }

    @Test
    public void merge_joinsAdjacentShards_andNoOthers() throws Exception {
        StreamLog log = openWith(3);
        for (int[] wrong : new int[][] {{0, 2}, {1, 0}, {1, 1}}) {
            assertThatThrownBy(() -> log.admin().merge(shard(wrong[0]), shard(wrong[1])))
                    .isInstanceOf(StreamLogException.class)
                    .hasMessageContaining("are not an adjacent pair of shards eligible for merging");
        }
        log.admin().merge(shard(0), shard(1));
        ShardDescription child = describe(log, 3);
        assertThat(child.parents()).containsExactly(shard(0), shard(1));
        assertThat(child.range().startInclusive()).isEqualTo(HashKey.MIN);
        // research/kinesis.md 1.3: the second of three shards ends here.
        assertThat(child.range().endInclusive()).isEqualTo(HashKey.parse("226854911280625642308916404954512140969"));
        assertThat(describe(log, 0).open()).isFalse();
        assertThat(describe(log, 1).open()).isFalse();
        assertThat(put(log, "b", 1).shard()).isEqualTo(shard(3));
        assertThat(put(log, "e", 1).shard()).isEqualTo(shard(2));
    }

    @Test
    public void shardCount_goesToTwiceOrHalf_withEvenRangesAndUnbrokenDescent() throws Exception {
        StreamLog log = openWith(2);
        for (int wrong : List.of(0, 5, 257)) {
            assertThatThrownBy(() -> log.admin().updateShardCount(STREAM, wrong))
                    .isInstanceOf(StreamLogException.class);
        }
        for (int count : List.of(3, 6, 4, 2, 1)) {
            log.admin().updateShardCount(STREAM, count);
            List<HashKeyRange> ranges = log.admin().describe(STREAM).orElseThrow().openShards().stream()
                    .map(ShardDescription::range)
                    .sorted((one, other) -> one.startInclusive().compareTo(other.startInclusive()))
                    .toList();
            assertThat(ranges).containsExactlyElementsOf(HashKeyRange.evenly(count));
        }
        for (ShardDescription shard : shards(log)) {
            for (ShardId id : shard.parents()) {
                ShardDescription parent = describe(log, id.number());
                assertThat(parent.open()).isFalse();
                assertThat(id.number()).isLessThan(shard.id().number());
                assertThat(covers(parent.range(), shard.range()) || covers(shard.range(), parent.range()))
                        .isTrue();
            }
        }
        assertThatThrownBy(() -> log.admin().updateShardCount(STREAM, 3)).hasMessageContaining("1 up to 2");
    }

    private static boolean covers(HashKeyRange outer, HashKeyRange inner) {
        return outer.contains(inner.startInclusive()) && outer.contains(inner.endInclusive());
    }

    @Test
    public void commitOrder_keepsTheOrderOfEachKey_overSplitsAndMerges() throws Exception {
        StreamLog log = openWith(1);
        try (LogCursor cursor = log.cursor(Set.of(STREAM), LogPosition.TRIM_HORIZON)) {
            List<StreamRecord> read = new ArrayList<>();
            int number = 0;
            for (int step = 0; step < 4; step++) {
                for (int i = 0; i < 40; i++) {
                    put(log, "key-" + i % 8, number++);
                }
                if (step == 1) {
                    readAll(cursor, read);
                    log.admin().updateShardCount(STREAM, 2);
                } else if (step == 0) {
                    log.admin().updateShardCount(STREAM, 2);
                    log.admin().updateShardCount(STREAM, 4);
                } else if (step == 2) {
                    log.admin().updateShardCount(STREAM, 1);
                }
            }
            readAll(cursor, read);
            List<String> expected = new ArrayList<>();
            for (int i = 0; i < number; i++) {
                expected.add("{\"n\":" + i + "}");
            }
            assertThat(read.stream().map(record -> record.data().utf8())).containsExactlyElementsOf(expected);
            assertThat(read.get(read.size() - 1).shard().number()).isGreaterThan(4);
        }
        shards(log)
                .forEach(shard -> assertThat(log.ledger(shard.id()).balances()).isTrue());
    }

    private static void readAll(LogCursor cursor, List<StreamRecord> into) {
        ReadBatch batch;
        do {
            batch = cursor.read(100);
            batch.entries().forEach(entry -> into.add((StreamRecord) entry));
        } while (!batch.atEnd());
    }

    @Test
    public void closedShard_isReadToItsEnd_whichIsTold() throws Exception {
        StreamLog log = openWith(1);
        put(log, "a", 1);
        put(log, "a", 2);
        try (ShardCursor waiting = log.cursor(shard(0), new StartingPosition.AtSequenceNumber(3))) {
            ReadBatch open = waiting.read(BYTES);
            assertThat(open.atEnd()).isTrue();
            assertThat(open.ended()).isFalse();
            CountDownLatch told = new CountDownLatch(1);
            waiting.whenReadable(told::countDown);
            log.admin().split(shard(0), MIDDLE);
            assertThat(told.await(30, TimeUnit.SECONDS)).isTrue();
            assertThat(waiting.read(BYTES).ended()).isTrue();
        }
        try (ShardCursor all = log.cursor(shard(0), new StartingPosition.TrimHorizon())) {
            ReadBatch first = all.read(1);
            assertThat(first.entries()).hasSize(1);
            assertThat(first.ended()).isFalse();
            ReadBatch second = all.read(BYTES);
            assertThat(second.entries()).hasSize(1);
            assertThat(second.ended()).isTrue();
        }
        try (ShardCursor latest = log.cursor(shard(0), new StartingPosition.Latest())) {
            assertThat(latest.read(BYTES).ended()).isTrue();
        }
        try (ShardCursor child = log.cursor(shard(1), new StartingPosition.TrimHorizon())) {
            assertThat(child.read(BYTES).ended()).isFalse();
        }
    }

    @Test
    public void resend_ofARecordInTheParent_isRecognisedInTheChild() throws Exception {
        StreamLog log = openWith(1);
        NewRecord record =
                NewRecord.of(STREAM, "a", Payload.ofUtf8("{\"n\":1}")).withDeviceNumber(10L);
        assertThat(put(log, record)).isEqualTo(new AppendResult.Placed(shard(0), 1, false));
        log.admin().split(shard(0), MIDDLE);
        assertThat(put(log, record)).isEqualTo(new AppendResult.Placed(shard(0), 1, true));
        assertThat(put(log, record.withDeviceNumber(11L))).isEqualTo(new AppendResult.Placed(shard(1), 1, false));
        log.admin().merge(shard(1), shard(2));
        assertThat(put(log, record)).isEqualTo(new AppendResult.Placed(shard(0), 1, true));
        assertThat(put(log, record.withDeviceNumber(11L))).isEqualTo(new AppendResult.Placed(shard(1), 1, true));
    }

    @Test
    public void deletedStream_isGone_andItsSuccessorNumbersOn() throws Exception {
        StreamLog log = openWith(2);
        ConsumerName consumer = new ConsumerName("reader");
        CheckpointScope scope = new CheckpointScope.OneShard(shard(0));
        NewRecord record =
                NewRecord.of(STREAM, "a", Payload.ofUtf8("{\"n\":1}")).withDeviceNumber(10L);
        put(log, record);
        log.append(checkpoint(consumer, scope)).get(30, TimeUnit.SECONDS);
        try (ShardCursor reader = log.cursor(shard(0), new StartingPosition.TrimHorizon());
                LogCursor both = log.cursor(Set.of(STREAM), LogPosition.LATEST)) {
            log.admin().delete(STREAM);
            ReadBatch last = reader.read(BYTES);
            assertThat(last.ended()).isTrue();
            Gap gap = (Gap) last.entries().get(0);
            assertThat(gap.reason()).isEqualTo(GapReason.EVICTED);
            assertThat(gap.toExclusive()).isEqualTo(2);

            assertThat(log.admin().describe(STREAM)).isEmpty();
            assertThat(log.checkpoint(consumer, scope)).isEmpty();
            assertThat(log.append(AppendUnit.of(record)).get(30, TimeUnit.SECONDS))
                    .isInstanceOf(AppendResult.Refused.class);
            assertThat(log.append(checkpoint(consumer, scope)).get(30, TimeUnit.SECONDS))
                    .isInstanceOf(AppendResult.Refused.class);
            assertThatThrownBy(() -> log.ledger(shard(0))).isInstanceOf(StreamLogException.class);
            assertThatThrownBy(() -> log.admin().delete(STREAM)).isInstanceOf(StreamLogException.class);

            assertThat(log.admin().create(StreamSettings.of(STREAM))).isTrue();
            assertThat(put(log, record)).isEqualTo(new AppendResult.Placed(shard(2), 1, false));
            List<StreamRecord> read = new ArrayList<>();
            readAll(both, read);
            assertThat(read).hasSize(1);
            assertThat(read.get(0).shard()).isEqualTo(shard(2));
        }
    }

    private static AppendUnit checkpoint(ConsumerName consumer, CheckpointScope scope) {
        return new AppendUnit(
                List.of(),
                List.of(new CheckpointUpdate(consumer, scope, new Checkpoint.InShard(1, Payload.EMPTY))),
                List.of(),
                List.of());
    }

    @Test
    public void create_afterAReshard_isFineWithEitherNumberOfShards() throws Exception {
        StreamLog log = openWith(1);
        log.admin().updateShardCount(STREAM, 2);
        assertThat(log.admin().create(StreamSettings.of(STREAM))).isFalse();
        assertThat(log.admin().create(StreamSettings.of(STREAM).withShards(2))).isFalse();
        assertThatThrownBy(() -> log.admin().create(StreamSettings.of(STREAM).withShards(3)))
                .isInstanceOf(StreamLogException.class)
                .hasMessageContaining("2 shards");
    }
}
