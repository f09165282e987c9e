package io.tidegate.analytics;

/** An expression and its type. */
record Typed(SqlType type, Expression expression) {}
