package io.tidegate.buffer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.tidegate.core.runtime.FakeClock;
import io.tidegate.core.stream.AppendResult;
import io.tidegate.core.stream.AppendUnit;
import io.tidegate.core.stream.FullPolicy;
import io.tidegate.core.stream.LossLedger;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.ProducerName;
import io.tidegate.core.stream.PutAnswer;
import io.tidegate.core.stream.PutAnswers;
import io.tidegate.core.stream.PutListener;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StartingPosition;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamProducer;
import io.tidegate.core.stream.StreamSettings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Streams whose policy at their limit is to refuse. */
class FullStreamTest {
    private static final StreamName STREAM = new StreamName("press");
    private static final ShardId SHARD = new ShardId(STREAM, 0);
    private static final StreamSettings SMALL = StreamSettings.of(STREAM)
            .withRetention(Duration.ofDays(1))
            .withRetainedBytesMax(5_000)
            .withOnFull(FullPolicy.REJECT);

    @TempDir
    Path home;

    private final FakeClock clock = new FakeClock(1_800_000_000_000L);

    private ShardLog open() {
        return OpenedLogs.open(OpenedLogs.settings(home), clock);
    }

    private static NewRecord record(int number) {
        String text = number + "-";
        return NewRecord.of(STREAM, "k", Payload.ofUtf8(text + "x".repeat(999 - text.length())));
    }

    private static List<String> heads(ShardLog log) {
        return LogReader.texts(LogReader.all(log, SHARD, new StartingPosition.TrimHorizon())).stream()
                .map(text -> text.substring(0, text.indexOf('-')))
                .toList();
    }

    /** Gathers answers. */
    private static final class Answers implements PutListener {
        final LinkedBlockingQueue<PutAnswer> all = new LinkedBlockingQueue<>();

        @Override
        public void onAnswers(PutAnswers oneCommit) {
            all.addAll(oneCommit.answers());
        }

        @Override
        public void onWritable() {}

        boolean nextIsStored() throws InterruptedException {
            PutAnswer answer = all.poll(30, TimeUnit.SECONDS);
            assertThat(answer).isNotNull();
            return answer.isStored();
        }
    }

    @Test
    void roomThatComesWhileAStreamRefuses_isNotTakenByALaterRecord() throws Exception {
        Answers answers = new Answers();
        try (ShardLog log = open();
                StreamProducer producer = log.producer(new ProducerName("device"), answers)) {
            log.admin().create(SMALL);
            for (int number = 1; number <= 6; number++) {
                assertThat(producer.offer(record(number), number)).isTrue();
                assertThat(answers.nextIsStored()).isEqualTo(number <= 5);
            }
            // The sixth waits to be sent again; from here on there would be room for the seventh.
            log.admin().configure(SMALL.withRetainedBytesMax(50_000));
            assertThat(producer.offer(record(7), 7)).isTrue();
            assertThat(answers.nextIsStored()).isFalse();
            clock.advance(FullStreams.RETRY_AFTER);
            for (int number = 6; number <= 7; number++) {
                assertThat(producer.offer(record(number), number)).isTrue();
                assertThat(answers.nextIsStored()).isTrue();
            }
            assertThat(heads(log)).containsExactly("1", "2", "3", "4", "5", "6", "7");
        }
    }

    @Test
    void fullStream_givesUpNothing_andTakesRecordsAgainWhenOldOnesHaveExpired() throws Exception {
        try (ShardLog log = open()) {
            log.admin().create(SMALL);
            for (int number = 1; number <= 5; number++) {
                LogReader.commit(log, AppendUnit.of(record(number)));
            }
            assertThat(LogReader.append(log, AppendUnit.of(record(6)))).isInstanceOf(AppendResult.Refused.class);
            log.lookNow();
            assertThat(log.ledger(SHARD)).isEqualTo(new LossLedger(SHARD, 5, 5, 0, 0, 0));
            clock.advance(Duration.ofHours(25));
            await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> {
                log.lookNow();
                assertThat(log.ledger(SHARD)).isEqualTo(new LossLedger(SHARD, 5, 0, 5, 0, 0));
            });
            LogReader.commit(log, AppendUnit.of(record(6)));
        }
        assertThat(LogCheck.run(home.resolve("log")).findings()).isEmpty();
    }

    @Test
    void secondCopyOfAStoredRecord_isAcknowledged_alsoWhileTheStreamIsFull() throws Exception {
        try (ShardLog log = open()) {
            log.admin().create(SMALL);
            for (int number = 1; number <= 5; number++) {
                LogReader.commit(log, AppendUnit.of(record(number).withDeviceNumber((long) number)));
            }
            assertThat(LogReader.append(log, AppendUnit.of(record(6).withDeviceNumber(6L))))
                    .isInstanceOf(AppendResult.Refused.class);
            AppendResult.Committed again =
                    LogReader.commit(log, AppendUnit.of(record(5).withDeviceNumber(5L)));
            assertThat(again.places()).containsExactly(new AppendResult.Placed(SHARD, 5, true));
        }
    }

    @Test
    void copyOfARecordWhoseShardHasExpired_isANewRecord_andRefusedLikeOne() throws Exception {
        try (ShardLog log = open()) {
            log.admin().create(SMALL);
            LogReader.commit(log, AppendUnit.of(record(1).withDeviceNumber(1L)));
            log.admin().updateShardCount(STREAM, 2);
            clock.advance(Duration.ofHours(25));
            await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> {
                log.lookNow();
                assertThat(log.admin().describe(STREAM).orElseThrow().shards()).hasSize(2);
            });
            for (int number = 2; number <= 6; number++) {
                LogReader.commit(log, AppendUnit.of(record(number).withDeviceNumber((long) number)));
            }
            AppendUnit again = AppendUnit.of(record(1).withDeviceNumber(1L));
            assertThat(LogReader.append(log, again)).isInstanceOf(AppendResult.Refused.class);
            clock.advance(FullStreams.RETRY_AFTER);
            log.admin().configure(SMALL.withRetainedBytesMax(6_000));
            assertThat(LogReader.commit(log, again).places())
                    .singleElement()
                    .satisfies(placed -> assertThat(placed.duplicate()).isFalse());
            assertThat(LogReader.commit(log, again).places())
                    .singleElement()
                    .satisfies(placed -> assertThat(placed.duplicate()).isTrue());
        }
    }

    @Test
    void stream_refusesUntilWhatWasOfferedBeforeTheRefusalIsAnswered_howeverLongThatTakes() {
        CommitQueue queue = new CommitQueue(1 << 20);
        FullStreams full = new FullStreams(clock, () -> false);
        assertThat(full.refuse(STREAM)).isEqualTo(FullStreams.RETRY_AFTER);
        full.mark(queue);
        clock.advance(Duration.ofMinutes(1));
        assertThat(full.isClosed(STREAM)).isTrue();
        ArrayDeque<Submission> taken = new ArrayDeque<>();
        queue.drainTo(taken, Long.MAX_VALUE);
        assertThat(taken).hasSize(1);
        taken.remove().answer(new Submission.Answers(new HashMap<>(), new ArrayList<>()));
        assertThat(full.isClosed(STREAM)).isFalse();
    }
}
