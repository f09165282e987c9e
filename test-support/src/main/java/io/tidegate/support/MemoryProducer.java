package io.tidegate.support;

import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.PutListener;
import io.tidegate.core.stream.StreamProducer;

/** Offers to an {@link InMemoryLog}. Thread-safe. */
final class MemoryProducer implements StreamProducer {
    private final InMemoryLog log;
    private final PutListener listener;
    private volatile boolean closed;

    MemoryProducer(InMemoryLog log, PutListener listener) {
        this.log = log;
        this.listener = listener;
    }

    @Override
    public boolean offer(NewRecord record, long correlation) {
        if (closed) {
            throw new IllegalStateException("this producer is closed");
        }
        return log.offer(record, correlation, listener);
    }

    @Override
    public void close() {
        closed = true;
    }
}
