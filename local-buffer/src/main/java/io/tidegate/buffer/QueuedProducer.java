package io.tidegate.buffer;

import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.ProducerName;
import io.tidegate.core.stream.PutAnswer;
import io.tidegate.core.stream.PutAnswers;
import io.tidegate.core.stream.PutListener;
import io.tidegate.core.stream.StreamProducer;
import java.util.ArrayList;
import java.util.List;

/** Puts records into the log's queue. Thread-safe. */
final class QueuedProducer implements StreamProducer {
    private final ProducerName name;
    private final PutListener listener;
    private final CommitQueue queue;
    private final EarlyAcknowledgement early;
    private volatile boolean closed;

    QueuedProducer(ProducerName name, PutListener listener, CommitQueue queue, EarlyAcknowledgement early) {
        this.name = name;
        this.listener = listener;
        this.queue = queue;
        this.early = early;
    }

    @Override
    public boolean offer(NewRecord record, long correlation) {
        if (closed) {
            throw new IllegalStateException("producer '" + name + "' is closed");
        }
        if (!early.isEarly(record.stream())) {
            return queue.offer(new Submission.Put(this, record, correlation, null), this);
        }
        EarlyAcknowledgement.Offered offered = early.offer(
                record,
                () -> queue.offer(new Submission.Put(this, record, correlation, early), this),
                () -> queue.offer(new Submission.Put(this, record, correlation, null), this));
        if (offered == EarlyAcknowledgement.Offered.ACKNOWLEDGED) {
            listener.onAnswers(new PutAnswers(List.of(PutAnswer.received(correlation))));
        }
        return offered != EarlyAcknowledgement.Offered.TURNED_AWAY;
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
