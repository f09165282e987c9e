package io.tidegate.core.runtime;

/** Runs a {@link Worker} on the calling thread, turn by turn, as a test says. */
public final class StepWorker implements AutoCloseable {
    private final Worker worker;

    public StepWorker(Worker worker) {
        this.worker = worker;
    }

    /** Takes turns until one does nothing, at most {@code turnsMax}; returns what was done in all. */
    public int runUntilIdle(int turnsMax) throws Exception {
        int total = 0;
        for (int i = 0; i < turnsMax; i++) {
            int done = worker.doWork();
            if (done == 0) {
                return total;
            }
            total += done;
        }
        throw new AssertionError("still busy after " + turnsMax + " turns");
    }

    @Override
    public void close() {
        worker.onClose();
    }
}
