package io.tidegate.analytics;

import org.jspecify.annotations.Nullable;

/**
 * Arithmetic as Flink compiles it to Java: INT and BIGINT wrap around, division of integers cuts off, division of
 * doubles by zero is infinite. An integer divided by zero ends a Flink job; here the row is rejected.
 */
enum Arithmetic {
    PLUS,
    MINUS,
    TIMES,
    DIVIDE,
    REMAINDER;

    /** The type of the result, or null if the operation is not defined on these types. */
    @Nullable
    SqlType resultType(SqlType left, SqlType right) {
        if (!mayBeNumber(left) || !mayBeNumber(right)) {
            return null;
        }
        SqlType known = left == SqlType.NULL ? right : right == SqlType.NULL ? left : null;
        if (this == REMAINDER) {
            return remainderType(left, right);
        }
        if (known != null) {
            return known == SqlType.ANY ? SqlType.DOUBLE : known;
        }
        if (left == SqlType.DOUBLE || right == SqlType.DOUBLE || left == SqlType.ANY || right == SqlType.ANY) {
            return SqlType.DOUBLE;
        }
        if (left == SqlType.DECIMAL || right == SqlType.DECIMAL) {
            return SqlType.DECIMAL;
        }
        return left == SqlType.BIGINT || right == SqlType.BIGINT ? SqlType.BIGINT : SqlType.INT;
    }

    /** Of the divisor; an undeclared column is taken for an integer, row by row. */
    private static @Nullable SqlType remainderType(SqlType left, SqlType right) {
        if (left == SqlType.DOUBLE || right == SqlType.DOUBLE) {
            return null;
        }
        if (left == SqlType.DECIMAL || right == SqlType.DECIMAL) {
            return SqlType.DECIMAL;
        }
        return right == SqlType.INT ? SqlType.INT : SqlType.BIGINT;
    }

    private static boolean mayBeNumber(SqlType type) {
        return type.isNumber() || type == SqlType.ANY || type == SqlType.NULL;
    }

    /** The result type must be INT, BIGINT or DOUBLE. */
    Expression of(Expression left, Expression right, SqlType result) {
        return row -> {
            Object a = left.value(row);
            Object b = right.value(row);
            if (a == null || b == null) {
                return null;
            }
            if (result == SqlType.DOUBLE) {
                return apply(toDouble(a), toDouble(b));
            }
            long value = apply(toLong(a), toLong(b));
            return result == SqlType.INT ? (long) (int) value : value;
        };
    }

    private double apply(double a, double b) {
        return switch (this) {
            case PLUS -> a + b;
            case MINUS -> a - b;
            case TIMES -> a * b;
            case DIVIDE -> a / b;
            case REMAINDER -> throw new IllegalStateException("% is not defined on DOUBLE");
        };
    }

    private long apply(long a, long b) {
        if (b == 0 && (this == DIVIDE || this == REMAINDER)) {
            throw new RowRejected(RowFault.DIVISION_BY_ZERO, "an integer was divided by zero");
        }
        return switch (this) {
            case PLUS -> a + b;
            case MINUS -> a - b;
            case TIMES -> a * b;
            case DIVIDE -> a / b;
            case REMAINDER -> a % b;
        };
    }

    static Expression negate(Expression operand, SqlType type) {
        return row -> {
            Object value = operand.value(row);
            if (value == null) {
                return null;
            }
            if (type == SqlType.DOUBLE) {
                return -toDouble(value);
            }
            long negated = -toLong(value);
            return type == SqlType.INT ? (long) (int) negated : negated;
        };
    }

    /** Keeps an undeclared number as it is: an integer stays one. */
    static Expression absolute(Expression operand, SqlType type) {
        return row -> {
            Object value = operand.value(row);
            if (value == null) {
                return null;
            }
            if (value instanceof Long number) {
                long absolute = Math.abs(number);
                return type == SqlType.INT ? (long) (int) absolute : absolute;
            }
            return Math.abs(toDouble(value));
        };
    }

    static double toDouble(Object value) {
        if (value instanceof Number number) {
            return number.doubleValue();
        }
        throw new RowRejected(RowFault.WRONG_TYPE, "expected a number, found " + Comparison.kind(value));
    }

    private static long toLong(Object value) {
        if (value instanceof Long number) {
            return number;
        }
        throw new RowRejected(RowFault.WRONG_TYPE, "expected an integer, found " + Comparison.kind(value));
    }
}
