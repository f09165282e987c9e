package io.tidegate.core.runtime;

import java.time.Duration;
import java.util.random.RandomGenerator;

/**
 * How long to wait before the next try: a random time between zero and a limit that doubles with every failure up to
 * a maximum ("full jitter", AWS Architecture Blog, "Exponential Backoff And Jitter").
 *
 * <p>Confined to its owner.
 */
public final class Backoff {
    private final Duration first;
    private final Duration max;
    private final RandomGenerator random;
    private int failures;

    public Backoff(Duration first, Duration max, RandomGenerator random) {
        if (first.isNegative() || first.isZero() || max.compareTo(first) < 0) {
            throw new IllegalArgumentException("back-off must be 0 < first <= max, found " + first + ", " + max);
        }
        this.first = first;
        this.max = max;
        this.random = random;
    }

    /** Counts one more failure and says how long to wait; at least one millisecond. */
    public Duration next() {
        long limit = first.toMillis();
        for (int i = 0; i < failures && limit < max.toMillis(); i++) {
            limit *= 2;
        }
        limit = Math.max(1, Math.min(limit, max.toMillis()));
        failures++;
        return Duration.ofMillis(1 + random.nextLong(limit));
    }

    /** How many failures since the last success. */
    public int failures() {
        return failures;
    }

    public void succeeded() {
        failures = 0;
    }
}
