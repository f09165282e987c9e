package io.tidegate.core.stream;

/**
 * Puts single records into the log; each is answered to the producer's {@link PutListener}, once.
 *
 * <p>Thread-safe. Records offered by one thread keep their order.
 */
public interface StreamProducer extends AutoCloseable {
    /**
     * Never blocks. False: over budget, nothing was kept and nothing will be answered; {@link PutListener#onWritable}
     * says when to try again.
     *
     * @param correlation comes back in the answer
     */
    boolean offer(NewRecord record, long correlation);

    /** Takes no more records; those already taken are still answered. */
    @Override
    void close();
}
