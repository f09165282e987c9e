package io.tidegate.buffer;

import io.tidegate.core.stream.AppendResult;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongSupplier;

/**
 * Lets closed shards disappear of which nothing can be read any more: a retention after they were closed, when all their
 * records are below the horizon, every consumer with a place in them has heard what it missed, every required one has
 * come past them, and their parents have gone. A consumer that is not required and does not come for one more retention
 * is waited for no longer: what it missed was told in {@code _gaps}, with its name, when it expired.
 *
 * <p>Confined to the thread that asks.
 */
final class ClosedShards {
    private static final int WEIGHT_BYTES = 64;
    /** So many after the closing, only a required consumer is waited for. */
    private static final int RETENTIONS_MAX = 2;

    private final LogState state;
    private final CommitQueue queue;
    private final LongSupplier poweredOnNanos;
    private CompletableFuture<AppendResult> last =
            CompletableFuture.completedFuture(new AppendResult.Committed(0, List.of()));

    /** A shard, and the stream that it is one of. */
    private record Candidate(StreamState stream, ShardState shard) {}

    ClosedShards(LogState state, CommitQueue queue, LongSupplier poweredOnNanos) {
        this.state = state;
        this.queue = queue;
        this.poweredOnNanos = poweredOnNanos;
    }

    /** Asks the writer for all at once, unless it has not answered yet; what is not done now is found again later. */
    void expire() {
        if (!last.isDone()) {
            return;
        }
        List<Candidate> due = new ArrayList<>();
        for (StreamState stream : state.allStreams()) {
            for (ShardState shard : stream.shards()) {
                if (isDue(stream, shard)) {
                    due.add(new Candidate(stream, shard));
                }
            }
        }
        if (due.isEmpty()) {
            return;
        }
        CompletableFuture<AppendResult> future = new CompletableFuture<>();
        if (queue.offerAlways(
                new Submission.Unit(WEIGHT_BYTES * due.size(), draft -> expire(due, draft), future, true))) {
            last = future;
        }
    }

    private AppendResult expire(List<Candidate> due, CommitDraft draft) {
        for (Candidate one : due) {
            boolean isThere = state.shardState(one.shard().ordinal()).isPresent();
            if (isThere && isDue(one.stream(), one.shard())) {
                draft.add(new ControlEntry.ShardExpired(one.shard().ordinal()));
            }
        }
        return new AppendResult.Committed(draft.header().lsn(), List.of());
    }

    private boolean isDue(StreamState stream, ShardState shard) {
        ShardCounters counters = state.counters(shard);
        // Set before the counters said so, and never changed.
        Optional<ControlEntry.ShardClosed> closed = shard.closed();
        if (!counters.closed() || closed.isEmpty()) {
            return false;
        }
        long retentionNanos = state.describe(stream).settings().retention().toNanos();
        long closedNanos = poweredOnNanos.getAsLong() - closed.get().poweredOnNanos();
        return closedNanos >= retentionNanos
                // A hole at its end stays above the horizon for ever.
                && state.recordsBetween(shard, counters.horizon(), counters.next()) == 0
                // Through it the children know whom they follow: without it, one would overtake its grandparent.
                && shard.parents().stream()
                        .noneMatch(parent -> stream.shard(parent).isPresent())
                && (closedNanos >= RETENTIONS_MAX * retentionNanos
                        || state.consumersBehind(shard, counters.next(), counters.horizonLsn())
                                .isEmpty())
                && state.holds(shard).stream().allMatch(hold -> hold.confirms(counters.horizonLsn(), counters.next()));
    }
}
