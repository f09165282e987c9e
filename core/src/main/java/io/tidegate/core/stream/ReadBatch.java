package io.tidegate.core.stream;

import java.util.List;

/**
 * What one read returned, in order.
 *
 * @param millisBehindLatest how old the first unread record is: 0 at the end of the log (Kinesis GetRecords)
 * @param atEnd nothing committed is left to read
 * @param ended nothing is left, and nothing will ever follow: the shard is closed
 */
public record ReadBatch(List<LogEntry> entries, long millisBehindLatest, boolean atEnd, boolean ended) {
    public ReadBatch {
        entries = List.copyOf(entries);
    }

    /** Of something that goes on. */
    public ReadBatch(List<LogEntry> entries, long millisBehindLatest, boolean atEnd) {
        this(entries, millisBehindLatest, atEnd, false);
    }

    public boolean isEmpty() {
        return entries.isEmpty();
    }
}
