package io.tidegate.analytics;

import org.jspecify.annotations.Nullable;

/**
 * A compiled part of a statement: a pure function of a row. Null is SQL's NULL, and UNKNOWN where a truth value is
 * asked for. Values are Boolean, Long (INT, BIGINT, both timestamps in Unix milliseconds), BigDecimal, Double, String,
 * and, for an undeclared column, {@link JsonFragment}.
 *
 * <p>Immutable.
 */
@FunctionalInterface
interface Expression {
    /** Throws {@link RowRejected} if the row cannot be evaluated. */
    @Nullable
    Object value(Row row);
}
