package io.tidegate.core.stream;

/**
 * Reads one shard in the order of its sequence numbers.
 *
 * <p>Confined to one thread, but for the callback of {@link #whenReadable}.
 */
public interface ShardCursor extends AutoCloseable {
    /**
     * Reads on, without waiting: as many whole entries as fit into {@code bytesMax} of data, at least one if there is
     * one.
     *
     * @throws StreamLogException of category retry if the disk could not be read now
     */
    default ReadBatch read(int bytesMax) {
        return read(bytesMax, Integer.MAX_VALUE);
    }

    /** The same, with a limit on entries too. */
    ReadBatch read(int bytesMax, int entriesMax);

    /** The next entry has this sequence number or a greater one. */
    long nextSequenceNumber();

    /** As {@link LogCursor#whenReadable}; also once the shard is closed, so that the reader learns that it has ended. */
    void whenReadable(Runnable callback);

    @Override
    void close();
}
