package io.tidegate.core.runtime;

import io.tidegate.core.stream.TimeQuality;
import java.util.OptionalLong;

/**
 * A time for the log that never goes back and is never 1970: the largest of the build's time, the wall clock if it is
 * synchronised, and the last effective time plus what has gone by since.
 *
 * <p>A wall clock that shows a time before the build's is not believed, whoever vouches for it. One that was set back is
 * believed and not followed: the time goes on from where it was, as an estimate.
 *
 * <p>Guarded by its own lock.
 */
public final class EffectiveClock {
    /** A moment: Unix milliseconds, and how far they can be believed. */
    public record Reading(long millis, TimeQuality quality) {}

    /**
     * A reading with what it was made of.
     *
     * @param synchronisedMillis the wall clock, if it can be believed and was read together with the other one
     */
    public record Observation(Reading reading, long monotonicNanos, OptionalLong synchronisedMillis) {}

    /** Steps of the wall clock up to this size are nobody's business. */
    public static final long TOLERANCE_MILLIS = 1_000;

    /** Between reading the one clock and the other, the process may have stood still. */
    private static final long PAUSE_NANOS_MAX = 100_000_000L;

    private final Clock clock;
    private final ClockSync sync;
    private final long floorMillis;
    private long lastMillis;
    private long lastNanos;

    /**
     * @param floorMillis the build's time: no reading is earlier, and no wall clock before it is believed
     */
    public EffectiveClock(Clock clock, ClockSync sync, long floorMillis) {
        this.clock = clock;
        this.sync = sync;
        this.floorMillis = floorMillis;
        this.lastMillis = floorMillis;
        this.lastNanos = clock.monotonicNanos();
    }

    public Reading now() {
        return observe().reading();
    }

    public synchronized Observation observe() {
        boolean isSynchronised = sync.isSynchronised();
        long beforeNanos = clock.monotonicNanos();
        long wallMillis = clock.wallMillis();
        // Read after the wall clock: a pause in between must not be counted again at the next reading.
        long nanos = clock.monotonicNanos();
        boolean isBelieved = isSynchronised && wallMillis >= floorMillis;
        countTo(nanos);
        if (!isBelieved) {
            return new Observation(new Reading(lastMillis, TimeQuality.ESTIMATED), nanos, OptionalLong.empty());
        }
        lastMillis = Math.max(lastMillis, wallMillis);
        boolean isFollowed = lastMillis - wallMillis <= TOLERANCE_MILLIS;
        return new Observation(
                new Reading(lastMillis, isFollowed ? TimeQuality.SYNCED : TimeQuality.ESTIMATED),
                nanos,
                nanos - beforeNanos <= PAUSE_NANOS_MAX ? OptionalLong.of(wallMillis) : OptionalLong.empty());
    }

    private void countTo(long nanos) {
        long elapsedMillis = Math.max(0, (nanos - lastNanos) / 1_000_000);
        // Only whole milliseconds are taken off, or frequent readings would stand still.
        lastNanos += elapsedMillis * 1_000_000;
        lastMillis += elapsedMillis;
    }

    /** Not earlier than this, now or ever again: what a log found in its newest block when it was opened. */
    public synchronized void raiseTo(long millis) {
        countTo(clock.monotonicNanos());
        lastMillis = Math.max(lastMillis, millis);
    }
}
