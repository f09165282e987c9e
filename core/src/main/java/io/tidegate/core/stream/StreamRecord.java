package io.tidegate.core.stream;

import org.jspecify.annotations.Nullable;

/**
 * A record in the log. Nothing about it ever changes.
 *
 * @param sequenceNumber dense per shard, from 1
 * @param epoch the opening of the log under which it was written, 63 random bits
 * @param arrivalTimeMillis the effective time of its commit, Unix milliseconds
 * @param position where it lies in commit order
 */
public record StreamRecord(
        ShardId shard,
        long sequenceNumber,
        long epoch,
        LogPosition position,
        String partitionKey,
        @Nullable HashKey explicitHashKey,
        long arrivalTimeMillis,
        TimeQuality timeQuality,
        long eventTimeMillis,
        EventTimeFrom eventTimeFrom,
        String contentType,
        Attributes attributes,
        Payload data)
        implements LogEntry {
    public StreamRecord {
        if (sequenceNumber < 1) {
            throw new IllegalArgumentException("sequence numbers start at 1, found " + sequenceNumber);
        }
    }
}
