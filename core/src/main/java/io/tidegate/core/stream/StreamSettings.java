package io.tidegate.core.stream;

import java.time.Duration;

/**
 * What a stream is told at its creation.
 *
 * @param shards how many it is created with; splits and merges do not change this number
 * @param retention 24 hours to 8,760 hours (365 days)
 * @param retainedBytesMax data and keys that it keeps at most; {@link #UNLIMITED} for no own limit
 * @param recordBytesMax data plus partition key of one record, at most 10 MiB
 * @param onFull what happens at {@code retainedBytesMax}
 * @param priority when it gives up records for others, if the disk is too small for all
 */
public record StreamSettings(
        StreamName name,
        int shards,
        Duration retention,
        long retainedBytesMax,
        int recordBytesMax,
        FullPolicy onFull,
        StreamPriority priority) {
    public static final long UNLIMITED = Long.MAX_VALUE;
    public static final Duration RETENTION_MIN = Duration.ofHours(24);
    public static final Duration RETENTION_MAX = Duration.ofDays(365);
    public static final int SHARDS_MAX = 256;

    public StreamSettings {
        if (shards < 1 || shards > SHARDS_MAX) {
            throw new IllegalArgumentException("stream '" + name + "' must have 1 to 256 shards, found " + shards);
        }
        if (retention.compareTo(RETENTION_MIN) < 0 || retention.compareTo(RETENTION_MAX) > 0) {
            throw new IllegalArgumentException("retention of '" + name + "' must be 24h to 8760h, found " + retention);
        }
        if (retainedBytesMax < 1) {
            throw new IllegalArgumentException(
                    "bytes-max of '" + name + "' must be positive, found " + retainedBytesMax);
        }
        if (recordBytesMax < 1 || recordBytesMax > NewRecord.BYTES_MAX) {
            throw new IllegalArgumentException(
                    "record size of '" + name + "' must be 1 to " + NewRecord.BYTES_MAX + ", found " + recordBytesMax);
        }
    }

    /** One shard, 7 days, no limit of its own, records of at most 1 MiB; the oldest go first. */
    public static StreamSettings of(StreamName name) {
        return new StreamSettings(
                name, 1, Duration.ofDays(7), UNLIMITED, 1 << 20, FullPolicy.DROP_OLDEST, StreamPriority.of(name));
    }

    public StreamSettings withOnFull(FullPolicy changed) {
        return new StreamSettings(name, shards, retention, retainedBytesMax, recordBytesMax, changed, priority);
    }

    public StreamSettings withPriority(StreamPriority changed) {
        return new StreamSettings(name, shards, retention, retainedBytesMax, recordBytesMax, onFull, changed);
    }

    public StreamSettings withShards(int changed) {
        return new StreamSettings(name, changed, retention, retainedBytesMax, recordBytesMax, onFull, priority);
    }

    public StreamSettings withRetention(Duration changed) {
        return new StreamSettings(name, shards, changed, retainedBytesMax, recordBytesMax, onFull, priority);
    }

    public StreamSettings withRetainedBytesMax(long changed) {
        return new StreamSettings(name, shards, retention, changed, recordBytesMax, onFull, priority);
    }

    public StreamSettings withRecordBytesMax(int changed) {
        return new StreamSettings(name, shards, retention, retainedBytesMax, changed, onFull, priority);
    }
}
