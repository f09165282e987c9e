package io.tidegate.gateway.http;

import java.util.concurrent.Semaphore;
import java.util.function.Supplier;

/**
 * Lets one change through at a time: who waits for a commit does so alone, the other threads serve. Whoever comes
 * meanwhile is told to try again. Thread-safe.
 */
final class OneChange {
    private static final int RETRY_SECONDS = 1;

    private final Semaphore room = new Semaphore(1);
    private final String of;

    /**
     * @param of of what it is a change, as a client is told
     */
    OneChange(String of) {
        this.of = of;
    }

    /** What a change gives back is its answer: it goes out when the next change may come. */
    void run(Exchange exchange, Supplier<Runnable> change) {
        if (!room.tryAcquire()) {
            exchange.busy(
                    503, "change-under-way", "another change of " + of + " is under way; try again", RETRY_SECONDS);
            return;
        }
        Runnable answer;
        try {
            answer = change.get();
        } finally {
            room.release();
        }
        answer.run();
    }
}
