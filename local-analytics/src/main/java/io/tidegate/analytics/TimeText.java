package io.tidegate.analytics;

import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.Locale;

/**
 * Timestamps as Flink's JSON format writes them by default (TimeFormats.SQL_TIMESTAMP_FORMAT): a space between date and
 * time, no zeros at the end of the fraction; {@code 2026-11-23 01:02:03.1} or, with local time zone,
 * {@code 2026-11-23 01:02:03.1Z}.
 */
final class TimeText {
    private TimeText() {}

    static String of(long unixMillis, SqlType type) {
        LocalDateTime time = LocalDateTime.ofInstant(Instant.ofEpochMilli(unixMillis), ZoneOffset.UTC);
        StringBuilder text = new StringBuilder(24);
        text.append(time.toLocalDate())
                .append(String.format(
                        Locale.ROOT, " %02d:%02d:%02d", time.getHour(), time.getMinute(), time.getSecond()));
        int millis = time.getNano() / 1_000_000;
        if (millis != 0) {
            text.append('.').append(String.format(Locale.ROOT, "%03d", millis));
            while (text.charAt(text.length() - 1) == '0') {
                text.setLength(text.length() - 1);
            }
        }
        return type == SqlType.TIMESTAMP_LTZ ? text.append('Z').toString() : text.toString();
    }
}
