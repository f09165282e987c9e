package io.tidegate.core.stream;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.regex.Pattern;

/**
 * A point in the hash-key space of a stream, 0 to 2^128 - 1: the MD5 of a partition key's UTF-8 bytes as an unsigned
 * big-endian integer, or an explicit hash key (Kinesis PutRecord, ExplicitHashKey).
 */
public record HashKey(BigInteger value) implements Comparable<HashKey> {
    public static final HashKey MIN = new HashKey(BigInteger.ZERO);
    public static final HashKey MAX = new HashKey(BigInteger.ONE.shiftLeft(128).subtract(BigInteger.ONE));
    /** Never used itself: a copy is made faster than a new one is found. */
    private static final MessageDigest MD5 = md5();

    private static final Pattern DECIMAL = Pattern.compile("0|[1-9][0-9]{0,38}");

    public HashKey {
        if (value.signum() < 0 || value.bitLength() > 128) {
            throw new IllegalArgumentException("hash key must be within 0 .. 2^128-1, found " + value);
        }
    }

    /** Reads a decimal number; throws IllegalArgumentException saying what was found. */
    public static HashKey parse(String decimal) {
        if (!DECIMAL.matcher(decimal).matches()) {
            throw new IllegalArgumentException("hash key must be a decimal number, found '" + decimal + "'");
        }
        return new HashKey(new BigInteger(decimal));
    }

    public static HashKey ofPartitionKey(String partitionKey) {
        try {
            MessageDigest md5 = (MessageDigest) MD5.clone();
            return new HashKey(new BigInteger(1, md5.digest(partitionKey.getBytes(StandardCharsets.UTF_8))));
        } catch (CloneNotSupportedException e) {
            throw new IllegalStateException("MD5 of this Java platform cannot be copied", e);
        }
    }

    private static MessageDigest md5() {
        try {
            return MessageDigest.getInstance("MD5");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has MD5", e);
        }
    }

    @Override
    public int compareTo(HashKey other) {
        return value.compareTo(other.value);
    }

    @Override
    public String toString() {
        return value.toString();
    }
}
