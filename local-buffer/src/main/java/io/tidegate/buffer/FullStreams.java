package io.tidegate.buffer;

import io.tidegate.core.runtime.Clock;
import io.tidegate.core.stream.StreamName;
import java.time.Duration;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import java.util.Set;
import java.util.function.BooleanSupplier;

/**
 * The streams that refuse records because they are full, or because the disk is. From the first refusal on a stream
 * refuses everything, room or not, until the time to retry is over that the refusal named, and until what had been
 * offered before the refusal was told is answered: else a later record would be stored before an earlier one that must
 * be sent again.
 *
 * <p>Confined to the log's writer.
 */
final class FullStreams {
    static final Duration RETRY_AFTER = Duration.ofSeconds(1);
    /** What the log itself tells, once: refused, it would never be told. */
    private static final Set<StreamName> TOLD_ON_A_FULL_DISK = Set.of(StreamName.GAPS, StreamName.CLOCK);

    private static final long RETRY_NANOS_MIN = Duration.ofMillis(50).toNanos();

    private final Clock clock;
    private final BooleanSupplier isDiskFull;
    private final Map<StreamName, Closed> closed = new HashMap<>();

    private static final class Closed {
        final long untilNanos;
        boolean isMarked;
        boolean isPassed;

        Closed(long untilNanos) {
            this.untilNanos = untilNanos;
        }
    }

    /**
     * @param isDiskFull only what helps to get out of that is taken
     */
    FullStreams(Clock clock, BooleanSupplier isDiskFull) {
        this.clock = clock;
        this.isDiskFull = isDiskFull;
    }

    boolean isDiskFull() {
        return isDiskFull.getAsBoolean();
    }

    /** Whether a stream refuses, whatever room it has. */
    boolean isClosed(StreamName stream) {
        if (isDiskFull()) {
            return !TOLD_ON_A_FULL_DISK.contains(stream);
        }
        Closed found = closed.get(stream);
        if (found == null) {
            return false;
        }
        if (found.isPassed && clock.monotonicNanos() - found.untilNanos >= 0) {
            closed.remove(stream);
            return false;
        }
        return true;
    }

    /** A record of this stream is refused; returns when to retry. */
    Duration refuse(StreamName stream) {
        long now = clock.monotonicNanos();
        Closed found = closed.computeIfAbsent(stream, name -> new Closed(now + RETRY_AFTER.toNanos()));
        return Duration.ofNanos(Math.max(RETRY_NANOS_MIN, found.untilNanos - now));
    }

    /** Refusals have been told: what comes behind these marks has been offered later. */
    void mark(CommitQueue queue) {
        for (Iterator<Closed> all = closed.values().iterator(); all.hasNext(); ) {
            Closed each = all.next();
            if (!each.isMarked) {
                each.isMarked = true;
                queue.offerAlways(new Submission.Mark(() -> each.isPassed = true));
            }
        }
    }
}
