package io.tidegate.adapters;

import java.util.List;

/**
 * Hears what became of messages. Called by the log's writer thread: must not block nor throw; a listener with threads
 * of its own hands over to them.
 */
interface IngestListener<T> {
    /** The answers of one commit, in the order in which the messages were submitted. */
    void onAnswers(List<IngestAnswer<T>> oneCommit);

    /** There is room again after a {@link Submission#BUSY}. */
    void onWritable();
}
