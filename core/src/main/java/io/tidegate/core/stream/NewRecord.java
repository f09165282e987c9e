package io.tidegate.core.stream;

import org.jspecify.annotations.Nullable;

/**
 * A record on its way into the log: everything that the sender decides. The log adds shard, sequence number, epoch and
 * arrival time.
 *
 * @param explicitHashKey routes instead of the partition key's MD5
 * @param eventTimeMillis Unix time in milliseconds; null: the time of arrival
 * @param deviceNumber the device's own number of this reading, for the duplicate window of its stream and partition
 *     key; null: a second copy is not recognised
 */
public record NewRecord(
        StreamName stream,
        String partitionKey,
        @Nullable HashKey explicitHashKey,
        @Nullable Long eventTimeMillis,
        EventTimeFrom eventTimeFrom,
        String contentType,
        Attributes attributes,
        Payload data,
        @Nullable Long deviceNumber) {
    public static final int PARTITION_KEY_LENGTH_MAX = 256;
    /** The largest data plus partition key of any stream; a stream's own limit is 1 MiB unless it says more. */
    public static final int BYTES_MAX = 10 << 20;

    public NewRecord {
        if (partitionKey.isEmpty() || partitionKey.length() > PARTITION_KEY_LENGTH_MAX) {
            throw new IllegalArgumentException(
                    "partition key must have 1 to 256 characters, found " + partitionKey.length());
        }
        if (contentType.isEmpty() || contentType.length() > 128) {
            throw new IllegalArgumentException(
                    "content type must have 1 to 128 characters, found " + contentType.length());
        }
        if (data.length() > BYTES_MAX) {
            throw new IllegalArgumentException(
                    "record data holds at most " + BYTES_MAX + " bytes, found " + data.length());
        }
        if (eventTimeMillis == null && eventTimeFrom == EventTimeFrom.DEVICE) {
            throw new IllegalArgumentException("eventTimeFrom is device, but there is no event time");
        }
    }

    /** JSON data, arrival time, no attributes. */
    public static NewRecord of(StreamName stream, String partitionKey, Payload data) {
        return new NewRecord(
                stream,
                partitionKey,
                null,
                null,
                EventTimeFrom.ARRIVAL,
                ContentTypes.JSON,
                Attributes.NONE,
                data,
                null);
    }

    public NewRecord withAttributes(Attributes changed) {
        return new NewRecord(
                stream,
                partitionKey,
                explicitHashKey,
                eventTimeMillis,
                eventTimeFrom,
                contentType,
                changed,
                data,
                deviceNumber);
    }

    public NewRecord withContentType(String changed) {
        return new NewRecord(
                stream,
                partitionKey,
                explicitHashKey,
                eventTimeMillis,
                eventTimeFrom,
                changed,
                attributes,
                data,
                deviceNumber);
    }

    /** An event time that the device said. */
    public NewRecord withDeviceTime(long millis) {
        return new NewRecord(
                stream,
                partitionKey,
                explicitHashKey,
                millis,
                EventTimeFrom.DEVICE,
                contentType,
                attributes,
                data,
                deviceNumber);
    }

    public NewRecord withDeviceNumber(@Nullable Long changed) {
        return new NewRecord(
                stream,
                partitionKey,
                explicitHashKey,
                eventTimeMillis,
                eventTimeFrom,
                contentType,
                attributes,
                data,
                changed);
    }

    public NewRecord withExplicitHashKey(@Nullable HashKey changed) {
        return new NewRecord(
                stream,
                partitionKey,
                changed,
                eventTimeMillis,
                eventTimeFrom,
                contentType,
                attributes,
                data,
                deviceNumber);
    }

    /** What this record weighs in queues and budgets, in bytes: data, key and a fixed allowance for the rest. */
    public int weightBytes() {
        return data.length() + partitionKey.length() + 128;
    }
}
