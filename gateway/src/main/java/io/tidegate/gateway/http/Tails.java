package io.tidegate.gateway.http;

import io.tidegate.core.runtime.Clock;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.LongAdder;
import org.eclipse.jetty.util.thread.Scheduler;
import org.tinylog.Logger;

/**
 * The clients that tail a stream now, at most so many. Looks after them together: heartbeats, and the end of those
 * that take nothing.
 *
 * <p>Thread-safe.
 */
final class Tails implements AutoCloseable {
    private static final Duration LOOK_EVERY_MAX = Duration.ofSeconds(1);

    private final HttpSettings.Limits limits;
    private final Clock clock;
    private final Executor executor;
    private final Scheduler scheduler;
    private final Duration lookEvery;
    private final Set<Tail> open = ConcurrentHashMap.newKeySet();
    private final LongAdder droppedSlow = new LongAdder();
    private volatile boolean closing;
    /** Guarded by this. */
    private boolean looking;

    Tails(HttpSettings.Limits limits, Clock clock, Executor executor, Scheduler scheduler) {
        this.limits = limits;
        this.clock = clock;
        this.executor = executor;
        this.scheduler = scheduler;
        Duration half = limits.stallTimeout().compareTo(limits.heartbeat()) < 0
                ? limits.stallTimeout().dividedBy(2)
                : limits.heartbeat().dividedBy(2);
        this.lookEvery = half.compareTo(LOOK_EVERY_MAX) < 0 ? half : LOOK_EVERY_MAX;
    }

    Scheduler scheduler() {
        return scheduler;
    }

    boolean isFull() {
        return open.size() >= limits.tailsMax();
    }

    int count() {
        return open.size();
    }

    /** How many were dropped because they took nothing. */
    long droppedSlow() {
        return droppedSlow.sum();
    }

    /** One that is not yet served; {@link #start} follows. */
    Tail prepare(Exchange exchange, TailSource source) {
        return new Tail(exchange, source, limits, clock, executor, this::ended);
    }

    void start(Tail tail) {
        open.add(tail);
        if (closing) {
            tail.end("the gateway stops");
        }
        startLooking();
        tail.start();
    }

    private void ended(Tail tail, Tail.End how) {
        open.remove(tail);
        if (how == Tail.End.SLOW) {
            droppedSlow.increment();
            Logger.warn(
                    "dropped a client that tails and took nothing for {} s",
                    limits.stallTimeout().toSeconds());
        }
    }

    private synchronized void startLooking() {
        if (!looking && !closing) {
            looking = true;
            scheduler.schedule(this::look, lookEvery);
        }
    }

    private void look() {
        long now = clock.monotonicNanos();
        open.forEach(tail -> tail.look(now));
        synchronized (this) {
            looking = false;
        }
        if (!open.isEmpty()) {
            startLooking();
        }
    }

    /** Tells all clients that it is over. */
    @Override
    public void close() {
        closing = true;
        open.forEach(tail -> tail.end("the gateway stops"));
    }
}
