package io.tidegate.support;

import io.tidegate.core.stream.Gap;
import io.tidegate.core.stream.LogEntry;
import io.tidegate.core.stream.ReadBatch;
import io.tidegate.core.stream.ShardCursor;
import io.tidegate.core.stream.StreamRecord;
import java.util.ArrayList;
import java.util.List;

/** Reads one shard of an {@link InMemoryLog}. Confined to one thread. */
final class MemoryShardCursor implements ShardCursor {
    private final MemoryContents contents;
    private final MemoryShard shard;
    private long next;

    MemoryShardCursor(MemoryContents contents, MemoryShard shard, long next) {
        this.contents = contents;
        this.shard = shard;
        this.next = next;
    }

    @Override
    public ReadBatch read(int bytesMax, int entriesMax) {
        synchronized (contents) {
            List<LogEntry> entries = new ArrayList<>();
            Gap hole = shard.hole();
            if (next < shard.horizon() && hole != null) {
                long from = next;
                next = shard.horizon();
                entries.add(new Gap(shard.id(), from, next, next - from, true, hole.reason(), hole.timeMillis()));
            }
            int bytes = 0;
            for (StreamRecord record : shard.from(next)) {
                bytes += record.data().length();
                if (!entries.isEmpty() && (bytes > bytesMax || entries.size() >= entriesMax)) {
                    break;
                }
                entries.add(record);
                next = record.sequenceNumber() + 1;
            }
            boolean atEnd = next >= shard.next();
            return new ReadBatch(entries, 0, atEnd, atEnd && !shard.isOpen());
        }
    }

    @Override
    public long nextSequenceNumber() {
        return next;
    }

    @Override
    public void whenReadable(Runnable callback) {
        synchronized (contents) {
            if (next >= shard.next() && shard.isOpen()) {
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
