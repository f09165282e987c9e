package io.tidegate.adapters;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ScheduledExecutorService;
import org.eclipse.californium.core.network.Exchange;
import org.eclipse.californium.core.network.KeyMID;
import org.eclipse.californium.core.network.deduplication.Deduplicator;
import org.jspecify.annotations.Nullable;

/**
 * The requests of the last 247 s (EXCHANGE_LIFETIME, RFC 7252 section 4.8.2), by sender and message id, so that a
 * retransmission gets the first answer again and is not stored again. Bounded per sender and in all, which Californium's
 * own are not: the oldest are forgotten first.
 *
 * <p>Guarded by its own lock.
 */
final class RecentRequests implements Deduplicator {
    private static final long LIFETIME_NANOS = 247_000_000_000L;
    private static final int PER_SENDER_MAX = 16;

    private final int max;
    private final Map<KeyMID, Exchange> byAge = new LinkedHashMap<>();
    private final Map<Object, Deque<KeyMID>> bySender = new HashMap<>();

    RecentRequests(int max) {
        this.max = max;
    }

    @Override
    public synchronized @Nullable Exchange findPrevious(KeyMID key, Exchange exchange) {
        forgetOlderThan(exchange.getNanoTimestamp() - LIFETIME_NANOS);
        Exchange previous = byAge.get(key);
        if (previous == null) {
            add(key, exchange);
        }
        return previous;
    }

    @Override
    public synchronized boolean replacePrevious(KeyMID key, Exchange previous, Exchange exchange) {
        Exchange present = byAge.get(key);
        if (present != null && present != previous) {
            return false;
        }
        if (present != null) {
            forget(key);
        }
        add(key, exchange);
        return true;
    }

    @Override
    public synchronized @Nullable Exchange find(KeyMID key) {
        return byAge.get(key);
    }

    @Override
    public synchronized boolean isEmpty() {
        return byAge.isEmpty();
    }

    @Override
    public synchronized int size() {
        return byAge.size();
    }

    @Override
    public synchronized void clear() {
        byAge.clear();
        bySender.clear();
    }

    @Override
    public void start() {}

    @Override
    public void stop() {}

    @Override
    public void setExecutor(ScheduledExecutorService executor) {}

    private void add(KeyMID key, Exchange exchange) {
        Deque<KeyMID> ofSender = bySender.computeIfAbsent(key.getPeer(), peer -> new ArrayDeque<>(4));
        if (ofSender.size() >= PER_SENDER_MAX) {
            byAge.remove(ofSender.removeFirst());
        }
        ofSender.addLast(key);
        byAge.put(key, exchange);
        if (byAge.size() > max) {
            forget(byAge.keySet().iterator().next());
        }
    }

    private void forgetOlderThan(long nanos) {
        while (!byAge.isEmpty()) {
            Iterator<Map.Entry<KeyMID, Exchange>> oldest = byAge.entrySet().iterator();
            Map.Entry<KeyMID, Exchange> entry = oldest.next();
            if (entry.getValue().getNanoTimestamp() - nanos >= 0) {
                return;
            }
            forget(entry.getKey());
        }
    }

    private void forget(KeyMID key) {
        byAge.remove(key);
        Deque<KeyMID> ofSender = Objects.requireNonNull(bySender.get(key.getPeer()));
        ofSender.remove(key);
        if (ofSender.isEmpty()) {
            bySender.remove(key.getPeer());
        }
    }
}
