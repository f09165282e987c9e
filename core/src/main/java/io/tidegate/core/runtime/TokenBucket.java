package io.tidegate.core.runtime;

/**
 * What may go by in a second: a bucket that holds one second's worth, fills evenly and starts full. What is larger than
 * that is let by when the bucket is full, and leaves a debt that is filled up first. Counts exactly, in billionths.
 *
 * <p>Not thread-safe: guarded by its owner. Times are of one monotonic clock.
 */
public final class TokenBucket {
    private static final long NANOS = 1_000_000_000L;
    private static final long PER_SECOND_MAX = 1L << 32;

    private final long perSecond;
    private final long full;
    private long level;
    private long atNanos;

    public TokenBucket(long perSecond, long nowNanos) {
        if (perSecond < 1 || perSecond > PER_SECOND_MAX) {
            throw new IllegalArgumentException(
                    "a bucket fills with 1 to " + PER_SECOND_MAX + " a second, found " + perSecond);
        }
        this.perSecond = perSecond;
        this.full = perSecond * NANOS;
        this.level = full;
        this.atNanos = nowNanos;
    }

    /** How long until so many may go by: 0 for now. */
    public long nanosUntil(long amount, long nowNanos) {
        fill(nowNanos);
        long missing = Math.min(amount, perSecond) * NANOS - level;
        return missing <= 0 ? 0 : (missing + perSecond - 1) / perSecond;
    }

    /** So many go by, whatever is there. */
    public void take(long amount) {
        level -= amount * NANOS;
    }

    /** They did not go by after all. */
    public void giveBack(long amount) {
        level = Math.min(full, level + amount * NANOS);
    }

    private void fill(long nowNanos) {
        long passed = nowNanos - atNanos;
        if (passed <= 0) {
            return;
        }
        atNanos = nowNanos;
        // Compared before it is multiplied: after hours the product would not fit.
        level = passed > (full - level) / perSecond ? full : level + passed * perSecond;
    }
}
