package io.tidegate.core.runtime;

import io.tidegate.core.stream.TimeQuality;

/**
 * A time for the log that never goes back and is never 1970: the largest of the build's time, the wall clock if it is
 * synchronised, and the last effective time plus what has gone by since.
 *
 * <p>Guarded by its own lock.
 */
public final class EffectiveClock {
    /** A moment: Unix milliseconds, and how far they can be believed. */
    public record Reading(long millis, TimeQuality quality) {}

    private final Clock clock;
    private final ClockSync sync;
    private long lastMillis;
    private long lastNanos;

    /**
     * @param floorMillis no reading is earlier: the build's time, or the last effective time in the log
     */
    public EffectiveClock(Clock clock, ClockSync sync, long floorMillis) {
        this.clock = clock;
        this.sync = sync;
        this.lastMillis = floorMillis;
        this.lastNanos = clock.monotonicNanos();
    }

    public synchronized Reading now() {
        long nanos = clock.monotonicNanos();
        long elapsedMillis = Math.max(0, (nanos - lastNanos) / 1_000_000);
        // Only whole milliseconds are taken off, or frequent readings would stand still.
        lastNanos += elapsedMillis * 1_000_000;
        lastMillis += elapsedMillis;
        if (!sync.isSynchronised()) {
            return new Reading(lastMillis, TimeQuality.ESTIMATED);
        }
        lastMillis = Math.max(lastMillis, clock.wallMillis());
        return new Reading(lastMillis, TimeQuality.SYNCED);
    }

    /** Never again earlier than this: what a log found in its newest block when it was opened. */
    public synchronized void raiseTo(long millis) {
        lastMillis = Math.max(lastMillis, millis);
    }
}
