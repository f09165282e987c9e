package io.tidegate.analytics;

import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * CAST and TRY_CAST between BOOLEAN, INT, BIGINT, DOUBLE and STRING, as Flink's casting rules do: numbers are narrowed
 * as Java narrows them, a string becomes an integer without what follows its point, TRUE and FALSE are written in
 * capitals. What cannot be converted rejects the row (it ends a Flink job); TRY_CAST makes it NULL.
 */
final class Cast {
    private static final Pattern INTEGER = Pattern.compile("([+-]?[0-9]{1,19})(?:\\.[0-9]*)?");
    private static final Set<String> TRUE = Set.of("t", "true", "y", "yes", "1");
    private static final Set<String> FALSE = Set.of("f", "false", "n", "no", "0");

    private Cast() {}

    static boolean isTarget(SqlType type) {
        return type == SqlType.BOOLEAN || type.isInteger() || type == SqlType.DOUBLE || type == SqlType.STRING;
    }

    static boolean isSource(SqlType type) {
        return isTarget(type) || type == SqlType.DECIMAL || type == SqlType.ANY || type == SqlType.NULL;
    }

    static Expression of(Expression operand, SqlType target, boolean nullIfBad) {
        return row -> {
            Object value = operand.value(row);
            Object result = value == null ? null : convert(value, target);
            if (value != null && result == null && !nullIfBad) {
                throw new RowRejected(RowFault.BAD_CAST, "cannot cast " + Comparison.kind(value) + " to " + target);
            }
            return result;
        };
    }

    private static @Nullable Object convert(Object value, SqlType target) {
        return switch (target) {
            case BOOLEAN -> toBoolean(value);
            case INT -> {
                Long number = value instanceof Double d ? (Long) (long) d.intValue() : toLong(value);
                boolean narrow = number != null && value instanceof String && number != number.intValue();
                yield number == null || narrow ? null : (Object) (long) number.intValue();
            }
            case BIGINT -> toLong(value);
            case DOUBLE -> toDouble(value);
            case STRING -> toText(value);
            case DECIMAL, TIMESTAMP, TIMESTAMP_LTZ, MAP, ANY, NULL ->
                throw new IllegalStateException("no cast to " + target);
        };
    }

    private static @Nullable Object toBoolean(Object value) {
        if (value instanceof Boolean) {
            return value;
        }
        if (value instanceof Number number) {
            return number.doubleValue() != 0;
        }
        if (value instanceof String text) {
            String word = text.strip().toLowerCase(Locale.ROOT);
            return TRUE.contains(word) ? (Object) true : FALSE.contains(word) ? false : null;
        }
        return null;
    }

    private static @Nullable Long toLong(Object value) {
        if (value instanceof Number number) {
            return number.longValue();
        }
        if (value instanceof Boolean truth) {
            return truth ? 1L : 0L;
        }
        if (value instanceof String text) {
            Matcher matcher = INTEGER.matcher(text.strip());
            try {
                return matcher.matches() ? Long.valueOf(matcher.group(1)) : null;
            } catch (NumberFormatException e) {
                return null; // 19 digits that are too many
            }
        }
        return null;
    }

    private static @Nullable Object toDouble(Object value) {
        if (value instanceof Number number) {
            return number.doubleValue();
        }
        if (value instanceof Boolean truth) {
            return truth ? 1.0 : 0.0;
        }
        if (value instanceof String text) {
            try {
                return Double.valueOf(text.strip());
            } catch (NumberFormatException e) {
                return null;
            }
        }
        return null;
    }

    private static String toText(Object value) {
        if (value instanceof Double number) {
            return JsonOut.text(number);
        }
        if (value instanceof Boolean truth) {
            return truth ? "TRUE" : "FALSE";
        }
        if (value instanceof JsonFragment fragment) {
            return fragment.text();
        }
        return value.toString();
    }
}
