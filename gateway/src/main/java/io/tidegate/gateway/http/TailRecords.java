package io.tidegate.gateway.http;

import io.tidegate.core.stream.LogPosition;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StreamDescription;
import io.tidegate.core.stream.StreamLog;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * {@code GET /api/v1/streams/{stream}/tail}: records as server-sent events (WHATWG HTML, 9.2), as they are committed.
 * Without a shard, all shards in commit order. Each event's id is the {@code from} with which to go on, so that a
 * client that comes back with {@code Last-Event-ID} misses nothing. Thread-safe.
 */
final class TailRecords {
    private final StreamLog log;
    private final Tails tails;
    private final ReadQuotas quotas;

    TailRecords(StreamLog log, Tails tails, ReadQuotas quotas) {
        this.log = log;
        this.tails = tails;
        this.quotas = quotas;
    }

    void handle(Exchange exchange, PathParameters parameters) {
        StreamDescription stream = Names.stream(log, parameters.get("stream"));
        String resumed = exchange.request().getHeaders().get("Last-Event-ID");
        String asked = exchange.query("from");
        String from = resumed != null && !resumed.isEmpty() ? resumed : asked == null ? "latest" : asked;
        if (exchange.request().getMethod().equals("HEAD")) {
            exchange.send(200, Tail.CONTENT_TYPE, Payload.EMPTY);
            return;
        }
        if (tails.isFull()) {
            exchange.busy(503, "too-many-tails", "no more clients can tail now", 5);
            return;
        }
        String shard = exchange.query("shard");
        TailSource source = source(stream, shard, from);
        if (source instanceof TailSource.Paced paced && isOver(stream, paced)) {
            source.close();
            // An EventSource comes back after every end but this one (WHATWG HTML, 9.2.3).
            exchange.send(204, Tail.CONTENT_TYPE, Payload.EMPTY);
            return;
        }
        tails.start(tails.prepare(exchange, source));
    }

    /** Whether the shard is closed, and nothing of it is left for this reader. */
    private static boolean isOver(StreamDescription stream, TailSource.Paced paced) {
        return paced.source() instanceof TailSource.OneShard tail
                && stream.shards().stream()
                        .anyMatch(one -> one.id().equals(paced.shard())
                                && !one.open()
                                && tail.cursor().nextSequenceNumber() >= one.nextSequenceNumber());
    }

    private TailSource source(StreamDescription stream, @Nullable String shard, String text) {
        From from = From.parse(text);
        boolean isOneShard = shard != null || from instanceof From.InShard;
        if (isOneShard) {
            ShardId one = Names.shard(stream, shard);
            return paced(stream, one, new TailSource.OneShard(log, log.cursor(one, From.inShard(text))));
        }
        return paced(
                stream, null, new TailSource.CommitOrder(log, log.cursor(Set.of(stream.name()), position(from, text))));
    }

    private TailSource paced(StreamDescription stream, @Nullable ShardId shard, TailSource source) {
        return new TailSource.Paced(source, quotas, stream.name(), shard, tails.scheduler(), () -> {});
    }

    private static LogPosition position(From from, String text) {
        if (from instanceof From.InCommitOrder order) {
            return order.position();
        } else if (from instanceof From.TrimHorizon) {
            return LogPosition.TRIM_HORIZON;
        } else if (from instanceof From.Latest) {
            return LogPosition.LATEST;
        }
        throw From.unknown(text);
    }
}
