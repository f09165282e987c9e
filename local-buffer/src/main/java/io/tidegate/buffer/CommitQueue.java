package io.tidegate.buffer;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * What waits for the log's writer, in order, bounded in bytes: what is taken weighs until it is answered.
 *
 * <p>Thread-safe.
 */
final class CommitQueue {
    private final long bytesMax;
    private final Deque<Submission> waiting = new ArrayDeque<>();
    private final Set<QueuedProducer> turnedAway = new LinkedHashSet<>();
    private long bytes;
    private boolean closed;
    private boolean held;
    /** The writer must not wait for more: there is much, or somebody was turned away since the last answers. */
    private boolean pressed;

    private volatile Runnable onArrival = () -> {};
    private volatile Runnable onPressed = () -> {};

    CommitQueue(long bytesMax) {
        this.bytesMax = bytesMax;
    }

    void onArrival(Runnable callback) {
        onArrival = callback;
    }

    /** Called when the writer is to end its waiting. */
    void onPressed(Runnable callback) {
        onPressed = callback;
    }

    /** False: over budget, and the producer will be told when there is room. */
    boolean offer(Submission submission, QueuedProducer producer) {
        boolean taken;
        boolean isPressing;
        synchronized (this) {
            taken = !closed && !held && fits(submission);
            if (taken) {
                add(submission);
            } else {
                turnedAway.add(producer);
            }
            isPressing = press(!taken);
        }
        call(taken, isPressing);
        return taken;
    }

    /** False: over budget, or closed. */
    boolean offer(Submission submission) {
        boolean taken;
        boolean isPressing;
        synchronized (this) {
            taken = !closed && fits(submission);
            if (taken) {
                add(submission);
            }
            isPressing = press(!taken);
        }
        call(taken, isPressing);
        return taken;
    }

    /** For the log's own few changes, which no budget may hold up. False: closed. */
    boolean offerAlways(Submission submission) {
        boolean isPressing;
        synchronized (this) {
            if (closed) {
                return false;
            }
            add(submission);
            isPressing = press(false);
        }
        call(true, isPressing);
        return true;
    }

    /** True: it is pressing, and was not before. */
    private boolean press(boolean isTurnedAway) {
        boolean before = pressed;
        pressed |= isTurnedAway || isMuch();
        return pressed && !before;
    }

    private boolean isMuch() {
        return bytes >= Math.min(CommitDraft.BLOCK_BYTES_MAX, bytesMax / 4 * 3);
    }

    private void call(boolean isArrival, boolean isPressing) {
        if (isArrival) {
            onArrival.run();
        }
        if (isPressing) {
            onPressed.run();
        }
    }

    private boolean fits(Submission submission) {
        // One alone always fits, however small the budget.
        return bytes == 0 || bytes + submission.weightBytes() <= bytesMax;
    }

    private void add(Submission submission) {
        waiting.add(submission);
        bytes += submission.weightBytes();
    }

    /** Moves what waits, up to about so many bytes, to a list that the writer owns. */
    synchronized void drainTo(Deque<Submission> taken, long upToBytes) {
        long moved = 0;
        while (!waiting.isEmpty() && moved < upToBytes) {
            Submission submission = waiting.remove();
            moved += submission.weightBytes();
            taken.add(submission);
        }
    }

    /** These bytes are answered. Returns the producers that may be told that there is room. */
    synchronized List<QueuedProducer> release(long released) {
        bytes -= released;
        pressed = isMuch();
        return bytes > bytesMax / 2 ? List.of() : writable();
    }

    /** Moves everything that waits to the writer's list, and turns producers away until {@link #letIn}. */
    synchronized void hold(Deque<Submission> taken) {
        held = true;
        taken.addAll(waiting);
        waiting.clear();
    }

    /** Returns the producers that may be told that there is room. */
    synchronized List<QueuedProducer> letIn() {
        held = false;
        return writable();
    }

    private List<QueuedProducer> writable() {
        if (held || turnedAway.isEmpty()) {
            return List.of();
        }
        List<QueuedProducer> writable = new ArrayList<>(turnedAway);
        turnedAway.clear();
        return writable;
    }

    synchronized long bytes() {
        return bytes;
    }

    /** Whether the writer must not wait for more. */
    synchronized boolean isPressing() {
        return pressed;
    }

    synchronized boolean isEmpty() {
        return waiting.isEmpty();
    }

    /** Takes nothing any more. */
    synchronized void close() {
        closed = true;
    }
}
