package io.tidegate.buffer;

import io.tidegate.core.stream.AppendResult;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongSupplier;

/**
 * Lets closed shards disappear of which nothing can be read any more: a retention after they were closed, when all their
 * records are below the horizon and every consumer with a place in them has heard what it missed.
 *
 * <p>Confined to the thread that asks.
 */
final class ClosedShards {
    private static final int WEIGHT_BYTES = 256;

    private final LogState state;
    private final CommitQueue queue;
    private final LongSupplier poweredOnNanos;

    ClosedShards(LogState state, CommitQueue queue, LongSupplier poweredOnNanos) {
        this.state = state;
        this.queue = queue;
        this.poweredOnNanos = poweredOnNanos;
    }

    /** Asks the writer for it; what is not done now is found again at the next look. */
    void expire() {
        for (StreamState stream : state.allStreams()) {
            for (ShardState shard : stream.shards()) {
                if (isDue(stream, shard)) {
                    queue.offerAlways(new Submission.Unit(
                            WEIGHT_BYTES, draft -> expire(stream, shard, draft), new CompletableFuture<>(), true));
                }
            }
        }
    }

    private AppendResult expire(StreamState stream, ShardState shard, CommitDraft draft) {
        boolean isThere = state.shardState(shard.ordinal()).isPresent();
        if (isThere && isDue(stream, shard)) {
            draft.add(new ControlEntry.ShardExpired(shard.ordinal()));
        }
        return new AppendResult.Committed(draft.header().lsn(), List.of());
    }

    private boolean isDue(StreamState stream, ShardState shard) {
        ShardCounters counters = state.counters(shard);
        // Set before the counters said so, and never changed.
        Optional<ControlEntry.ShardClosed> closed = shard.closed();
        return counters.closed()
                && closed.isPresent()
                && counters.horizon() >= counters.next()
                && poweredOnNanos.getAsLong() - closed.get().poweredOnNanos()
                        >= state.describe(stream).settings().retention().toNanos()
                && state.consumersBehind(shard, counters.next(), -1).isEmpty();
    }
}
