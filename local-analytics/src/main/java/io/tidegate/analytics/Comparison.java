package io.tidegate.analytics;

import java.math.BigDecimal;
import org.jspecify.annotations.Nullable;

/** A comparison of SQL: UNKNOWN (null) if a side is NULL. Doubles compare as Java's operators do. */
enum Comparison {
    EQUAL,
    NOT_EQUAL,
    LESS,
    LESS_OR_EQUAL,
    GREATER,
    GREATER_OR_EQUAL;

    /** Whether values of these types can be compared at all. */
    static boolean areComparable(SqlType left, SqlType right) {
        if (left == SqlType.MAP || right == SqlType.MAP) {
            return false;
        }
        return left.mayBe(right) || right.mayBe(left) || (left.isNumber() && right.isNumber());
    }

    Expression of(Expression left, Expression right) {
        return row -> {
            Object a = left.value(row);
            Object b = a == null ? null : right.value(row);
            return b == null ? null : holds(a, b);
        };
    }

    /** Compares two values that are not NULL; rejects the row if they are of different kinds. */
    boolean holds(@Nullable Object a, @Nullable Object b) {
        if (a instanceof Number left && b instanceof Number right) {
            if (left instanceof Double || right instanceof Double) {
                return test(left.doubleValue(), right.doubleValue());
            }
            if (left instanceof Long x && right instanceof Long y) {
                return test(Long.compare(x, y));
            }
            return test(exact(left).compareTo(exact(right)));
        }
        if (a instanceof String left && b instanceof String right) {
            return test(compareByCodePoint(left, right));
        }
        if (a instanceof Boolean left && b instanceof Boolean right) {
            return test(Boolean.compare(left, right));
        }
        throw new RowRejected(RowFault.WRONG_TYPE, "cannot compare " + kind(a) + " with " + kind(b));
    }

    static String kind(@Nullable Object value) {
        if (value == null) {
            return "NULL";
        }
        return value instanceof Number
                ? "a number"
                : value instanceof String
                        ? "a string"
                        : value instanceof Boolean ? "a truth value" : "an object or array";
    }

    private static BigDecimal exact(Number number) {
        return number instanceof BigDecimal decimal ? decimal : BigDecimal.valueOf(number.longValue());
    }

    private boolean test(int order) {
        return switch (this) {
            case EQUAL -> order == 0;
            case NOT_EQUAL -> order != 0;
            case LESS -> order < 0;
            case LESS_OR_EQUAL -> order <= 0;
            case GREATER -> order > 0;
            case GREATER_OR_EQUAL -> order >= 0;
        };
    }

    private boolean test(double a, double b) {
        return switch (this) {
            case EQUAL -> a == b;
            case NOT_EQUAL -> a != b;
            case LESS -> a < b;
            case LESS_OR_EQUAL -> a <= b;
            case GREATER -> a > b;
            case GREATER_OR_EQUAL -> a >= b;
        };
    }

    /** The order of UTF-8 bytes, in which Flink compares, and not that of UTF-16 units. */
    private static int compareByCodePoint(String a, String b) {
        int length = Math.min(a.length(), b.length());
        for (int i = 0; i < length; i++) {
            char x = a.charAt(i);
            char y = b.charAt(i);
            if (x != y) {
                boolean oneIsSurrogate = Character.isSurrogate(x) != Character.isSurrogate(y);
                int order = Character.compare(x, y);
                return oneIsSurrogate ? (Character.isSurrogate(x) ? 1 : -1) : order;
            }
        }
        return Integer.compare(a.length(), b.length());
    }
}
