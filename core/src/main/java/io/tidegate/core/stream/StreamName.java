package io.tidegate.core.stream;

import java.util.regex.Pattern;

/**
 * The name of a stream: 1 to 128 of {@code a-z A-Z 0-9 _ . -}, as in Kinesis (CreateStream, StreamName). A name that
 * starts with {@code _} is reserved for the gateway's own streams.
 */
public record StreamName(String value) implements Comparable<StreamName> {
    private static final Pattern VALID = Pattern.compile("[a-zA-Z0-9_.-]{1,128}");

    public static final StreamName TELEMETRY = new StreamName("telemetry");
    public static final StreamName VIDEO = new StreamName("video");
    public static final StreamName REJECTED = new StreamName("_rejected");
    public static final StreamName DEAD_LETTERS = new StreamName("_dead-letters");
    public static final StreamName GAPS = new StreamName("_gaps");
    public static final StreamName CLOCK = new StreamName("_clock");
    public static final StreamName ALARMS = new StreamName("_alarms");

    public StreamName {
        if (!isValid(value)) {
            throw new IllegalArgumentException(
                    "stream name must be 1 to 128 of a-z A-Z 0-9 _ . -, found '" + value + "'");
        }
    }

    public static boolean isValid(String value) {
        return VALID.matcher(value).matches();
    }

    public boolean isReserved() {
        return value.startsWith("_");
    }

    @Override
    public int compareTo(StreamName other) {
        return value.compareTo(other.value);
    }

    @Override
    public String toString() {
        return value;
    }
}
