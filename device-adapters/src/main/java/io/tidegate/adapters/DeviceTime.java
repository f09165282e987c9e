package io.tidegate.adapters;

import io.tidegate.core.runtime.Clock;
import io.tidegate.core.runtime.ClockSync;
import io.tidegate.core.stream.EventTimeFrom;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.time.temporal.TemporalAccessor;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Reads the time that a device says, and judges it: it is kept, whatever our clock shows, unless it is absurd (more
 * than ten years old or more than a day ahead) and our clock is synchronised.
 *
 * <p>Thread-safe. The state of the clock is looked up at most once in a second.
 */
final class DeviceTime {
    /** A number below this is seconds (until the year 5138), else milliseconds (from 1973 on). */
    private static final double SECONDS_END_EXCLUSIVE = 1e11;

    private static final Duration OLD = Duration.ofDays(3_653);
    private static final Duration AHEAD = Duration.ofDays(1);
    private static final long CACHED_NANOS = 1_000_000_000L;
    private static final long YEAR_0 = Instant.parse("0000-01-01T00:00:00Z").toEpochMilli();
    private static final long YEAR_10000 =
            Instant.parse("+10000-01-01T00:00:00Z").toEpochMilli();

    /** ISO 8601 with seconds and offset optional; without an offset it is UTC. */
    private static final DateTimeFormatter ISO = new DateTimeFormatterBuilder()
            .append(DateTimeFormatter.ISO_LOCAL_DATE_TIME)
            .optionalStart()
            .appendOffset("+HH:MM", "Z")
            .optionalEnd()
            .optionalStart()
            .appendOffset("+HHMM", "Z")
            .optionalEnd()
            .optionalStart()
            .appendOffset("+HH", "Z")
            .optionalEnd()
            .toFormatter(Locale.ROOT);

    /** The answer for a record; the time is null if the time of arrival holds. */
    record Judged(@Nullable Long millis, EventTimeFrom from) {}

    private record Sync(boolean synchronised, long nanos) {}

    static final Judged ARRIVAL = new Judged(null, EventTimeFrom.ARRIVAL);
    private static final Judged CLAMPED = new Judged(null, EventTimeFrom.CLAMPED);

    private final Clock clock;
    private final ClockSync sync;
    private volatile @Nullable Sync cached;

    DeviceTime(Clock clock, ClockSync sync) {
        this.clock = clock;
        this.sync = sync;
    }

    /** A value that is missing or no time at all gives the time of arrival. */
    Judged judge(JsonPath.@Nullable Scalar said) {
        Double millis = said == null ? null : millis(said);
        if (millis == null) {
            return ARRIVAL;
        }
        if (isSynchronised()) {
            long now = clock.wallMillis();
            if (millis < now - OLD.toMillis() || millis > now + AHEAD.toMillis()) {
                return CLAMPED;
            }
        }
        if (millis < YEAR_0 || millis >= YEAR_10000) {
            return ARRIVAL;
        }
        return new Judged((long) Math.floor(millis), EventTimeFrom.DEVICE);
    }

    private static @Nullable Double millis(JsonPath.Scalar said) {
        String text = said.text().strip();
        Double number = said.isNumber() || looksLikeNumber(text) ? number(text) : null;
        if (number != null) {
            return Math.abs(number) < SECONDS_END_EXCLUSIVE ? Double.valueOf(number * 1000) : number;
        }
        try {
            TemporalAccessor parsed = ISO.parseBest(text, OffsetDateTime::from, LocalDateTime::from);
            Instant instant = parsed instanceof OffsetDateTime offset
                    ? offset.toInstant()
                    : LocalDateTime.from(parsed).toInstant(ZoneOffset.UTC);
            return (double) instant.toEpochMilli();
        } catch (DateTimeException | ArithmeticException e) {
            return null;
        }
    }

    private static boolean looksLikeNumber(String text) {
        return !text.isEmpty() && text.chars().allMatch(c -> (c >= '0' && c <= '9') || c == '.');
    }

    private static @Nullable Double number(String text) {
        try {
            double value = Double.parseDouble(text);
            return Double.isFinite(value) ? value : null;
        } catch (NumberFormatException e) {
            return null;
        }
    }

    private boolean isSynchronised() {
        long nanos = clock.monotonicNanos();
        Sync last = cached;
        if (last == null || nanos - last.nanos >= CACHED_NANOS) {
            last = new Sync(sync.isSynchronised(), nanos);
            cached = last;
        }
        return last.synchronised;
    }
}
