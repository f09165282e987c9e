package io.tidegate.core.stream;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;

/** The hash keys of one shard, both ends inclusive as in Kinesis (HashKeyRange). */
public record HashKeyRange(HashKey startInclusive, HashKey endInclusive) {
    public HashKeyRange {
        if (startInclusive.compareTo(endInclusive) > 0) {
            throw new IllegalArgumentException(
                    "hash key range starts at " + startInclusive + ", after its end " + endInclusive);
        }
    }

    public boolean contains(HashKey key) {
        return startInclusive.compareTo(key) <= 0 && key.compareTo(endInclusive) <= 0;
    }

    /** Splits the whole space evenly: part i starts at i * floor(2^128 / n), the last one ends at 2^128 - 1. */
    public static List<HashKeyRange> evenly(int shards) {
        if (shards < 1) {
            throw new IllegalArgumentException("a stream has at least 1 shard, found " + shards);
        }
        BigInteger width = BigInteger.ONE.shiftLeft(128).divide(BigInteger.valueOf(shards));
        List<HashKeyRange> ranges = new ArrayList<>(shards);
        for (int i = 0; i < shards; i++) {
            BigInteger start = width.multiply(BigInteger.valueOf(i));
            HashKey end =
                    i == shards - 1 ? HashKey.MAX : new HashKey(start.add(width).subtract(BigInteger.ONE));
            ranges.add(new HashKeyRange(new HashKey(start), end));
        }
        return ranges;
    }
}
