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
 * @param receivedBytesMax class {@code received}: so much of what clients offer (data, keys and 128 bytes each) may be
 *     acknowledged before it is committed, and be lost in a crash, as a gap that says so; 0: class {@code commit}
 * @param mode whether clients have a quota; not for streams that begin with {@code _}
 */
public record StreamSettings(
        StreamName name,
        int shards,
        Duration retention,
        long retainedBytesMax,
        int recordBytesMax,
        FullPolicy onFull,
        StreamPriority priority,
        StreamMode mode,
        long receivedBytesMax) {
    public static final long UNLIMITED = Long.MAX_VALUE;
    public static final Duration RETENTION_MIN = Duration.ofHours(24);
    public static final Duration RETENTION_MAX = Duration.ofDays(365);
    public static final int SHARDS_MAX = 256;

    /** What class {@code received} may lose unless it is told otherwise, and at most. */
    public static final long RECEIVED_BYTES_DEFAULT = 1 << 20;

    public static final long RECEIVED_BYTES_MAX = 4 << 20;

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
        if (receivedBytesMax < 0 || receivedBytesMax > RECEIVED_BYTES_MAX) {
            throw new IllegalArgumentException("received-bytes-max of '" + name + "' must be 0 to " + RECEIVED_BYTES_MAX
                    + ", found " + receivedBytesMax);
        }
        if (receivedBytesMax > 0
                && (name.isReserved() || onFull == FullPolicy.REJECT || mode == StreamMode.PROVISIONED)) {
            throw new IllegalArgumentException("'" + name + "' cannot be acknowledged when received: only a stream that"
                    + " is not the gateway's own, is on-demand and drops the oldest when it is full");
        }
        if (mode == StreamMode.PROVISIONED && name.isReserved()) {
            throw new IllegalArgumentException("'" + name + "' is the gateway's own and cannot be provisioned");
        }
    }

    /** One shard, 7 days, no limit of its own, records of at most 1 MiB; the oldest go first. */
    public static StreamSettings of(StreamName name) {
        return new StreamSettings(
                name,
                1,
                Duration.ofDays(7),
                UNLIMITED,
                1 << 20,
                FullPolicy.DROP_OLDEST,
                StreamPriority.of(name),
                StreamMode.ON_DEMAND,
                0);
    }

    public StreamSettings withOnFull(FullPolicy changed) {
        return new StreamSettings(
                name, shards, retention, retainedBytesMax, recordBytesMax, changed, priority, mode, receivedBytesMax);
    }

    public StreamSettings withPriority(StreamPriority changed) {
        return new StreamSettings(
                name, shards, retention, retainedBytesMax, recordBytesMax, onFull, changed, mode, receivedBytesMax);
    }

    public StreamSettings withShards(int changed) {
        return new StreamSettings(
                name, changed, retention, retainedBytesMax, recordBytesMax, onFull, priority, mode, receivedBytesMax);
    }

    public StreamSettings withRetention(Duration changed) {
        return new StreamSettings(
                name, shards, changed, retainedBytesMax, recordBytesMax, onFull, priority, mode, receivedBytesMax);
    }

    public StreamSettings withRetainedBytesMax(long changed) {
        return new StreamSettings(
                name, shards, retention, changed, recordBytesMax, onFull, priority, mode, receivedBytesMax);
    }

    public StreamSettings withRecordBytesMax(int changed) {
        return new StreamSettings(
                name, shards, retention, retainedBytesMax, changed, onFull, priority, mode, receivedBytesMax);
    }

    public StreamSettings withMode(StreamMode changed) {
        return new StreamSettings(
                name, shards, retention, retainedBytesMax, recordBytesMax, onFull, priority, changed, receivedBytesMax);
    }

    public StreamSettings withReceivedBytesMax(long changed) {
        return new StreamSettings(
                name, shards, retention, retainedBytesMax, recordBytesMax, onFull, priority, mode, changed);
    }
}
