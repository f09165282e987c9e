package io.tidegate.support;

import io.tidegate.core.stream.LogCursor;
import io.tidegate.core.stream.LogEntry;
import io.tidegate.core.stream.LogPosition;
import io.tidegate.core.stream.ReadBatch;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamRecord;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Reads an {@link InMemoryLog} in commit order; dropped records are passed over. Confined to one thread. */
final class MemoryCommitCursor implements LogCursor {
    private final MemoryContents contents;
    private final Set<StreamName> streams;
    private LogPosition position;

    MemoryCommitCursor(MemoryContents contents, Set<StreamName> streams, LogPosition position) {
        this.contents = contents;
        this.streams = Set.copyOf(streams);
        this.position = position;
    }

    @Override
    public ReadBatch read(int bytesMax) {
        synchronized (contents) {
            List<LogEntry> entries = new ArrayList<>();
            int bytes = 0;
            for (StreamRecord record : contents.after(streams, position)) {
                bytes += record.data().length();
                if (!entries.isEmpty() && bytes > bytesMax) {
                    return new ReadBatch(entries, 0, false);
                }
                entries.add(record);
                position = new LogPosition(
                        record.position().lsn(), record.position().index() + 1);
            }
            LogPosition end = contents.end();
            position = position.compareTo(end) > 0 ? position : end;
            return new ReadBatch(entries, 0, true);
        }
    }

    @Override
    public LogPosition position() {
        return position;
    }

    @Override
    public void whenReadable(Runnable callback) {
        synchronized (contents) {
            if (contents.after(streams, position).isEmpty()) {
                contents.await(this, callback);
                return;
            }
        }
        callback.run();
    }

    @Override
    public void close() {
        contents.await(this, () -> {});
    }
}
