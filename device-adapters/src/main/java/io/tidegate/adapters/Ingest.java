package io.tidegate.adapters;

import io.tidegate.adapters.IngestAnswer.Outcome;
import io.tidegate.core.stream.AppendResult;
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
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * The way from a channel into the log: routes a message, puts its record, and says when it is durable. A record that
 * the log refuses for ever (too large, unknown stream) is put to {@code _rejected} as it came, and answered after that.
 *
 * <p>Every message that was {@link Submission#TAKEN} is answered once. What is under way is bounded by the log's budget.
 *
 * <p>Thread-safe. Messages submitted by one thread keep their order.
 *
 * @param <T> what the channel wants back with the answer
 */
final class Ingest<T> implements AutoCloseable {
    private final Routes routes;
    private final IngestListener<T> listener;
    private final StreamProducer producer;
    private final AtomicLong nextCorrelation = new AtomicLong();
    private final Map<Long, Pending<T>> pending = new ConcurrentHashMap<>();
    /** Records for {@code _rejected} that found no room. Guarded by itself. Bounded as {@link #pending} is. */
    private final Deque<Pending<T>> waiting = new ArrayDeque<>();

    private final LongAdder stored = new LongAdder();
    private final LongAdder duplicates = new LongAdder();
    private final LongAdder rejected = new LongAdder();
    private final LongAdder dropped = new LongAdder();
    private final LongAdder refused = new LongAdder();
    private final LongAdder busy = new LongAdder();
    private final LongAdder bytes = new LongAdder();

    /** A message under way; the reason is set once its record is one of {@code _rejected}. */
    private record Pending<T>(
            IncomingMessage message, T token, @Nullable String rejection, boolean byLog) {}

    private final class Answers implements PutListener {
        @Override
        public void onAnswers(PutAnswers oneCommit) {
            answer(oneCommit);
        }

        @Override
        public void onWritable() {
            if (offerWaiting()) {
                listener.onWritable();
            }
        }
    }

    private Ingest(Routes routes, StreamLog log, ProducerName name, IngestListener<T> listener) {
        this.routes = routes;
        this.listener = listener;
        this.producer = log.producer(name, new Answers());
    }

    /** The streams of the routes must exist. */
    static <T> Ingest<T> open(Routes routes, StreamLog log, ProducerName name, IngestListener<T> listener) {
        return new Ingest<>(routes, log, name, listener);
    }

    /**
     * Never blocks.
     *
     * @param token comes back in the answer
     */
    Submission submit(IncomingMessage message, T token) {
        Routes.Routed routed = routes.route(message);
        if (routed instanceof Routes.Routed.Keep keep) {
            String rejection = keep.rejected() ? keep.record().attributes().get("reason") : null;
            if (offer(keep, new Pending<>(message, token, rejection, false))) {
                return Submission.TAKEN;
            }
            busy.increment();
            return Submission.BUSY;
        }
        dropped.increment();
        return Submission.DROPPED;
    }

    IngestCounts counts() {
        return new IngestCounts(
                stored.sum(), duplicates.sum(), rejected.sum(), dropped.sum(), refused.sum(), busy.sum(), bytes.sum());
    }

    /** Messages taken and not yet answered. */
    int underWay() {
        return pending.size();
    }

    /** Takes no more messages; those taken are still answered. */
    @Override
    public void close() {
        producer.close();
    }

    private boolean offer(Routes.Routed.Keep keep, Pending<T> entry) {
        long correlation = nextCorrelation.incrementAndGet();
        // Known before it is offered: the answer may be faster than the return.
        pending.put(correlation, entry);
        if (producer.offer(keep.record(), correlation)) {
            return true;
        }
        pending.remove(correlation);
        return false;
    }

    private void answer(PutAnswers oneCommit) {
        List<IngestAnswer<T>> answers = new ArrayList<>(oneCommit.answers().size());
        for (PutAnswer answer : oneCommit.answers()) {
            Pending<T> entry = pending.remove(answer.correlation());
            if (entry == null) {
                continue;
            }
            Outcome outcome = outcome(entry, answer);
            if (outcome != null) {
                answers.add(new IngestAnswer<>(entry.token, outcome));
            }
        }
        if (!answers.isEmpty()) {
            listener.onAnswers(answers);
        }
    }

    /** Null: not yet known, it has been sent on to {@code _rejected}. */
    private @Nullable Outcome outcome(Pending<T> entry, PutAnswer answer) {
        AppendResult.Placed place = answer.place();
        if (place != null) {
            bytes.add(entry.message.payload().length());
            return stored(entry, place);
        }
        if (answer.isReceived()) {
            bytes.add(entry.message.payload().length());
            stored.increment();
            return new Outcome.Received();
        }
        String reason = answer.refusal() == null ? "the log refused it" : answer.refusal();
        Duration retryAfter = answer.retryAfter() == null ? Duration.ZERO : answer.retryAfter();
        if (!retryAfter.equals(AppendResult.NEVER)) {
            refused.increment();
            return new Outcome.NotNow(reason, retryAfter, answer.throttled());
        }
        if (entry.rejection != null) {
            refused.increment();
            return new Outcome.Impossible(reason);
        }
        synchronized (waiting) {
            waiting.add(new Pending<>(entry.message, entry.token, reason, true));
        }
        offerWaiting();
        return null;
    }

    private Outcome stored(Pending<T> entry, AppendResult.Placed place) {
        if (entry.rejection != null) {
            rejected.increment();
            return new Outcome.Rejected(entry.rejection, entry.byLog);
        }
        if (place.duplicate()) {
            duplicates.increment();
        } else {
            stored.increment();
        }
        return new Outcome.Stored(place);
    }

    /** True if none is left. */
    private boolean offerWaiting() {
        synchronized (waiting) {
            while (true) {
                Pending<T> next = waiting.peek();
                if (next == null) {
                    return true;
                }
                String reason = next.rejection == null ? "" : next.rejection;
                if (!offer(new Routes.Routed.Keep(Routes.rejected(next.message, reason), true), next)) {
                    return false;
                }
                waiting.remove();
            }
        }
    }
}
