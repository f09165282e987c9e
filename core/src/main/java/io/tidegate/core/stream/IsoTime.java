package io.tidegate.core.stream;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;

/** Times in JSON: RFC 3339 in UTC with exactly three digits of a second, {@code 2026-11-23T01:02:03.123Z}. */
public final class IsoTime {
    private static final DateTimeFormatter FORM =
            DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSS'Z'").withZone(ZoneOffset.UTC);

    private IsoTime() {}

    public static String text(long unixMillis) {
        return FORM.format(Instant.ofEpochMilli(unixMillis));
    }

    /** Reads any RFC 3339 time, as Unix milliseconds; throws IllegalArgumentException saying what was found. */
    public static long parse(String text) {
        try {
            return OffsetDateTime.parse(text).toInstant().toEpochMilli();
        } catch (DateTimeException | ArithmeticException e) {
            throw new IllegalArgumentException(
                    "expected a time such as 2026-11-23T01:02:03.123Z, found '" + text + "'", e);
        }
    }
}
