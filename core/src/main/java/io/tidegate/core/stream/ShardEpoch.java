package io.tidegate.core.stream;

/** What one opening of the log wrote to one shard: the sequence numbers [first, next). */
public record ShardEpoch(long epoch, long firstSequenceNumber, long nextSequenceNumber) {
    /** 16 hexadecimal digits, the form in JSON and URLs. */
    public static String text(long epoch) {
        return String.format("%016x", epoch);
    }

    /** Reads 16 hexadecimal digits; throws IllegalArgumentException saying what was found. */
    public static long parse(String text) {
        if (!text.matches("[0-7][0-9a-f]{15}")) {
            throw new IllegalArgumentException(
                    "an epoch is 16 hexadecimal digits, the first of them 0 to 7, found '" + text + "'");
        }
        return Long.parseLong(text, 16);
    }
}
