package io.tidegate.buffer;

import io.tidegate.core.stream.Gap;
import io.tidegate.core.stream.GapReason;
import io.tidegate.core.stream.ShardId;

/**
 * Sequence numbers of a shard that will never be read.
 *
 * @param records how many records are missing; an upper bound if not exact
 */
record Hole(long fromInclusive, long toExclusive, long records, boolean exact, GapReason reason, long timeMillis) {
    Hole {
        // Those that are lost unsynced never had numbers.
        boolean isEmpty = toExclusive == fromInclusive && reason != GapReason.UNSYNCED;
        if (fromInclusive < 1 || toExclusive < fromInclusive || isEmpty || records < 0) {
            throw new DamageException("not a hole: [" + fromInclusive + ", " + toExclusive + ")");
        }
    }

    /** A run that cannot be read. */
    static Hole corrupt(Run run, long timeMillis) {
        return new Hole(
                run.firstSequenceNumber(), run.nextSequenceNumber(), run.count(), true, GapReason.CORRUPT, timeMillis);
    }

    /** The part of it from this number on. */
    Hole from(long from) {
        return new Hole(from, toExclusive, missingFrom(from), exact, reason, timeMillis);
    }

    Gap gap(ShardId shard, long from) {
        return new Gap(shard, from, toExclusive, missingFrom(from), exact, reason, timeMillis);
    }

    private long missingFrom(long from) {
        return exact && reason == GapReason.CORRUPT ? toExclusive - from : records;
    }
}
