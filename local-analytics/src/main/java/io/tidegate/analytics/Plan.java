package io.tidegate.analytics;

import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamRecord;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A compiled rule: a pure function from a record to an output, or to none.
 *
 * @param filter null: every row
 * @param columns empty: the record's data as they are (SELECT * of an undeclared stream)
 * @param keys empty: the input's partition key
 */
record Plan(
        StreamName source,
        StreamName target,
        RowDecoder decoder,
        @Nullable Expression filter,
        List<OutputColumn> columns,
        List<Expression> keys) {
    Plan {
        columns = List.copyOf(columns);
        keys = List.copyOf(keys);
    }

    /** Null: the filter does not hold. Throws {@link RowRejected} if that cannot be decided. */
    @Nullable
    Output apply(StreamRecord record) {
        Row row = decoder.decode(record);
        if (filter != null && !Boolean.TRUE.equals(Logic.truth(filter.value(row)))) {
            return null;
        }
        return new Output(key(row), columns.isEmpty() ? record.data() : data(row));
    }

    private Payload data(Row row) {
        JsonOut out = new JsonOut().raw('{');
        for (int i = 0; i < columns.size(); i++) {
            OutputColumn column = columns.get(i);
            Object value = column.expression().value(row);
            if (value instanceof Long millis
                    && (column.type() == SqlType.TIMESTAMP || column.type() == SqlType.TIMESTAMP_LTZ)) {
                value = TimeText.of(millis, column.type());
            }
            if (i > 0) {
                out.raw(',');
            }
            out.string(column.name(), true).raw(':').value(value);
        }
        return Payload.ofUtf8(out.raw('}').text());
    }

    private String key(Row row) {
        if (keys.isEmpty()) {
            return row.record().partitionKey();
        }
        StringBuilder key = new StringBuilder();
        for (Expression part : keys) {
            Object value = part.value(row);
            if (value == null) {
                throw new RowRejected(RowFault.NO_KEY, "a column of key.fields is null");
            }
            if (key.length() > 0) {
                key.append('/');
            }
            key.append(value instanceof Double number ? JsonOut.text(number) : value);
        }
        if (key.isEmpty() || key.length() > NewRecord.PARTITION_KEY_LENGTH_MAX) {
            throw new RowRejected(
                    RowFault.NO_KEY, "a partition key must have 1 to 256 characters, found " + key.length());
        }
        return key.toString();
    }
}
