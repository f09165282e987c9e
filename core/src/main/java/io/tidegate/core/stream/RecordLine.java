package io.tidegate.core.stream;

import org.jspecify.annotations.Nullable;

/** One line of records as it comes from another gateway: a record, or a gap. Read by {@link RecordJson#parse}. */
public sealed interface RecordLine {
    /**
     * A record with the numbers and times of the log that it comes from.
     *
     * @param media what the sender says of the bytes that belong to a fragment record: sent, held or gone; null: none
     */
    record Of(
            long sequenceNumber,
            String partitionKey,
            @Nullable HashKey explicitHashKey,
            long arrivalTimeMillis,
            long eventTimeMillis,
            EventTimeFrom eventTimeFrom,
            String contentType,
            Attributes attributes,
            @Nullable String media,
            Payload data)
            implements RecordLine {}

    /** A hole in the log that it comes from. */
    record OfGap(long fromInclusive, long toExclusive, long records, boolean exact, GapReason reason, long timeMillis)
            implements RecordLine {}
}
