package io.tidegate.core.runtime;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A number of bytes as people write it: {@code 512}, {@code 64KiB}, {@code 32MiB}, {@code 8GiB}, {@code 10GB}. */
public record DataSize(long bytes) {
    private static final Pattern FORM = Pattern.compile("([0-9]{1,15})(B|KiB|MiB|GiB|TiB|kB|MB|GB|TB)?");

    public DataSize {
        if (bytes < 0) {
            throw new IllegalArgumentException("a size must not be negative, found " + bytes);
        }
    }

    /** Throws IllegalArgumentException saying what was expected and found. */
    public static DataSize parse(String text) {
        Matcher matcher = FORM.matcher(text.strip());
        if (!matcher.matches()) {
            throw new IllegalArgumentException("expected a size such as 64KiB, 32MiB or 8GiB, found '" + text + "'");
        }
        long number = Long.parseLong(matcher.group(1));
        String unit = matcher.group(2) == null ? "B" : matcher.group(2);
        try {
            return new DataSize(Math.multiplyExact(number, factor(unit)));
        } catch (ArithmeticException e) {
            throw new IllegalArgumentException("the size '" + text + "' is too large", e);
        }
    }

    private static long factor(String unit) {
        return switch (unit) {
            case "B" -> 1L;
            case "KiB" -> 1L << 10;
            case "MiB" -> 1L << 20;
            case "GiB" -> 1L << 30;
            case "TiB" -> 1L << 40;
            case "kB" -> 1_000L;
            case "MB" -> 1_000_000L;
            case "GB" -> 1_000_000_000L;
            case "TB" -> 1_000_000_000_000L;
            default -> throw new IllegalArgumentException("unknown unit '" + unit + "'");
        };
    }

    @Override
    public String toString() {
        String[] units = {"B", "KiB", "MiB", "GiB", "TiB"};
        long value = bytes;
        int unit = 0;
        while (value != 0 && value % 1024 == 0 && unit < units.length - 1) {
            value /= 1024;
            unit++;
        }
        return value + units[unit];
    }
}
