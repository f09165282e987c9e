package io.tidegate.gateway.http;

import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.ProducerName;
import io.tidegate.core.stream.PutAnswer;
import io.tidegate.core.stream.PutAnswers;
import io.tidegate.core.stream.PutListener;
import io.tidegate.core.stream.StreamLog;
import io.tidegate.core.stream.StreamProducer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.tinylog.Logger;

/**
 * Puts the records of POSTs into the log, in the order of their lines, and answers each POST when its last record is
 * durable. When the log has no room, a POST of which nothing was taken is turned away; others wait for room, without
 * a thread. What waits is bounded by the budget of request bodies.
 *
 * <p>Thread-safe. The log's writer thread only hands over.
 */
final class RecordWriter implements AutoCloseable, PutListener {
    private record UnderWay(PutBatch batch, int line, Exchange exchange) {}

    private record Stalled(PutBatch batch, Exchange exchange) {}

    private final Executor executor;
    private final StreamProducer producer;
    private final AtomicLong correlations = new AtomicLong();
    private final Map<Long, UnderWay> underWay = new ConcurrentHashMap<>();
    /** Guarded by itself. */
    private final Deque<Stalled> stalled = new ArrayDeque<>();

    private final LongAdder stored = new LongAdder();
    private final LongAdder failed = new LongAdder();

    RecordWriter(StreamLog log, Executor executor) {
        this.executor = executor;
        this.producer = log.producer(new ProducerName("http-api"), this);
    }

    long stored() {
        return stored.sum();
    }

    long failed() {
        return failed.sum();
    }

    /** Answers the exchange in the end. */
    void put(PutBatch batch, Exchange exchange) {
        if (!offerAll(batch, exchange)) {
            if (batch.isUntouched()) {
                batch.giveUp("log-busy", "the log has no room for more records now", Duration.ofSeconds(1));
            } else {
                stall(batch, exchange);
                return;
            }
        }
        answerIfDone(batch, exchange);
    }

    private void stall(PutBatch batch, Exchange exchange) {
        synchronized (stalled) {
            stalled.addLast(new Stalled(batch, exchange));
        }
        // The call for writers may have come between the refusal and the line above: ask once more, so that the log
        // calls again if there is still no room.
        resume();
    }

    /** False: turned away before the end. */
    private boolean offerAll(PutBatch batch, Exchange exchange) {
        for (NewRecord record = batch.peek(); record != null; record = batch.peek()) {
            long correlation = correlations.incrementAndGet();
            int line = batch.take();
            underWay.put(correlation, new UnderWay(batch, line, exchange));
            if (!producer.offer(record, correlation)) {
                underWay.remove(correlation);
                batch.untake();
                return false;
            }
        }
        return true;
    }

    /** One thread at a time offers for the stalled, the longest first. */
    private void resume() {
        List<Stalled> finished = new ArrayList<>();
        synchronized (stalled) {
            for (Stalled first = stalled.peekFirst(); first != null; first = stalled.peekFirst()) {
                if (!offerAll(first.batch(), first.exchange())) {
                    break;
                }
                finished.add(stalled.removeFirst());
            }
        }
        finished.forEach(one -> answerIfDone(one.batch(), one.exchange()));
    }

    private void answerIfDone(PutBatch batch, Exchange exchange) {
        if (batch.isJustDone()) {
            batch.answer(exchange);
        }
    }

    @Override
    public void onAnswers(PutAnswers oneCommit) {
        Set<UnderWay> touched = new LinkedHashSet<>();
        Set<PutBatch> seen = new LinkedHashSet<>();
        for (PutAnswer answer : oneCommit.answers()) {
            UnderWay one = underWay.remove(answer.correlation());
            if (one != null) {
                (answer.isStored() || answer.isReceived() ? stored : failed).increment();
                one.batch().answered(one.line(), answer);
                if (seen.add(one.batch())) {
                    touched.add(one);
                }
            }
        }
        for (UnderWay one : touched) {
            if (one.batch().isJustDone()) {
                handOver(() -> one.batch().answer(one.exchange()));
            }
        }
    }

    @Override
    public void onWritable() {
        handOver(this::resume);
    }

    private void handOver(Runnable task) {
        try {
            executor.execute(task);
        } catch (RejectedExecutionException e) {
            // The server has stopped, its connections are closed: nobody is left to answer.
            Logger.debug("an answer came after the HTTP server had stopped");
        }
    }

    @Override
    public void close() {
        producer.close();
    }
}
