package io.tidegate.core.stream;

/**
 * Reads several streams in commit order over all their shards, those that a reshard opens later too: no record of a
 * child comes before one of its parents. Only resolved commits are seen.
 *
 * <p>Confined to one thread, but for the callback of {@link #whenReadable}.
 */
public interface LogCursor extends AutoCloseable {
    /**
     * Reads on, without waiting: as many whole entries as fit into {@code bytesMax} of data, at least one if there is
     * one. Empty: nothing new, or only entries of other streams were passed over.
     *
     * @throws StreamLogException of category retry if the disk could not be read now
     */
    ReadBatch read(int bytesMax);

    /** Everything before this has been returned or passed over: where a checkpoint continues. */
    LogPosition position();

    /**
     * Calls back once, as soon as something can be read (at once if it can already). The callback runs on the thread
     * that committed, or on the caller's, and must not block. A second call replaces the first.
     */
    void whenReadable(Runnable callback);

    @Override
    void close();
}
