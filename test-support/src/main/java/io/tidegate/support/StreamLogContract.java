package io.tidegate.support;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tidegate.core.stream.AppendResult;
import io.tidegate.core.stream.AppendUnit;
import io.tidegate.core.stream.Attributes;
import io.tidegate.core.stream.Checkpoint;
import io.tidegate.core.stream.CheckpointScope;
import io.tidegate.core.stream.CheckpointUpdate;
import io.tidegate.core.stream.ConsumerName;
import io.tidegate.core.stream.Expectation;
import io.tidegate.core.stream.FullPolicy;
import io.tidegate.core.stream.HashKey;
import io.tidegate.core.stream.LogCursor;
import io.tidegate.core.stream.LogEntry;
import io.tidegate.core.stream.LogPosition;
import io.tidegate.core.stream.LossLedger;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.ProducerName;
import io.tidegate.core.stream.PutAnswer;
import io.tidegate.core.stream.PutAnswers;
import io.tidegate.core.stream.PutListener;
import io.tidegate.core.stream.ShardCursor;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StartingPosition;
import io.tidegate.core.stream.StateUpdate;
import io.tidegate.core.stream.StreamLog;
import io.tidegate.core.stream.StreamLogException;
import io.tidegate.core.stream.StreamMode;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamProducer;
import io.tidegate.core.stream.StreamRecord;
import io.tidegate.core.stream.StreamSettings;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** What every {@link StreamLog} does, the real one and the fake alike; {@link ReshardContract} is the rest of it. */
public abstract class StreamLogContract {
    static final StreamName STREAM = new StreamName("contract");
    private static final ConsumerName CONSUMER = new ConsumerName("reader");
    static final int BYTES = 1 << 20;

    /** An empty log. Closed, if it must be, by the subclass. */
    protected abstract StreamLog open() throws Exception;

    final StreamLog openWith(int shards) throws Exception {
        StreamLog log = open();
        assertThat(log.admin().create(StreamSettings.of(STREAM).withShards(shards)))
                .isTrue();
        return log;
    }

    private static NewRecord record(String key, int number) {
        return NewRecord.of(STREAM, key, Payload.ofUtf8("{\"n\":" + number + "}"));
    }

    private static AppendResult append(StreamLog log, AppendUnit unit) throws Exception {
        return log.append(unit).get(30, TimeUnit.SECONDS);
    }

    private static List<StreamRecord> records(List<LogEntry> entries) {
        return entries.stream().map(StreamRecord.class::cast).toList();
    }

    @Test
    public void records_getDenseNumbersFrom1_perShard() throws Exception {
        StreamLog log = openWith(4);
        for (int i = 0; i < 40; i++) {
            append(log, AppendUnit.of(record("key-" + i % 7, i)));
        }
        int total = 0;
        for (int shard = 0; shard < 4; shard++) {
            ShardId id = new ShardId(STREAM, shard);
            try (ShardCursor cursor = log.cursor(id, new StartingPosition.TrimHorizon())) {
                List<StreamRecord> read = records(cursor.read(BYTES).entries());
                for (int i = 0; i < read.size(); i++) {
                    assertThat(read.get(i).sequenceNumber()).isEqualTo(i + 1);
                }
                total += read.size();
                assertThat(log.ledger(id).appended()).isEqualTo(read.size());
                assertThat(log.ledger(id).balances()).isTrue();
            }
        }
        assertThat(total).isEqualTo(40);
    }

    @Test
    public void sameKey_sameShard_andExplicitHashKeyWins() throws Exception {
        StreamLog log = openWith(2);
        AppendResult.Committed result = (AppendResult.Committed) append(
                log,
                AppendUnit.of(
                        record("a", 1),
                        record("a", 2),
                        record("a", 3).withExplicitHashKey(HashKey.MIN),
                        record("a", 4).withExplicitHashKey(HashKey.MAX)));
        assertThat(result.places().get(0).shard())
                .isEqualTo(result.places().get(1).shard());
        assertThat(result.places().get(2).shard().number()).isZero();
        assertThat(result.places().get(3).shard().number()).isEqualTo(1);
    }

    @Test
    public void partitionKeys_areRoutedByTheirMd5() throws Exception {
        StreamLog log = openWith(2);
        // RFC 1321 A.5: MD5("a") = 0cc1..., below 2^127; MD5("abc") = 9001..., above it.
        AppendResult.Committed result =
                (AppendResult.Committed) append(log, AppendUnit.of(record("a", 1), record("abc", 2)));
        assertThat(result.places().get(0).shard().number()).isZero();
        assertThat(result.places().get(1).shard().number()).isEqualTo(1);
    }

    @Test
    public void unit_withAFailedExpectation_changesNothing() throws Exception {
        StreamLog log = openWith(1);
        AppendUnit unit = new AppendUnit(
                List.of(record("a", 1)),
                List.of(),
                List.of(new StateUpdate("cursor", Payload.ofUtf8("1"))),
                List.of(new Expectation.StateIs("cursor", null)));
        assertThat(append(log, unit)).isInstanceOf(AppendResult.Committed.class);
        assertThat(append(log, unit)).isInstanceOf(AppendResult.Conflict.class);
        assertThat(log.state("cursor")).contains(Payload.ofUtf8("1"));
        assertThat(log.ledger(new ShardId(STREAM, 0)).appended()).isEqualTo(1);
    }

    @Test
    public void checkpoint_isKeptPerConsumerAndScope_andCanBeExpected() throws Exception {
        StreamLog log = openWith(1);
        CheckpointScope scope = new CheckpointScope.CommitOrder(Set.of(STREAM));
        Checkpoint checkpoint = new Checkpoint.InCommitOrder(new LogPosition(7, 3), Payload.ofUtf8("x"));
        AppendUnit unit = new AppendUnit(
                List.of(),
                List.of(new CheckpointUpdate(CONSUMER, scope, checkpoint)),
                List.of(),
                List.of(new Expectation.CheckpointIs(CONSUMER, scope, null)));
        assertThat(log.checkpoint(CONSUMER, scope)).isEmpty();
        assertThat(append(log, unit)).isInstanceOf(AppendResult.Committed.class);
        assertThat(log.checkpoint(CONSUMER, scope)).contains(checkpoint);
        assertThat(append(log, unit)).isInstanceOf(AppendResult.Conflict.class);
    }

    @Test
    public void placesThatAreGivenUp_areGone_andNobodyElsesAre() throws Exception {
        StreamLog log = openWith(1);
        CheckpointScope scope = new CheckpointScope.OneShard(new ShardId(STREAM, 0));
        Checkpoint place = new Checkpoint.InShard(1, Payload.EMPTY);
        ConsumerName other = new ConsumerName("other");
        for (ConsumerName consumer : List.of(CONSUMER, other)) {
            append(
                    log,
                    new AppendUnit(
                            List.of(), List.of(new CheckpointUpdate(consumer, scope, place)), List.of(), List.of()));
        }
        log.admin().forget(CONSUMER, STREAM);
        assertThat(log.checkpoint(CONSUMER, scope)).isEmpty();
        assertThat(log.checkpoint(other, scope)).contains(place);
    }

    @Test
    public void state_isListedByPrefix_andDeletedByNull() throws Exception {
        StreamLog log = openWith(1);
        append(log, state("b/2", "x"));
        append(log, state("b/1", "y"));
        append(log, state("c", "z"));
        assertThat(log.stateKeys("b/")).containsExactly("b/1", "b/2");
        append(log, new AppendUnit(List.of(), List.of(), List.of(new StateUpdate("b/2", null)), List.of()));
        assertThat(log.stateKeys("b/")).containsExactly("b/1");
        assertThat(log.state("b/2")).isEmpty();
    }

    private static AppendUnit state(String key, String value) {
        return new AppendUnit(List.of(), List.of(), List.of(new StateUpdate(key, Payload.ofUtf8(value))), List.of());
    }

    @Test
    public void commitOrder_isTheOrderOfAppends_overAllShards() throws Exception {
        StreamLog log = openWith(3);
        for (int i = 0; i < 30; i++) {
            append(log, AppendUnit.of(record("k" + i, i)));
        }
        try (LogCursor cursor = log.cursor(Set.of(STREAM), LogPosition.TRIM_HORIZON)) {
            List<StreamRecord> first = readAll(cursor);
            assertThat(first.stream().map(record -> record.data().utf8())).containsExactlyElementsOf(numbers(0, 30));
            LogPosition middle = first.get(9).position();
            try (LogCursor second = log.cursor(Set.of(STREAM), middle)) {
                assertThat(readAll(second).stream().map(record -> record.data().utf8()))
                        .containsExactlyElementsOf(numbers(9, 30));
            }
        }
    }

    private static List<String> numbers(int from, int to) {
        List<String> texts = new ArrayList<>();
        for (int i = from; i < to; i++) {
            texts.add("{\"n\":" + i + "}");
        }
        return texts;
    }

    private static List<StreamRecord> readAll(LogCursor cursor) {
        List<StreamRecord> all = new ArrayList<>();
        while (true) {
            var batch = cursor.read(64);
            all.addAll(records(batch.entries()));
            if (batch.atEnd()) {
                return all;
            }
        }
    }

    @Test
    public void position_takenBetweenReads_continuesWithoutRepeatOrSkip() throws Exception {
        StreamLog log = openWith(1);
        append(log, AppendUnit.of(record("a", 0), record("a", 1), record("a", 2)));
        LogPosition position = LogPosition.TRIM_HORIZON;
        List<String> seen = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            try (LogCursor cursor = log.cursor(Set.of(STREAM), position)) {
                records(cursor.read(1).entries())
                        .forEach(record -> seen.add(record.data().utf8()));
                position = cursor.position();
            }
        }
        assertThat(seen).containsExactlyElementsOf(numbers(0, 3));
    }

    @Test
    public void startingPositions_startWhereTheySay() throws Exception {
        StreamLog log = openWith(1);
        append(log, AppendUnit.of(record("a", 1), record("a", 2), record("a", 3)));
        ShardId id = new ShardId(STREAM, 0);
        assertThat(firstNumber(log, id, new StartingPosition.TrimHorizon())).isEqualTo(1);
        assertThat(firstNumber(log, id, new StartingPosition.AtSequenceNumber(2)))
                .isEqualTo(2);
        assertThat(firstNumber(log, id, new StartingPosition.AfterSequenceNumber(2)))
                .isEqualTo(3);
        assertThat(firstNumber(log, id, new StartingPosition.AtTimestamp(0))).isEqualTo(1);
        try (ShardCursor latest = log.cursor(id, new StartingPosition.Latest())) {
            assertThat(latest.read(BYTES).entries()).isEmpty();
            append(log, AppendUnit.of(record("a", 4)));
            assertThat(records(latest.read(BYTES).entries()).get(0).sequenceNumber())
                    .isEqualTo(4);
        }
    }

    private static long firstNumber(StreamLog log, ShardId id, StartingPosition from) {
        try (ShardCursor cursor = log.cursor(id, from)) {
            return records(cursor.read(1).entries()).get(0).sequenceNumber();
        }
    }

    @Test
    public void whenReadable_callsOnceSomethingIsCommitted() throws Exception {
        StreamLog log = openWith(1);
        try (LogCursor cursor = log.cursor(Set.of(STREAM), LogPosition.LATEST)) {
            CountDownLatch called = new CountDownLatch(1);
            cursor.whenReadable(called::countDown);
            append(log, AppendUnit.of(record("a", 1)));
            assertThat(called.await(30, TimeUnit.SECONDS)).isTrue();
            assertThat(cursor.read(BYTES).entries()).hasSize(1);
        }
    }

    @Test
    public void offers_areAnsweredInOrder_andASecondCopyIsRecognised() throws Exception {
        StreamLog log = openWith(1);
        LinkedBlockingQueue<PutAnswer> answers = new LinkedBlockingQueue<>();
        try (StreamProducer producer = log.producer(new ProducerName("test"), gather(answers))) {
            assertThat(producer.offer(record("a", 1).withDeviceNumber(10L), 100))
                    .isTrue();
            assertThat(producer.offer(record("a", 2).withDeviceNumber(11L), 101))
                    .isTrue();
            assertThat(producer.offer(record("a", 1).withDeviceNumber(10L), 102))
                    .isTrue();
            assertThat(producer.offer(record("b", 1).withDeviceNumber(10L), 103))
                    .isTrue();
            assertThat(producer.offer(record("a", 9).withDeviceNumber(10L), 104))
                    .isTrue();
        }
        long[] sequenceNumbers = {1, 2, 1, 3, 4};
        for (int i = 0; i < sequenceNumbers.length; i++) {
            PutAnswer answer = answers.poll(30, TimeUnit.SECONDS);
            assertThat(answer).isNotNull();
            assertThat(answer.correlation()).isEqualTo(100 + i);
            assertThat(answer.place())
                    .isEqualTo(new AppendResult.Placed(new ShardId(STREAM, 0), sequenceNumbers[i], i == 2));
        }
    }

    @Test
    public void everythingOfARecord_comesBack() throws Exception {
        StreamLog log = openWith(1);
        NewRecord written = record("ключ", 1)
                .withAttributes(Attributes.of("device", "d1"))
                .withContentType("text/x")
                .withExplicitHashKey(HashKey.MAX)
                .withDeviceTime(1234567890123L);
        append(log, AppendUnit.of(written));
        try (ShardCursor cursor = log.cursor(new ShardId(STREAM, 0), new StartingPosition.TrimHorizon())) {
            StreamRecord read = records(cursor.read(BYTES).entries()).get(0);
            assertThat(read.partitionKey()).isEqualTo(written.partitionKey());
            assertThat(read.attributes()).isEqualTo(written.attributes());
            assertThat(read.contentType()).isEqualTo("text/x");
            assertThat(read.explicitHashKey()).isEqualTo(HashKey.MAX);
            assertThat(read.eventTimeMillis()).isEqualTo(1234567890123L);
            assertThat(read.eventTimeFrom()).isEqualTo(written.eventTimeFrom());
            assertThat(read.data()).isEqualTo(written.data());
            assertThat(log.epochs(read.shard()).get(0).epoch()).isEqualTo(read.epoch());
        }
    }

    @Test
    public void clientBeyondTheQuotaOfAShard_isToldWhenToRetry_andTheGatewaysOwnUnitsAreNot() throws Exception {
        StreamLog log = openWith(1);
        ShardId shard = new ShardId(STREAM, 0);
        log.admin()
                .configure(StreamSettings.of(STREAM)
                        .withMode(StreamMode.PROVISIONED)
                        .withRecordBytesMax(10 << 20));
        assertThat(log.admin().describe(STREAM).orElseThrow().settings().mode()).isEqualTo(StreamMode.PROVISIONED);
        NewRecord large = NewRecord.of(STREAM, "a", Payload.wrap(new byte[8 << 20]));
        LinkedBlockingQueue<PutAnswer> answers = new LinkedBlockingQueue<>();
        try (StreamProducer producer = log.producer(new ProducerName("client"), gather(answers))) {
            Offers.untilTaken(producer, large, 1);
            assertThat(answers.poll(30, TimeUnit.SECONDS)).matches(PutAnswer::isStored);
            Offers.untilTaken(producer, record("a", 2), 2);
            assertThat(answers.poll(30, TimeUnit.SECONDS)).satisfies(answer -> {
                assertThat(answer.throttled()).isTrue();
                assertThat(answer.refusal())
                        .isEqualTo("Rate exceeded for shard shardId-000000000000 in stream contract");
                assertThat(answer.retryAfter())
                        .isBetween(Duration.ofMillis(50), Duration.ofSeconds(7).plusMillis(1));
            });
            assertThat(log.throttled(shard)).isEqualTo(1);
            assertThat(append(log, AppendUnit.of(record("a", 3)))).isInstanceOf(AppendResult.Committed.class);
        }
        assertThat(log.ledger(shard).appended()).isEqualTo(2);
    }

    private static PutListener gather(LinkedBlockingQueue<PutAnswer> answers) {
        return new PutListener() {
            @Override
            public void onAnswers(PutAnswers oneCommit) {
                answers.addAll(oneCommit.answers());
            }

            @Override
            public void onWritable() {}
        };
    }

    @Test
    public void unknownStream_isRefusedForEver() throws Exception {
        StreamLog log = openWith(1);
        NewRecord lost = NewRecord.of(new StreamName("nowhere"), "a", Payload.EMPTY);
        AppendResult result = append(log, AppendUnit.of(lost));
        assertThat(result).isInstanceOf(AppendResult.Refused.class);
        assertThat(((AppendResult.Refused) result).retryAfter()).isEqualTo(AppendResult.NEVER);
        assertThatThrownBy(() -> log.cursor(Set.of(lost.stream()), LogPosition.LATEST))
                .isInstanceOf(StreamLogException.class)
                .hasMessageContaining("nowhere");
    }

    @Test
    public void createAgain_isFine_withTheSameShardsOnly() throws Exception {
        StreamLog log = openWith(2);
        assertThat(log.admin().create(StreamSettings.of(STREAM).withShards(2))).isFalse();
        assertThatThrownBy(() -> log.admin().create(StreamSettings.of(STREAM).withShards(3)))
                .isInstanceOf(StreamLogException.class);
        assertThat(log.admin().describe(STREAM).orElseThrow().shards()).hasSize(2);
    }

    @Test
    public void streamThatRejectsWhenFull_saysWhenToRetry_andHurtsNoOther() throws Exception {
        StreamLog log = openWith(1);
        StreamName small = new StreamName("small");
        log.admin().create(StreamSettings.of(small).withRetainedBytesMax(100).withOnFull(FullPolicy.REJECT));
        NewRecord record = NewRecord.of(small, "k", Payload.ofUtf8("x".repeat(39)));
        assertThat(append(log, AppendUnit.of(record))).isInstanceOf(AppendResult.Committed.class);
        assertThat(append(log, AppendUnit.of(record))).isInstanceOf(AppendResult.Committed.class);
        assertThat(append(log, AppendUnit.of(record))).isInstanceOfSatisfying(AppendResult.Refused.class, refused -> {
            assertThat(refused.retryAfter()).isPositive().isLessThanOrEqualTo(Duration.ofSeconds(1));
            assertThat(refused.reason()).contains("'small' is full");
        });
        assertThat(append(log, AppendUnit.of(record("k", 1)))).isInstanceOf(AppendResult.Committed.class);
        assertThat(log.ledger(new ShardId(small, 0))).isEqualTo(new LossLedger(new ShardId(small, 0), 2, 2, 0, 0, 0));
    }
}
