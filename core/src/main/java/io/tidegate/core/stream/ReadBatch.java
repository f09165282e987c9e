package io.tidegate.core.stream;

import java.util.List;

/**
 * What one read returned, in order.
 *
 * @param millisBehindLatest how old the first unread record is: 0 at the end of the log (Kinesis GetRecords)
 * @param atEnd nothing committed is left to read
 */
public record ReadBatch(List<LogEntry> entries, long millisBehindLatest, boolean atEnd) {
    public ReadBatch {
        entries = List.copyOf(entries);
    }

    public boolean isEmpty() {
        return entries.isEmpty();
    }
}
