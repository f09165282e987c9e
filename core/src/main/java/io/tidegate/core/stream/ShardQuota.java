package io.tidegate.core.stream;

/**
 * What one shard of a provisioned stream takes from clients and gives to them in a second (Kinesis, quotas and limits).
 * Uplinks, rules and the gateway's own readers are exempt.
 */
public final class ShardQuota {
    /** Data and partition keys. */
    public static final long WRITE_BYTES_PER_SECOND = 1 << 20;

    public static final long WRITE_RECORDS_PER_SECOND = 1_000;
    /** All clients together; each dedicated consumer has as much of its own. */
    public static final long READ_BYTES_PER_SECOND = 2 << 20;

    private ShardQuota() {}

    /** What a client is told that has gone beyond it. */
    public static String exceeded(ShardId shard) {
        return "Rate exceeded for shard " + shard.name() + " in stream " + shard.stream();
    }
}
