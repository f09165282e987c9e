package io.tidegate.core.runtime;

/**
 * Work in small turns, so that the same code runs on a {@link WorkerThread} or, in a test, without one.
 *
 * <p>Confined to the thread that calls {@link #doWork}.
 */
public interface Worker {
    /** One turn, which does not wait for long. Returns how much was done; 0: nothing to do until woken or later. */
    int doWork() throws Exception;

    /** Called once, by the thread that did the work, after the last turn. */
    default void onClose() {}
}
