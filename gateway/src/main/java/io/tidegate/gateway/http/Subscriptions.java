package io.tidegate.gateway.http;

import io.tidegate.core.runtime.Clock;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StartingPosition;
import io.tidegate.core.stream.StreamLog;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What is being pushed to dedicated consumers now: one shard each, at a pace that is the consumer's own; steps 4 to 6 of
 * "Dedicated consumers" in docs/design/0006-quotas-consumers-received.md.
 *
 * <p>Thread-safe.
 */
final class Subscriptions {
    private record Key(Consumers.Consumer consumer, ShardId shard) {}

    private final StreamLog log;
    private final Clock clock;
    private final Consumers consumers;
    private final Tails tails;
    /** Both guarded by this. A pace outlives its subscription, so that coming back earns nothing. */
    private final Map<Consumers.Consumer, ReadQuotas> paces = new HashMap<>();

    private final Map<Key, Tail> running = new HashMap<>();

    Subscriptions(StreamLog log, Clock clock, Consumers consumers, Tails tails) {
        this.consumers = consumers;
        this.log = log;
        this.clock = clock;
        this.tails = tails;
    }

    /** Begins to push; whoever was served before under the same name, from the same shard, is told that it is over. */
    void start(Exchange exchange, Consumers.Consumer consumer, ShardId shard, StartingPosition from) {
        Key key = new Key(consumer, shard);
        Tail[] started = new Tail[1];
        TailSource source = new TailSource.Paced(
                new TailSource.OneShard(log, log.cursor(shard, from)),
                pace(consumer),
                consumer.stream(),
                shard,
                tails.scheduler(),
                () -> ended(key, started));
        Tail tail = tails.prepare(exchange, source);
        Tail before;
        synchronized (this) {
            started[0] = tail;
            before = running.put(key, tail);
        }
        if (before != null) {
            before.end("another subscription of this consumer has taken over");
        }
        tails.start(tail);
    }

    private synchronized ReadQuotas pace(Consumers.Consumer consumer) {
        if (!paces.containsKey(consumer)) {
            // Those of streams that are gone.
            paces.keySet().removeIf(known -> !consumers.isRegistered(known));
        }
        return paces.computeIfAbsent(consumer, one -> new ReadQuotas(log, clock));
    }

    private synchronized void ended(Key key, Tail[] which) {
        if (running.get(key) == which[0]) {
            running.remove(key);
        }
    }

    synchronized boolean isRunning(Consumers.Consumer consumer, ShardId shard) {
        return running.containsKey(new Key(consumer, shard));
    }

    /** How often it had to wait for its quota. */
    synchronized long throttled(Consumers.Consumer consumer, ShardId shard) {
        @Nullable ReadQuotas pace = paces.get(consumer);
        return pace == null ? 0 : pace.throttled(shard);
    }

    /** It is no longer registered. */
    void end(Consumers.Consumer consumer) {
        Map<Key, Tail> over = new HashMap<>();
        synchronized (this) {
            paces.remove(consumer);
            running.forEach((key, tail) -> {
                if (key.consumer().equals(consumer)) {
                    over.put(key, tail);
                }
            });
        }
        over.values().forEach(tail -> tail.end("the consumer is no longer registered"));
    }
}
