package io.tidegate.buffer;

import io.tidegate.core.stream.ShardId;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

/** Readers that want to hear of the next commit that concerns them. Guarded by its own lock; callbacks run outside it. */
final class ReadWaiters {
    private record Waiter(Predicate<ShardId> interest, Runnable callback) {}

    private final Map<Object, Waiter> waiters = new HashMap<>();

    /** Replaces what the same reader waited for before. */
    synchronized void await(Object reader, Predicate<ShardId> interest, Runnable callback) {
        waiters.put(reader, new Waiter(interest, callback));
    }

    /** False: it did not wait, or has been called back. */
    synchronized boolean forget(Object reader) {
        return waiters.remove(reader) != null;
    }

    /** Calls back those that wait for one of these shards, once. */
    void committed(Set<ShardId> shards) {
        List<Runnable> due = new ArrayList<>();
        synchronized (this) {
            waiters.values().removeIf(waiter -> {
                boolean isDue = shards.stream().anyMatch(waiter.interest());
                if (isDue) {
                    due.add(waiter.callback());
                }
                return isDue;
            });
        }
        due.forEach(Runnable::run);
    }
}
