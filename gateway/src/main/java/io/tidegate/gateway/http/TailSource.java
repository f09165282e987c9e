package io.tidegate.gateway.http;

import io.tidegate.core.stream.Gap;
import io.tidegate.core.stream.LogCursor;
import io.tidegate.core.stream.LogEntry;
import io.tidegate.core.stream.LogPosition;
import io.tidegate.core.stream.ReadBatch;
import io.tidegate.core.stream.ShardCursor;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StreamLog;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamRecord;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.util.thread.Scheduler;
import org.jspecify.annotations.Nullable;

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

    /**
     * Another source, read no faster than a quota lets it.
     *
     * @param shard null: all of the stream
     * @param onClose called when it is closed
     */
    record Paced(
            TailSource source,
            ReadQuotas quotas,
            StreamName stream,
            @Nullable ShardId shard,
            Scheduler scheduler,
            Runnable onClose)
            implements TailSource {
        @Override
        public StreamLog log() {
            return source.log();
        }

        @Override
        public ReadBatch read(int bytesMax) {
            if (quotas.waitNanos(stream, shard) > 0) {
                return new ReadBatch(List.of(), 0, false);
            }
            ReadBatch batch = source.read(bytesMax);
            quotas.charge(stream, batch.entries());
            return batch;
        }

        @Override
        public void whenReadable(Runnable callback) {
            long wait = quotas.waitNanos(stream, shard);
            if (wait > 0) {
                scheduler.schedule(callback, wait, TimeUnit.NANOSECONDS);
            } else {
                source.whenReadable(callback);
            }
        }

        @Override
        public Optional<String> after(LogEntry entry) {
            return source.after(entry);
        }

        @Override
        public void close() {
            source.close();
            onClose.run();
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
