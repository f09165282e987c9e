package io.tidegate.analytics;

import io.tidegate.core.stream.StreamRecord;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** What a rule can read of a record beside its data, by the names of Flink's Kafka connector. */
enum Metadata {
    /** The event time. */
    TIMESTAMP(SqlType.TIMESTAMP_LTZ),
    /** The attributes; only single ones can be read. */
    HEADERS(SqlType.MAP),
    /** The number of the shard. */
    PARTITION(SqlType.INT),
    /** The sequence number. */
    OFFSET(SqlType.BIGINT);

    private final SqlType type;

    Metadata(SqlType type) {
        this.type = type;
    }

    static @Nullable Metadata named(String name) {
        for (Metadata metadata : values()) {
            if (metadata.text().equals(name)) {
                return metadata;
            }
        }
        return null;
    }

    String text() {
        return name().toLowerCase(Locale.ROOT);
    }

    SqlType type() {
        return type;
    }

    Typed typed() {
        return new Typed(type, row -> value(row.record()));
    }

    private @Nullable Object value(StreamRecord record) {
        return switch (this) {
            case TIMESTAMP -> record.eventTimeMillis();
            case HEADERS -> null; // never evaluated as a whole
            case PARTITION -> (long) record.shard().number();
            case OFFSET -> record.sequenceNumber();
        };
    }

    /** The type that a CREATE TABLE may give to it; both timestamps fit {@code timestamp}. */
    boolean takes(SqlType declared) {
        return declared == type || (this == TIMESTAMP && declared == SqlType.TIMESTAMP);
    }

    static Expression header(String name) {
        return row -> row.record().attributes().get(name);
    }
}
