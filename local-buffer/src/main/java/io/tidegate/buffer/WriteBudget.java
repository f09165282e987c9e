package io.tidegate.buffer;

import io.tidegate.core.stream.Payload;
import java.time.Duration;

/**
 * How much of a day's writing is left, and how long to wait between commits so that it lasts: a bucket of an hour's
 * budget that fills evenly with powered-on time. While it is at least half full nothing waits; below, the wait grows
 * evenly up to {@link #INTERVAL_NANOS_MAX}. What one bucket and 24 hours of filling give is a day's budget, so no 24
 * hours exceed it, unless even the longest wait is too short for what comes.
 *
 * <p>It goes on after a restart from a state that was made durable before its bytes were spent: a crash costs a part of
 * the bucket, it never fills it. Confined to the log's writer.
 */
final class WriteBudget {
    static final long INTERVAL_NANOS_MAX = Duration.ofMillis(250).toNanos();
    private static final long DAY_NANOS = Duration.ofDays(1).toNanos();
    /** A bucket is a day's budget by this. */
    private static final int BUCKETS = 24;
    /** What is given away to each durable state, of a bucket. */
    private static final int RESERVES = 8;

    private static final long UNGOVERNED_RESERVE_BYTES = 64L << 20;

    private final long bytesPerDay;
    private final double capacity;
    private final double bytesPerNano;
    private final double reserve;
    private double level;
    private long levelNanos;
    private long day;
    private long dayBytes;
    /** What may be spent until a new state has to be durable. */
    private double reserved;

    private WriteBudget(long bytesPerDay, double level, long nanos) {
        this.bytesPerDay = bytesPerDay;
        this.capacity = (double) bytesPerDay / BUCKETS;
        this.bytesPerNano = (bytesPerDay - capacity) / DAY_NANOS;
        this.reserve = bytesPerDay == 0 ? UNGOVERNED_RESERVE_BYTES : capacity / RESERVES;
        this.reserved = bytesPerDay == 0 ? reserve : 0;
        this.level = Math.min(level, capacity);
        this.levelNanos = nanos;
        this.day = nanos / DAY_NANOS;
    }

    /**
     * Of a log in which nothing has been written yet: the bucket is full.
     *
     * @param bytesPerDay 0: no limit, bytes are only counted
     */
    static WriteBudget full(long bytesPerDay, long poweredOnNanos) {
        return new WriteBudget(bytesPerDay, Double.MAX_VALUE, poweredOnNanos);
    }

    /** Of a log that does not know what was written: the bucket is empty. */
    static WriteBudget empty(long bytesPerDay, long poweredOnNanos) {
        return new WriteBudget(bytesPerDay, 0, poweredOnNanos);
    }

    /** From {@link #toStore}. Throws a {@link DamageException} if it is not that. */
    static WriteBudget resume(long bytesPerDay, Payload stored, long poweredOnNanos) {
        Decoder in = new Decoder(stored.toBytes());
        double level = in.signed();
        long nanos = Math.min(in.unsigned(), poweredOnNanos);
        long bytes = in.unsigned();
        WriteBudget budget = new WriteBudget(bytesPerDay, level, nanos);
        budget.dayBytes = bytes;
        budget.fill(poweredOnNanos);
        return budget;
    }

    /** The wait between two commits now, 0 to {@link #INTERVAL_NANOS_MAX}. */
    long intervalNanos(long poweredOnNanos) {
        if (bytesPerDay == 0) {
            return 0;
        }
        fill(poweredOnNanos);
        double part = 1 - level / (capacity / 2);
        return (long) (INTERVAL_NANOS_MAX * Math.max(0, Math.min(1, part)));
    }

    void spend(long bytes, long poweredOnNanos) {
        fill(poweredOnNanos);
        // What was written without leave is made up for by a day at the most.
        level = Math.max((double) -bytesPerDay, level - bytes);
        reserved -= bytes;
        dayBytes += bytes;
    }

    private void fill(long poweredOnNanos) {
        level = Math.min(capacity, level + Math.max(0, poweredOnNanos - levelNanos) * bytesPerNano);
        levelNanos = Math.max(levelNanos, poweredOnNanos);
        if (levelNanos / DAY_NANOS != day) {
            day = levelNanos / DAY_NANOS;
            dayBytes = 0;
        }
    }

    /** Written in this day of powered-on time, about. */
    long dayBytes() {
        return dayBytes;
    }

    /** Whether {@link #toStore} should become durable with the next commit. */
    boolean isStoreDue() {
        return reserved <= reserve / 2;
    }

    /** What to resume from, already without what may be spent until the next one. */
    Payload toStore() {
        return Payload.wrap(new Encoder()
                .signed((long) (level - reserve))
                .unsigned(levelNanos)
                .unsigned(dayBytes)
                .toBytes());
    }

    /** What {@link #toStore} gave is durable. */
    void stored() {
        reserved = reserve;
    }
}
