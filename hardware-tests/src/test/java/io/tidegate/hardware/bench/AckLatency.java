package io.tidegate.hardware.bench;

import io.tidegate.core.stream.ProducerName;
import io.tidegate.core.stream.PutAnswer;
import io.tidegate.core.stream.PutAnswers;
import io.tidegate.core.stream.PutListener;
import io.tidegate.core.stream.StreamProducer;
import java.util.Arrays;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** How long a record waits for its answer when records come at a steady rate, whatever the answers do. */
final class AckLatency implements PutListener {
    static final int PER_SECOND = 500;

    private final long[] dueNanos;
    private final long[] waitedNanos;
    private final CountDownLatch unanswered;

    private AckLatency(int count) {
        dueNanos = new long[count];
        waitedNanos = new long[count];
        unanswered = new CountDownLatch(count);
    }

    @Override
    public void onAnswers(PutAnswers oneCommit) {
        long now = System.nanoTime();
        for (PutAnswer answer : oneCommit.answers()) {
            int number = (int) answer.correlation();
            waitedNanos[number] = answer.isStored() ? now - dueNanos[number] : Long.MAX_VALUE;
            unanswered.countDown();
        }
    }

    @Override
    public void onWritable() {}

    /** Milliseconds below which so many of 100 answers came, counted from when a record was due. */
    static double[] percentiles(MeasuredLog log, Telemetry telemetry, int seconds, double... percents)
            throws InterruptedException {
        int count = seconds * PER_SECOND;
        AckLatency latency = new AckLatency(count);
        long start = System.nanoTime();
        try (StreamProducer producer = log.log().producer(new ProducerName("latency"), latency)) {
            for (int i = 0; i < count; i++) {
                long due = start + i * 1_000_000_000L / PER_SECOND;
                latency.dueNanos[i] = due;
                for (long left = due - System.nanoTime(); left > 0; left = due - System.nanoTime()) {
                    LockSupport.parkNanos(left);
                }
                if (!producer.offer(telemetry.record(i), i)) {
                    throw new IllegalStateException("the log turned a record away");
                }
            }
            if (!latency.unanswered.await(1, TimeUnit.MINUTES)) {
                throw new IllegalStateException(latency.unanswered + " answers did not come");
            }
        }
        Arrays.sort(latency.waitedNanos);
        return Arrays.stream(percents)
                .map(percent -> latency.waitedNanos[(int) Math.min(count - 1, count * percent / 100)] / 1e6)
                .toArray();
    }
}
