package io.tidegate.adapters;

import io.tidegate.core.runtime.Clock;
import java.util.concurrent.TimeUnit;

/**
 * What a broker has sent and the log has not answered, in messages and bytes, and the place where a message waits for
 * room.
 *
 * <p>Guarded by its own lock.
 */
final class BrokerWindow {
    private final long bytesMax;
    private final Clock clock;
    private long bytes;
    private int messages;
    private long turn;

    BrokerWindow(long bytesMax, Clock clock) {
        this.bytesMax = bytesMax;
        this.clock = clock;
    }

    /** Counts a message, before anything is done with it. */
    synchronized void enter() {
        messages++;
    }

    /** The message is answered, or given up. */
    synchronized void leave() {
        messages--;
        notifyAll();
    }

    synchronized void reserve(int more) {
        bytes += more;
    }

    synchronized void free(int fewer) {
        bytes -= fewer;
        notifyAll();
    }

    /** Messages that entered and did not leave. */
    synchronized int underWay() {
        return messages;
    }

    /** To be read before an attempt, and given to {@link #awaitWritable} after it. */
    synchronized long writableTurn() {
        return turn;
    }

    /** Whoever waits tries again. */
    synchronized void writable() {
        turn++;
        notifyAll();
    }

    /** False: no room until the deadline. One message always fits. */
    synchronized boolean awaitRoom(int more, long deadlineNanos) throws InterruptedException {
        while (bytes > 0 && bytes + more > bytesMax) {
            if (!waitUntil(deadlineNanos)) {
                return false;
            }
        }
        return true;
    }

    /** False: it did not become writable after that turn until the deadline. */
    synchronized boolean awaitWritable(long afterTurn, long deadlineNanos) throws InterruptedException {
        while (turn == afterTurn) {
            if (!waitUntil(deadlineNanos)) {
                return false;
            }
        }
        return true;
    }

    /** False: some were still under way at the deadline. */
    synchronized boolean awaitEmpty(long deadlineNanos) throws InterruptedException {
        while (messages > 0) {
            if (!waitUntil(deadlineNanos)) {
                return false;
            }
        }
        return true;
    }

    private boolean waitUntil(long deadlineNanos) throws InterruptedException {
        long nanos = deadlineNanos - clock.monotonicNanos();
        if (nanos <= 0) {
            return false;
        }
        TimeUnit.NANOSECONDS.timedWait(this, Math.max(nanos, 1_000_000));
        return true;
    }
}
