package io.tidegate.analytics;

/** The type of a column or an expression, as far as it is known before the first row. */
enum SqlType {
    BOOLEAN,
    INT,
    BIGINT,
    /** Exact numbers as they stand in the text, such as 40.5. */
    DECIMAL,
    DOUBLE,
    STRING,
    TIMESTAMP,
    TIMESTAMP_LTZ,
    /** {@code headers}: names to texts. */
    MAP,
    /** A column that no CREATE TABLE declares: what the JSON holds decides row by row. */
    ANY,
    /** The literal NULL. */
    NULL;

    boolean isNumber() {
        return this == INT || this == BIGINT || this == DECIMAL || this == DOUBLE;
    }

    boolean isInteger() {
        return this == INT || this == BIGINT;
    }

    /** Whether a value of this type may stand where the other is asked for, as far as can be said before running. */
    boolean mayBe(SqlType asked) {
        return this == asked || this == ANY || this == NULL;
    }

    /** The name in messages. */
    String text() {
        return this == ANY ? "an undeclared column" : name();
    }
}
