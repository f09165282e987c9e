package io.tidegate.gateway.http;

import io.tidegate.core.stream.Gap;
import io.tidegate.core.stream.LogCursor;
import io.tidegate.core.stream.LogEntry;
import io.tidegate.core.stream.LogPosition;
import io.tidegate.core.stream.ReadBatch;
import io.tidegate.core.stream.ShardCursor;
import io.tidegate.core.stream.StreamLog;
import io.tidegate.core.stream.StreamRecord;
import java.util.Optional;

/** What a tail reads from: one shard, or a whole stream in commit order. Confined as its cursor is. */
sealed interface TailSource extends AutoCloseable {
    /** The log that is read. */
    StreamLog log();

    ReadBatch read(int bytesMax);

    void whenReadable(Runnable callback);

    /** The value of {@code from} with which a reader goes on after this entry; empty: it has none. */
    Optional<String> after(LogEntry entry);

    @Override
    void close();

    /** One shard, in the order of its numbers. */
    record OneShard(StreamLog log, ShardCursor cursor) implements TailSource {
        @Override
        public ReadBatch read(int bytesMax) {
            return cursor.read(bytesMax);
        }

        @Override
        public void whenReadable(Runnable callback) {
            cursor.whenReadable(callback);
        }

        @Override
        public Optional<String> after(LogEntry entry) {
            long last =
                    entry instanceof StreamRecord record ? record.sequenceNumber() : ((Gap) entry).toExclusive() - 1;
            return Optional.of("after:" + last);
        }

        @Override
        public void close() {
            cursor.close();
        }
    }

    /** All shards of a stream, in commit order. A gap has no place of its own there. */
    record CommitOrder(StreamLog log, LogCursor cursor) implements TailSource {
        @Override
        public ReadBatch read(int bytesMax) {
            return cursor.read(bytesMax);
        }

        @Override
        public void whenReadable(Runnable callback) {
            cursor.whenReadable(callback);
        }

        @Override
        public Optional<String> after(LogEntry entry) {
            if (entry instanceof StreamRecord record) {
                LogPosition position = record.position();
                return Optional.of("position:" + position.lsn() + ":" + (position.index() + 1));
            }
            return Optional.empty();
        }

        @Override
        public void close() {
            cursor.close();
        }
    }
}
