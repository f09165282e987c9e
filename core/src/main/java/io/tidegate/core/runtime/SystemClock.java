package io.tidegate.core.runtime;

/** The machine's own clocks; the one place where they are read. */
public final class SystemClock implements Clock {
    @Override
    public long wallMillis() {
        return System.currentTimeMillis();
    }

    @Override
    public long monotonicNanos() {
        return System.nanoTime();
    }
}
