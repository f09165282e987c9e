package io.tidegate.hardware.bench;

import io.tidegate.core.stream.ProducerName;
import io.tidegate.core.stream.PutAnswer;
import io.tidegate.core.stream.PutAnswers;
import io.tidegate.core.stream.PutListener;
import io.tidegate.core.stream.StreamProducer;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;

/** Offers single records, so many of them unanswered at any time. */
final class Outstanding implements PutListener {
    private final int outstanding;
    private final Semaphore room;
    private final AtomicLong refused = new AtomicLong();

    Outstanding(int outstanding) {
        this.outstanding = outstanding;
        this.room = new Semaphore(outstanding);
    }

    @Override
    public void onAnswers(PutAnswers oneCommit) {
        for (PutAnswer answer : oneCommit.answers()) {
            if (!answer.isStored()) {
                refused.incrementAndGet();
            }
        }
        room.release(oneCommit.answers().size());
    }

    @Override
    public void onWritable() {}

    /** Returns when all are durable. */
    void offer(MeasuredLog log, Telemetry telemetry, long count) throws InterruptedException {
        try (StreamProducer producer = log.log().producer(new ProducerName("bench"), this)) {
            for (long i = 0; i < count; i++) {
                room.acquire();
                while (!producer.offer(telemetry.record(i), i)) {
                    Thread.onSpinWait();
                }
            }
            room.acquire(outstanding);
            room.release(outstanding);
        }
        if (refused.get() > 0) {
            throw new IllegalStateException(refused + " records were refused");
        }
    }
}
