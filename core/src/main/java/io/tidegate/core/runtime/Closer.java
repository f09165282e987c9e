package io.tidegate.core.runtime;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Closes what was started, in reverse order. Every part is closed even if others fail: the first failure is thrown,
 * later ones are attached to it.
 *
 * <p>Guarded by its own lock; closing twice does nothing.
 */
public final class Closer implements AutoCloseable {
    private final Deque<AutoCloseable> parts = new ArrayDeque<>();

    /** Registers a part that has just been started, and returns it. */
    public synchronized <T extends AutoCloseable> T add(T part) {
        parts.push(part);
        return part;
    }

    @Override
    public synchronized void close() throws Exception {
        Exception first = null;
        while (!parts.isEmpty()) {
            try {
                parts.pop().close();
            } catch (Exception e) {
                if (first == null) {
                    first = e;
                } else {
                    first.addSuppressed(e);
                }
            }
        }
        if (first != null) {
            throw first;
        }
    }
}
