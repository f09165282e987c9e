package io.tidegate.analytics;

import java.util.List;

/** A column of a declared table. */
sealed interface Column {
    String name();

    /** A field of the JSON object. */
    record Field(String name, SqlType type) implements Column {}

    /** An object within the JSON object: ROW. */
    record Nested(String name, List<Column> columns) implements Column {
        public Nested {
            columns = List.copyOf(columns);
        }
    }

    /** METADATA. */
    record Beside(String name, SqlType type, Metadata metadata) implements Column {}
}
