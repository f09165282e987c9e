package io.tidegate.core.stream;

import java.time.Duration;
import java.util.List;

/** How the append of a unit ended. */
public sealed interface AppendResult {
    /**
     * Durable. Places stand in the order of the unit's records.
     *
     * @param lsn the commit that holds the unit
     */
    record Committed(long lsn, List<Placed> places) implements AppendResult {
        public Committed {
            places = List.copyOf(places);
        }
    }

    /** An expectation did not hold; nothing was done. */
    record Conflict(Expectation failed) implements AppendResult {}

    /** Nothing was done; try again after this time, unless it is {@link #NEVER}. */
    record Refused(String reason, Duration retryAfter) implements AppendResult {}

    /** It could not be found out whether the unit is durable; after a restart of the log it is known. */
    record Unknown(String reason) implements AppendResult {}

    /** The retry time of a refusal that no retry will change: a record too large, an unknown stream. */
    Duration NEVER = Duration.ofDays(36_500);

    /**
     * Where a record is.
     *
     * @param duplicate it was recognised as a second copy; the place is the first copy's
     */
    record Placed(ShardId shard, long sequenceNumber, boolean duplicate) {}
}
