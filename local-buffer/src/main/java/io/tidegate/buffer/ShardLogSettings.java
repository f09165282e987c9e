package io.tidegate.buffer;

import java.nio.file.Path;

/**
 * How a shard log is kept.
 *
 * @param directory where; made if it is missing
 * @param gatewayId whose log it is
 * @param commitInterval the least time between two commits
 * @param segmentBytes a segment file ends at about this size, at least 64 KiB
 * @param putQueueBytes what may wait for a commit
 * @param blockCacheBytes the newest blocks kept in memory
 * @param duplicateKeysMax how many partition keys the duplicate window remembers
 * @param compression of new blocks; what is there stays readable
 * @param encryption the keys of what is there, and of new segments
 */
public record ShardLogSettings(
        Path directory,
        String gatewayId,
        CommitInterval commitInterval,
        long segmentBytes,
        long putQueueBytes,
        long blockCacheBytes,
        int duplicateKeysMax,
        Compression compression,
        LogEncryption encryption) {
    public static final long SEGMENT_BYTES = 32L << 20;
    private static final long SEGMENT_BYTES_MIN = 64L << 10;

    public ShardLogSettings {
        if (gatewayId.isEmpty()) {
            throw new IllegalArgumentException("gatewayId must not be empty");
        }
        if (segmentBytes < SEGMENT_BYTES_MIN) {
            throw new IllegalArgumentException("segmentBytes must be at least 64 KiB, found " + segmentBytes);
        }
        if (putQueueBytes < 1 || blockCacheBytes < 0 || duplicateKeysMax < 1) {
            throw new IllegalArgumentException(
                    "putQueueBytes, blockCacheBytes and duplicateKeysMax must be positive, found " + putQueueBytes
                            + ", " + blockCacheBytes + ", " + duplicateKeysMax);
        }
    }

    /** 8 MiB of queue, 8 MiB of cache, 4,096 keys, commits at once, zstd. */
    public static ShardLogSettings of(Path directory, String gatewayId) {
        return new ShardLogSettings(
                directory,
                gatewayId,
                CommitInterval.AT_ONCE,
                SEGMENT_BYTES,
                8L << 20,
                8L << 20,
                4096,
                Compression.ZSTD,
                LogEncryption.none());
    }

    public ShardLogSettings withCommitInterval(CommitInterval changed) {
        return new ShardLogSettings(
                directory,
                gatewayId,
                changed,
                segmentBytes,
                putQueueBytes,
                blockCacheBytes,
                duplicateKeysMax,
                compression,
                encryption);
    }

    public ShardLogSettings withSegmentBytes(long changed) {
        return new ShardLogSettings(
                directory,
                gatewayId,
                commitInterval,
                changed,
                putQueueBytes,
                blockCacheBytes,
                duplicateKeysMax,
                compression,
                encryption);
    }

    public ShardLogSettings withMemory(long putQueue, long blockCache) {
        return new ShardLogSettings(
                directory,
                gatewayId,
                commitInterval,
                segmentBytes,
                putQueue,
                blockCache,
                duplicateKeysMax,
                compression,
                encryption);
    }

    public ShardLogSettings withCompression(Compression changed) {
        return new ShardLogSettings(
                directory,
                gatewayId,
                commitInterval,
                segmentBytes,
                putQueueBytes,
                blockCacheBytes,
                duplicateKeysMax,
                changed,
                encryption);
    }

    public ShardLogSettings withDuplicateKeysMax(int changed) {
        return new ShardLogSettings(
                directory,
                gatewayId,
                commitInterval,
                segmentBytes,
                putQueueBytes,
                blockCacheBytes,
                changed,
                compression,
                encryption);
    }

    public ShardLogSettings withEncryption(LogEncryption changed) {
        return new ShardLogSettings(
                directory,
                gatewayId,
                commitInterval,
                segmentBytes,
                putQueueBytes,
                blockCacheBytes,
                duplicateKeysMax,
                compression,
                changed);
    }
}
