package io.tidegate.core.stream;

/**
 * A hole in a shard, told to a reader in the place where the records would have been.
 *
 * @param fromInclusive the first missing sequence number
 * @param toExclusive the sequence number after the last missing one
 * @param records how many records are missing; an upper bound if not exact
 * @param timeMillis effective time at which the hole was recorded
 */
public record Gap(
        ShardId shard,
        long fromInclusive,
        long toExclusive,
        long records,
        boolean exact,
        GapReason reason,
        long timeMillis)
        implements LogEntry {
    public Gap {
        if (fromInclusive < 1 || toExclusive < fromInclusive) {
            throw new IllegalArgumentException("gap [" + fromInclusive + ", " + toExclusive + ") is not a range");
        }
        if (records < 0) {
            throw new IllegalArgumentException("a gap misses at least 0 records, found " + records);
        }
    }
}
