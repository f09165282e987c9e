package io.tidegate.uplink;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * When a lane should build its next unit: at once as long as there is a backlog, else one interval after the first
 * record that waits. The interval is counted on the monotonic clock; the wall clock may jump.
 *
 * <p>Confined to the uplink's thread, but for the log's callback.
 */
final class LaneReadiness {
    private final long intervalNanos;
    private final Runnable wake;
    private AtomicBoolean readable = new AtomicBoolean();
    private boolean isArmed;
    private boolean isBehind = true;
    private boolean isWaiting;
    private long waitingSinceNanos;

    LaneReadiness(Duration interval, Runnable wake) {
        this.intervalNanos = interval.toNanos();
        this.wake = wake;
    }

    boolean isDue(long nowNanos, UnitBuilder builder, long next) {
        if (isBehind) {
            return true;
        }
        if (!isArmed) {
            isArmed = true;
            AtomicBoolean told = new AtomicBoolean();
            readable = told;
            builder.whenReadable(next, () -> {
                told.set(true);
                wake.run();
            });
        }
        if (!readable.get()) {
            return false;
        }
        if (!isWaiting) {
            isWaiting = true;
            waitingSinceNanos = nowNanos;
        }
        return nowNanos - waitingSinceNanos >= intervalNanos;
    }

    void built(boolean atEnd) {
        isBehind = !atEnd;
        isArmed = false;
        isWaiting = false;
    }

    /** The next unit is built at once. */
    void startOver() {
        isBehind = true;
    }
}
