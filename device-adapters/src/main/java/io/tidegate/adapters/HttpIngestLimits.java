package io.tidegate.adapters;

/**
 * What HTTP ingest takes at most.
 *
 * @param bodyBytesMax one message: 1 KiB to 10 MiB. Above 1 MiB a message may be too large for {@code _rejected}
 * @param inFlightBytesMax messages that the log has not answered yet
 * @param inFlightMessagesMax messages that the log has not answered yet
 */
public record HttpIngestLimits(int bodyBytesMax, long inFlightBytesMax, int inFlightMessagesMax) {
    public static final HttpIngestLimits DEFAULT = new HttpIngestLimits(1 << 20, 4 << 20, 1_000);

    public HttpIngestLimits {
        check("body-max", bodyBytesMax, 1 << 10, 10 << 20);
        check("in-flight-max", inFlightBytesMax, bodyBytesMax, 1L << 30);
        check("in-flight-messages", inFlightMessagesMax, 1, 100_000);
    }

    private static void check(String field, long value, long min, long max) {
        if (value < min || value > max) {
            throw new IllegalArgumentException(
                    field + " of HTTP ingest must be " + min + " to " + max + ", found " + value);
        }
    }
}
