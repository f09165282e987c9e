package io.tidegate.core.runtime;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

/**
 * A named thread that runs a {@link Worker} until it is closed: turn after turn while there is work, else until
 * {@link #wake} or the idle time is over. An exception of a turn is counted, reported and followed by a pause of one
 * second; it does not end the thread.
 *
 * <p>Thread-safe.
 */
public final class WorkerThread implements AutoCloseable {
    private static final Duration PAUSE_AFTER_ERROR = Duration.ofSeconds(1);
    private static final Duration CLOSE_DEADLINE = Duration.ofSeconds(5);

    private final Worker worker;
    private final long idleNanos;
    private final Consumer<Exception> onError;
    private final AtomicBoolean signalled = new AtomicBoolean();
    private final AtomicLong errors = new AtomicLong();
    private final Thread thread;
    private volatile boolean closing;

    private WorkerThread(String name, Worker worker, Duration idle, Consumer<Exception> onError) {
        this.worker = worker;
        this.idleNanos = idle.toNanos();
        this.onError = onError;
        this.thread = new Thread(this::run, name);
        this.thread.setDaemon(true);
    }

    /**
     * Starts the thread.
     *
     * @param idle how long to sleep at most when a turn did nothing
     */
    public static WorkerThread start(String name, Worker worker, Duration idle, Consumer<Exception> onError) {
        WorkerThread started = new WorkerThread(name, worker, idle, onError);
        started.thread.start();
        return started;
    }

    /** Starts the next turn soon, if the thread sleeps. Never blocks. */
    public void wake() {
        if (!signalled.getAndSet(true)) {
            LockSupport.unpark(thread);
        }
    }

    /** As {@link #wake}, but ends a wait that the worker does within its turn, too; once per turn is not enough then. */
    public void rouse() {
        signalled.set(true);
        LockSupport.unpark(thread);
    }

    /** How many turns threw. */
    public long errors() {
        return errors.get();
    }

    /** Ends after the current turn; waits at most 5 seconds, then interrupts and reports. */
    @Override
    public void close() {
        closing = true;
        wake();
        if (Thread.currentThread() == thread) {
            return;
        }
        try {
            thread.join(CLOSE_DEADLINE.toMillis());
            if (thread.isAlive()) {
                thread.interrupt();
                thread.join(CLOSE_DEADLINE.toMillis());
            }
        } catch (InterruptedException e) {
            thread.interrupt();
            Thread.currentThread().interrupt();
        }
        if (thread.isAlive()) {
            throw new IllegalStateException("thread " + thread.getName() + " did not end within its deadline");
        }
    }

    private void run() {
        try {
            while (!closing) {
                turn();
            }
        } finally {
            worker.onClose();
        }
    }

    private void turn() {
        try {
            signalled.set(false);
            if (worker.doWork() == 0) {
                sleep(idleNanos);
            }
        } catch (InterruptedException e) {
            closing = true;
        } catch (Exception e) {
            errors.incrementAndGet();
            onError.accept(e);
            sleep(PAUSE_AFTER_ERROR.toNanos());
        }
    }

    private void sleep(long nanos) {
        if (!signalled.get() && !closing) {
            LockSupport.parkNanos(this, nanos);
        }
    }
}
