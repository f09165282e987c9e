package io.tidegate.adapters;

/** What {@link Ingest#submit} did with a message. */
enum Submission {
    /** It is on its way to the log; the answer follows. */
    TAKEN,
    /** A route drops it: acknowledge it now, there is no answer. */
    DROPPED,
    /** No room: nothing was kept. Stop reading and submit it again after {@link IngestListener#onWritable}. */
    BUSY
}
