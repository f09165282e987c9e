package io.tidegate.adapters;

import io.tidegate.core.stream.LogCursor;
import io.tidegate.core.stream.LogEntry;
import io.tidegate.core.stream.LogPosition;
import io.tidegate.core.stream.ReadBatch;
import io.tidegate.core.stream.StreamLog;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamRecord;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** What a reader of a log finds, for tests. */
final class StoredRecords {
    private StoredRecords() {}

    static List<StreamRecord> of(StreamLog log, StreamName stream) {
        List<StreamRecord> records = new ArrayList<>();
        try (LogCursor cursor = log.cursor(Set.of(stream), LogPosition.TRIM_HORIZON)) {
            for (ReadBatch batch = cursor.read(1 << 20); !batch.isEmpty(); batch = cursor.read(1 << 20)) {
                for (LogEntry entry : batch.entries()) {
                    if (entry instanceof StreamRecord record) {
                        records.add(record);
                    }
                }
            }
        }
        return records;
    }

    static List<String> texts(StreamLog log, StreamName stream) {
        return of(log, stream).stream().map(record -> record.data().utf8()).toList();
    }
}
