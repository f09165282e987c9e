package io.tidegate.buffer;

import io.tidegate.core.stream.AppendResult;
import io.tidegate.core.stream.AppendUnit;
import io.tidegate.core.stream.LogCursor;
import io.tidegate.core.stream.LogEntry;
import io.tidegate.core.stream.LogPosition;
import io.tidegate.core.stream.ReadBatch;
import io.tidegate.core.stream.ShardCursor;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StartingPosition;
import io.tidegate.core.stream.StreamLog;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamRecord;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/** What tests do with a log again and again. */
final class LogReader {
    private LogReader() {}

    static AppendResult append(StreamLog log, AppendUnit unit) throws Exception {
        return log.append(unit).get(60, TimeUnit.SECONDS);
    }

    static AppendResult.Committed commit(StreamLog log, AppendUnit unit) throws Exception {
        AppendResult result = append(log, unit);
        if (result instanceof AppendResult.Committed committed) {
            return committed;
        }
        throw new AssertionError("expected a commit, found " + result);
    }

    static List<LogEntry> all(StreamLog log, ShardId shard, StartingPosition from) {
        List<LogEntry> entries = new ArrayList<>();
        try (ShardCursor cursor = log.cursor(shard, from)) {
            ReadBatch batch;
            do {
                batch = cursor.read(100_000);
                entries.addAll(batch.entries());
            } while (!batch.atEnd());
        }
        return entries;
    }

    static List<LogEntry> all(StreamLog log, StreamName stream, LogPosition from) {
        List<LogEntry> entries = new ArrayList<>();
        try (LogCursor cursor = log.cursor(Set.of(stream), from)) {
            ReadBatch batch;
            do {
                batch = cursor.read(100_000);
                entries.addAll(batch.entries());
            } while (!batch.atEnd());
        }
        return entries;
    }

    static List<StreamRecord> records(List<LogEntry> entries) {
        return entries.stream()
                .filter(StreamRecord.class::isInstance)
                .map(StreamRecord.class::cast)
                .toList();
    }

    static List<String> texts(List<LogEntry> entries) {
        return records(entries).stream().map(record -> record.data().utf8()).toList();
    }
}
