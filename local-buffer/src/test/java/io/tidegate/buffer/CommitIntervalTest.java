package io.tidegate.buffer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.tidegate.core.runtime.SystemClock;
import io.tidegate.core.stream.AppendUnit;
import io.tidegate.core.stream.LogStatus;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.ProducerName;
import io.tidegate.core.stream.PutAnswers;
import io.tidegate.core.stream.PutListener;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamProducer;
import io.tidegate.core.stream.StreamSettings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A budget of 1 MiB a day: its bucket of an hour lets a few commits through, then each has to wait. */
class CommitIntervalTest {
    private static final StreamName STREAM = new StreamName("paced");
    private static final long INTERVAL_MILLIS = 250;

    @TempDir
    Path home;

    private final SystemClock clock = new SystemClock();

    private ShardLog open(long putQueueBytes) {
        return OpenedLogs.open(
                OpenedLogs.settings(home)
                        .withMemory(putQueueBytes, 1 << 20)
                        .withCommitInterval(new CommitInterval.Auto(1 << 20)),
                clock);
    }

    private static void append(ShardLog log, int records) throws Exception {
        for (int i = 0; i < records; i++) {
            LogReader.commit(log, AppendUnit.of(NewRecord.of(STREAM, "k", Payload.ofUtf8("x"))));
        }
    }

    private long millisOf(ShardLog log, int records) throws Exception {
        long start = clock.monotonicNanos();
        append(log, records);
        return (clock.monotonicNanos() - start) / 1_000_000;
    }

    @Test
    void spentBudget_makesCommitsWait_alsoAfterReopening_andTheStatusSaysSo() throws Exception {
        try (ShardLog log = open(8 << 20)) {
            log.admin().create(StreamSettings.of(STREAM));
            append(log, 8);
            assertThat(millisOf(log, 4)).isGreaterThanOrEqualTo(3 * INTERVAL_MILLIS);
            LogStatus.Wear wear = log.status().wear();
            assertThat(wear.commitIntervalMillis()).isEqualTo(INTERVAL_MILLIS);
            assertThat(wear.budgetBytesPerDay()).isEqualTo(1 << 20);
            assertThat(wear.payloadBytes()).isEqualTo(12 * 2);
            assertThat(wear.dayBytes()).isEqualTo(wear.writtenBytes()).isGreaterThan(12 * 8192);
        }
        try (ShardLog log = open(8 << 20)) {
            append(log, 1);
            assertThat(millisOf(log, 3)).isGreaterThanOrEqualTo(2 * INTERVAL_MILLIS);
            assertThat(log.status().wear().dayBytes()).isGreaterThan(12 * 8192);
        }
        assertThat(LogCheck.run(home.resolve("log")).findings()).isEmpty();
    }

    /** Each arrival wakes the writer, which must go on waiting. */
    @Test
    void fixedInterval_holds_howeverMuchArrives() throws Exception {
        ShardLogSettings settings = OpenedLogs.settings(home)
                .withCommitInterval(new CommitInterval.Fixed(Duration.ofMillis(INTERVAL_MILLIS)));
        try (ShardLog log = OpenedLogs.open(settings, clock)) {
            log.admin().create(StreamSettings.of(STREAM));
            AtomicInteger answered = new AtomicInteger();
            long commits = log.status().commits();
            long start = clock.monotonicNanos();
            try (StreamProducer producer = log.producer(new ProducerName("many"), counting(answered))) {
                for (int i = 0; i < 5_000; i++) {
                    assertThat(producer.offer(NewRecord.of(STREAM, "k", Payload.ofUtf8("x")), i))
                            .isTrue();
                    Thread.onSpinWait();
                }
                await().atMost(Duration.ofSeconds(30)).until(() -> answered.get() == 5_000);
            }
            long millis = (clock.monotonicNanos() - start) / 1_000_000;
            assertThat(log.status().commits() - commits).isLessThanOrEqualTo(millis / INTERVAL_MILLIS + 1);
            assertThat(log.status().wear().commitIntervalMillis()).isEqualTo(INTERVAL_MILLIS);
        }
    }

    /** Each commit costs more than what may be spent until the budget is stored again. */
    @Test
    void changeOfAStream_andALargeRecord_areCommitted_withTheLeastBudget() throws Exception {
        StreamSettings settings =
                StreamSettings.of(STREAM).withRetainedBytesMax(100 << 20).withRecordBytesMax(4 << 20);
        try (ShardLog log = open(8 << 20)) {
            log.admin().create(settings);
            append(log, 8);
            log.admin().configure(settings.withRetainedBytesMax(50 << 20));
            LogReader.commit(log, AppendUnit.of(NewRecord.of(STREAM, "k", Payload.wrap(new byte[2 << 20]))));
            assertThat(log.admin().describe(STREAM).orElseThrow().settings().retainedBytesMax())
                    .isEqualTo(50 << 20);
            assertThat(log.ledger(new ShardId(STREAM, 0)).retained()).isEqualTo(9);
        }
        assertThat(LogCheck.run(home.resolve("log")).findings()).isEmpty();
    }

    private static PutListener counting(AtomicInteger answered) {
        return new PutListener() {
            @Override
            public void onAnswers(PutAnswers oneCommit) {
                answered.addAndGet(oneCommit.answers().size());
            }

            @Override
            public void onWritable() {}
        };
    }

    /** A queue that is nearly full would turn producers away: it is committed whatever the budget says. */
    @Test
    void nearlyFullQueue_isCommittedWithoutWaiting() throws Exception {
        try (ShardLog log = open(16 << 10)) {
            log.admin().create(StreamSettings.of(STREAM));
            append(log, 8);
            AtomicInteger answered = new AtomicInteger();
            long start = clock.monotonicNanos();
            long commits = log.status().commits();
            try (StreamProducer producer = log.producer(new ProducerName("hasty"), counting(answered))) {
                for (int i = 0; i < 400; i++) {
                    while (!producer.offer(NewRecord.of(STREAM, "k", Payload.wrap(new byte[4000])), i)) {
                        Thread.onSpinWait();
                    }
                }
                await().atMost(Duration.ofSeconds(30)).until(() -> answered.get() == 400);
            }
            long millis = (clock.monotonicNanos() - start) / 1_000_000;
            long made = log.status().commits() - commits;
            // At most three of these records fit into the queue: waiting would have taken more than half a minute.
            assertThat(made).isGreaterThan(100);
            assertThat(millis).isLessThan(made * INTERVAL_MILLIS / 2);
        }
    }
}
