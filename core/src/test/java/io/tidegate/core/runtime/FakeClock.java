package io.tidegate.core.runtime;

import java.time.Duration;

/** A clock that a test moves. The wall clock and the monotonic clock move only as they are told, apart or together. */
public final class FakeClock implements Clock {
    private volatile long wallMillis;
    private volatile long monotonicNanos = 1_000_000_000L;

    public FakeClock(long wallMillis) {
        this.wallMillis = wallMillis;
    }

    @Override
    public long wallMillis() {
        return wallMillis;
    }

    @Override
    public long monotonicNanos() {
        return monotonicNanos;
    }

    /** Time goes by, on both. */
    public synchronized void advance(Duration duration) {
        wallMillis += duration.toMillis();
        monotonicNanos += duration.toNanos();
    }

    /** Somebody sets the wall clock. */
    public synchronized void setWall(long millis) {
        wallMillis = millis;
    }
}
