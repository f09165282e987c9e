package io.tidegate.gateway;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.tinylog.Logger;

/**
 * SIGTERM and SIGINT as something to wait for: the thread that waits then closes what it started and calls
 * {@link #finished}, and the process ends with that exit code; at the latest after the deadline.
 *
 * <p>Thread-safe.
 */
public final class StopSignal {
    private final CountDownLatch asked = new CountDownLatch(1);
    private final CountDownLatch finished = new CountDownLatch(1);
    private final Duration deadline;
    private final Thread hook;
    private @Nullable CompletableFuture<Void> endOfOther;
    private volatile boolean shuttingDown;
    private volatile int exitCode = ExitCode.FAILED;

    private StopSignal(Duration deadline) {
        this.deadline = deadline;
        this.hook = Executors.defaultThreadFactory().newThread(this::awaitFinished);
        hook.setName("shutdown");
    }

    /** Starts to listen for signals. */
    public static StopSignal install(Duration deadline) {
        StopSignal signal = new StopSignal(deadline);
        Runtime.getRuntime().addShutdownHook(signal.hook);
        return signal;
    }

    /** As if a signal had come. */
    void request() {
        asked.countDown();
    }

    /** As if a signal came when that process ends. For one process, by the thread that installed this. */
    void requestAtEndOf(ProcessHandle other) {
        endOfOther = other.onExit().thenRun(this::request);
    }

    /** Waits for the signal. */
    public void await() throws InterruptedException {
        asked.await();
    }

    /** Waits so long at most; true if the signal came. */
    public boolean await(Duration timeout) throws InterruptedException {
        return asked.await(timeout.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** Everything is closed; to be called once, whether a signal came or not. */
    public void finished(int code) {
        exitCode = code;
        CompletableFuture<Void> waiting = endOfOther;
        if (waiting != null) {
            waiting.cancel(false);
        }
        finished.countDown();
        if (!shuttingDown) {
            Runtime.getRuntime().removeShutdownHook(hook);
        }
    }

    /** Runs while the JVM shuts down. */
    private void awaitFinished() {
        shuttingDown = true;
        asked.countDown();
        try {
            if (!finished.await(deadline.toMillis(), TimeUnit.MILLISECONDS)) {
                Logger.error(
                        "Not everything stopped within {} s; what was acknowledged is durable", deadline.toSeconds());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        Runtime.getRuntime().halt(exitCode);
    }
}
