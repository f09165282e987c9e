package io.tidegate.buffer;

import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.ProducerName;
import io.tidegate.core.stream.PutAnswer;
import io.tidegate.core.stream.PutListener;
import io.tidegate.core.stream.StreamProducer;
import java.util.ArrayList;

/** Puts records into the log's queue. Thread-safe. */
final class QueuedProducer implements StreamProducer {
    private final ProducerName name;
    private final PutListener listener;
    private final CommitQueue queue;
    private volatile boolean closed;

    QueuedProducer(ProducerName name, PutListener listener, CommitQueue queue) {
        this.name = name;
        this.listener = listener;
        this.queue = queue;
    }

    @Override
    public boolean offer(NewRecord record, long correlation) {
        if (closed) {
            throw new IllegalStateException("producer '" + name + "' is closed");
        }
        return queue.offer(new Submission.Put(this, record, correlation), this);
    }

    void collect(PutAnswer answer, Submission.Answers answers) {
        answers.puts().computeIfAbsent(this, key -> new ArrayList<>()).add(answer);
    }

    PutListener listener() {
        return listener;
    }

    @Override
    public void close() {
        closed = true;
    }
}
