package io.tidegate.core.stream;

/** Hears what became of a producer's records. Called by the log's writer thread: must not block nor throw. */
public interface PutListener {
    /** Called after the fsync that covers the records that are answered as stored. */
    void onAnswers(PutAnswers oneCommit);

    /** There is room again after an offer was turned away. */
    void onWritable();
}
