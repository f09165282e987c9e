package io.tidegate.gateway.http;

import java.util.concurrent.atomic.AtomicLong;

/** The memory that all request bodies share. Thread-safe. */
final class BodyBudget {
    private final long bytesMax;
    private final AtomicLong used = new AtomicLong();

    BodyBudget(long bytesMax) {
        this.bytesMax = bytesMax;
    }

    /** False: no room now, nothing was taken. */
    boolean take(long bytes) {
        while (true) {
            long before = used.get();
            if (before + bytes > bytesMax) {
                return false;
            }
            if (used.compareAndSet(before, before + bytes)) {
                return true;
            }
        }
    }

    void giveBack(long bytes) {
        used.addAndGet(-bytes);
    }

    long used() {
        return used.get();
    }
}
