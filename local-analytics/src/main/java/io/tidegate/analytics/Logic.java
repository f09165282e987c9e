package io.tidegate.analytics;

import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** SQL's logic of three values: TRUE, FALSE and UNKNOWN, which is null here (ISO 9075-2, 6.39). */
final class Logic {
    private Logic() {}

    static Expression and(List<Expression> operands) {
        return row -> {
            boolean unknown = false;
            for (Expression operand : operands) {
                Boolean truth = truth(operand.value(row));
                if (truth == null) {
                    unknown = true;
                } else if (!truth) {
                    return false;
                }
            }
            return unknown ? null : true;
        };
    }

    static Expression or(List<Expression> operands) {
        return row -> {
            boolean unknown = false;
            for (Expression operand : operands) {
                Boolean truth = truth(operand.value(row));
                if (truth == null) {
                    unknown = true;
                } else if (truth) {
                    return true;
                }
            }
            return unknown ? null : false;
        };
    }

    static Expression not(Expression operand) {
        return row -> {
            Boolean truth = truth(operand.value(row));
            return truth == null ? null : !truth;
        };
    }

    /** IS NULL and its kin: never UNKNOWN. */
    static Expression is(Expression operand, Predicate<@Nullable Object> test) {
        return row -> test.test(operand.value(row));
    }

    static Expression isTruth(Expression operand, Predicate<@Nullable Boolean> test) {
        return row -> test.test(truth(operand.value(row)));
    }

    /** IS [NOT] DISTINCT FROM: NULL is a value like any other. */
    static Expression isDistinct(Expression left, Expression right, boolean wanted) {
        return row -> {
            Object a = left.value(row);
            Object b = right.value(row);
            boolean distinct = (a == null || b == null) ? a != b : Comparison.NOT_EQUAL.holds(a, b);
            return distinct == wanted;
        };
    }

    /** TRUE if one is equal; else UNKNOWN if one is NULL (8.4: IN is a chain of OR). */
    static Expression in(Expression operand, List<Expression> list) {
        return row -> {
            Object value = operand.value(row);
            if (value == null) {
                return null;
            }
            boolean unknown = false;
            for (Expression element : list) {
                Object candidate = element.value(row);
                if (candidate == null) {
                    unknown = true;
                } else if (Comparison.EQUAL.holds(value, candidate)) {
                    return true;
                }
            }
            return unknown ? null : false;
        };
    }

    /** A value used as a condition; null is UNKNOWN. */
    static @Nullable Boolean truth(@Nullable Object value) {
        if (value == null || value instanceof Boolean) {
            return (Boolean) value;
        }
        throw new RowRejected(RowFault.WRONG_TYPE, "expected a truth value, found " + Comparison.kind(value));
    }
}
