package io.tidegate.uplink;

import io.tidegate.core.runtime.Backoff;
import io.tidegate.core.runtime.Clock;
import java.time.Duration;

/**
 * When a lane may try again: after a random time that grows with every failure, and not before it is asked to.
 *
 * <p>Confined to the uplink's thread.
 */
final class RetryTimer {
    private final Clock clock;
    private final Backoff backoff;
    private long notBeforeNanos;

    RetryTimer(Clock clock, Backoff backoff) {
        this.clock = clock;
        this.backoff = backoff;
        this.notBeforeNanos = clock.monotonicNanos();
    }

    static RetryTimer of(LaneContext context) {
        UplinkSettings settings = context.settings();
        return new RetryTimer(
                context.clock(), new Backoff(settings.retryFirst(), settings.retryMax(), context.random()));
    }

    boolean isOver() {
        return clock.monotonicNanos() - notBeforeNanos >= 0;
    }

    void failed(Duration waitAtLeast) {
        Duration random = backoff.next();
        Duration wait = random.compareTo(waitAtLeast) > 0 ? random : waitAtLeast;
        notBeforeNanos = clock.monotonicNanos() + wait.toNanos();
    }

    void succeeded() {
        backoff.succeeded();
    }
}
