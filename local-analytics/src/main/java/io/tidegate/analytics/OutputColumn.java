package io.tidegate.analytics;

/** One column of what a rule writes. */
record OutputColumn(String name, SqlType type, Expression expression) {}
