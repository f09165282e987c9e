package io.tidegate.buffer;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidegate.core.runtime.FakeClock;
import io.tidegate.core.stream.AppendResult;
import io.tidegate.core.stream.AppendUnit;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.ProducerName;
import io.tidegate.core.stream.PutAnswer;
import io.tidegate.core.stream.PutAnswers;
import io.tidegate.core.stream.PutListener;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StateUpdate;
import io.tidegate.core.stream.StreamMode;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamProducer;
import io.tidegate.core.stream.StreamSettings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a shard of a provisioned stream takes from clients. Time goes by only where a test says so. */
class ShardQuotasTest {
    private static final StreamName STREAM = new StreamName("press");
    private static final ShardId SHARD = new ShardId(STREAM, 0);
    /** MD5("a") = 0cc1..., MD5("abc") = 9001... (RFC 1321, A.5): below and above 2^127. */
    private static final String LOW = "a";

    private static final String HIGH = "abc";

    @TempDir
    Path home;

    private final FakeClock clock = new FakeClock(1_800_000_000_000L);
    private final LinkedBlockingQueue<PutAnswer> answers = new LinkedBlockingQueue<>();
    private ShardLog log;
    private StreamProducer producer;

    @BeforeEach
    void open() {
        log = OpenedLogs.open(OpenedLogs.settings(home), clock);
        log.admin()
                .create(StreamSettings.of(STREAM)
                        .withMode(StreamMode.PROVISIONED)
                        .withRecordBytesMax(10 << 20));
        producer = log.producer(new ProducerName("client"), new PutListener() {
            @Override
            public void onAnswers(PutAnswers oneCommit) {
                answers.addAll(oneCommit.answers());
            }

            @Override
            public void onWritable() {}
        });
    }

    @AfterEach
    void close() {
        producer.close();
        log.close();
    }

    private static NewRecord record(String key, int bytesWithKey) {
        return NewRecord.of(STREAM, key, Payload.wrap(new byte[bytesWithKey - key.length()]));
    }

    private void offer(NewRecord record) {
        while (!producer.offer(record, 0)) {
            Thread.onSpinWait(); // room comes a moment after the answer
        }
    }

    private PutAnswer answer() throws InterruptedException {
        PutAnswer answer = answers.poll(30, TimeUnit.SECONDS);
        assertThat(answer).isNotNull();
        return answer;
    }

    private PutAnswer put(String key, int bytesWithKey) throws InterruptedException {
        offer(record(key, bytesWithKey));
        return answer();
    }

    private void assertStored(int count) throws InterruptedException {
        for (int i = 0; i < count; i++) {
            assertThat(answer().refusal()).isNull();
        }
    }

    private void assertThrottled(int count, Duration retryAfter) throws InterruptedException {
        for (int i = 0; i < count; i++) {
            PutAnswer answer = answer();
            assertThat(answer.throttled()).isTrue();
            assertThat(answer.retryAfter()).isEqualTo(retryAfter);
        }
    }

    /** Time goes by, once the writer has done all that belongs to its last answers. */
    private void pass(Duration time) throws Exception {
        LogReader.commit(
                log, new AppendUnit(List.of(), List.of(), List.of(new StateUpdate("test", Payload.EMPTY)), List.of()));
        clock.advance(time);
    }

    @Test
    void shard_takes1000RecordsInASecond_andThenAsManyAsTimeHasBrought() throws Exception {
        for (int i = 0; i < 1_003; i++) {
            offer(record(LOW, 100));
        }
        assertStored(1_000);
        // One record comes in a millisecond; a tenth of a second is the least that a client is sent away for.
        assertThrottled(3, Duration.ofMillis(100));
        pass(Duration.ofMillis(100));
        for (int i = 0; i < 101; i++) {
            offer(record(LOW, 100));
        }
        assertStored(100);
        assertThrottled(1, Duration.ofMillis(100));
        // However long nobody sends, there is never more than for a second.
        pass(Duration.ofDays(3));
        for (int i = 0; i < 1_001; i++) {
            offer(record(LOW, 100));
        }
        assertStored(1_000);
        assertThrottled(1, Duration.ofMillis(100));
        assertThat(log.throttled(SHARD)).isEqualTo(5);
        assertThat(log.ledger(SHARD).appended()).isEqualTo(2_100);
    }

    @Test
    void shard_takesAMebibyteInASecond_dataAndKeys_andALargeRecordIsPaidOffFirst() throws Exception {
        assertThat(put(LOW, 8 << 20).isStored()).isTrue();
        // 1 MiB was there, 8 MiB are taken: 7 MiB and 100 bytes are missing, (7 * 2^20 + 100) * 10^9 / 2^20 ns.
        PutAnswer refused = put(LOW, 100);
        assertThat(refused.retryAfter()).isEqualTo(Duration.ofNanos(7_000_095_368L));
        pass(Duration.ofNanos(7_000_095_367L));
        assertThat(put(LOW, 100).throttled()).isTrue();
        pass(Duration.ofNanos(1));
        assertThat(put(LOW, 100).isStored()).isTrue();
        pass(Duration.ofSeconds(1));
        assertThat(put(LOW, 1 << 20).isStored()).isTrue();
        assertThat(put(LOW, 2).throttled()).isTrue();
    }

    @Test
    void smallRecord_thatWouldFit_doesNotOvertakeALargeOneThatWasRefused() throws Exception {
        assertThat(put(LOW, (1 << 20) - 1_000).isStored()).isTrue();
        offer(record(LOW, 110_000));
        offer(record(LOW, 100));
        // (110,000 - 1,000) * 10^9 / 2^20 ns
        assertThrottled(2, Duration.ofNanos(103_950_501L));
        pass(Duration.ofNanos(103_950_501L));
        offer(record(LOW, 110_000));
        offer(record(LOW, 100));
        assertStored(1);
        assertThat(answer().throttled()).isTrue();
    }

    @Test
    void children_haveQuotasOfTheirOwn_butRefuseAsLongAsTheirParentDid() throws Exception {
        for (int i = 0; i < 1_001; i++) {
            offer(record(LOW, 100));
        }
        assertStored(1_000);
        assertThrottled(1, Duration.ofMillis(100));
        log.admin().updateShardCount(STREAM, 2);
        offer(record(LOW, 100));
        assertThrottled(1, Duration.ofMillis(100));
        pass(Duration.ofMillis(100));
        for (int i = 0; i < 1_001; i++) {
            offer(record(LOW, 100));
            offer(record(HIGH, 100));
        }
        assertStored(2_000);
        assertThrottled(2, Duration.ofMillis(100));
    }

    @Test
    void streamThatBecomesOnDemand_stillRefusesWhatWouldOvertake() throws Exception {
        assertThat(put(LOW, 8 << 20).isStored()).isTrue();
        assertThat(put(LOW, 100).throttled()).isTrue();
        log.admin().configure(StreamSettings.of(STREAM).withMode(StreamMode.ON_DEMAND));
        assertThat(put(LOW, 100).throttled()).isTrue();
        pass(Duration.ofSeconds(8));
        assertThat(put(LOW, 1 << 20).isStored()).isTrue();
        assertThat(put(LOW, 1 << 20).isStored()).isTrue();
    }

    @Test
    void units_andSecondCopies_doNotCount() throws Exception {
        offer(record(LOW, 1 << 20).withDeviceNumber(7L));
        assertStored(1);
        LogReader.commit(log, AppendUnit.of(record(LOW, 1 << 20)));
        offer(record(LOW, 1 << 20).withDeviceNumber(7L));
        assertThat(answer().place()).isEqualTo(new AppendResult.Placed(SHARD, 1, true));
        assertThat(put(LOW, 100).throttled()).isTrue();
    }

    @Test
    void mode_isThereAfterARestart() {
        producer.close();
        log.close();
        log = OpenedLogs.open(OpenedLogs.settings(home), clock, new java.util.Random(8));
        assertThat(log.admin().describe(STREAM).orElseThrow().settings().mode()).isEqualTo(StreamMode.PROVISIONED);
        assertThat(LogCheck.run(home.resolve("log")).findings()).isEmpty();
    }
}
