package io.tidegate.core.stream;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** One shard of one stream, numbered from 0 in the order of creation; written {@code shardId-000000000000}. */
public record ShardId(StreamName stream, int number) implements Comparable<ShardId> {
    private static final Pattern NAME = Pattern.compile("shardId-([0-9]{12})");

    public ShardId {
        if (number < 0) {
            throw new IllegalArgumentException("shard number must be >= 0, found " + number);
        }
    }

    /** Reads {@code shardId-000000000007}; throws IllegalArgumentException saying what was found. */
    public static ShardId parse(StreamName stream, String name) {
        Matcher matcher = NAME.matcher(name);
        if (!matcher.matches()) {
            throw new IllegalArgumentException("shard must look like shardId-000000000000, found '" + name + "'");
        }
        long number = Long.parseLong(matcher.group(1));
        if (number > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("shard number is too large: '" + name + "'");
        }
        return new ShardId(stream, (int) number);
    }

    /** The Kinesis name of the shard within its stream. */
    public String name() {
        return String.format("shardId-%012d", number);
    }

    @Override
    public int compareTo(ShardId other) {
        int byStream = stream.compareTo(other.stream);
        return byStream != 0 ? byStream : Integer.compare(number, other.number);
    }

    @Override
    public String toString() {
        return stream + "/" + name();
    }
}
