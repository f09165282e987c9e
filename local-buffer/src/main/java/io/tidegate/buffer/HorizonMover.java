package io.tidegate.buffer;

import io.tidegate.core.stream.AppendResult;
import io.tidegate.core.stream.Gap;
import io.tidegate.core.stream.GapReason;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.tinylog.Logger;

/**
 * Has horizons committed, all of one look in one commit, with the gaps that they make; step 2 of "Retain" in
 * docs/design/0010-retention.md. The log's writer decides: what has changed since the look stays as it is.
 *
 * <p>Confined to the log's keeper, but for the decision.
 */
final class HorizonMover {
    private static final int WEIGHT_BYTES = 512;
    private static final int ANSWER_SECONDS = 30;

    private final LogState state;
    private final CommitQueue queue;
    private CompletableFuture<AppendResult> last =
            CompletableFuture.completedFuture(new AppendResult.Committed(0, List.of()));

    HorizonMover(LogState state, CommitQueue queue) {
        this.state = state;
        this.queue = queue;
    }

    /** False: nobody knows yet what became of the last moves, so that nothing can be worked out from the horizons. */
    boolean isIdle() {
        return last.isDone();
    }

    /** True: they are decided, and those that still apply are durable. */
    boolean move(List<HorizonMove> moves) throws InterruptedException {
        if (moves.isEmpty()) {
            return true;
        }
        CompletableFuture<AppendResult> future = new CompletableFuture<>();
        // Alone: a place that goes back before it is then in the state, not only in the draft.
        Submission.Unit unit =
                new Submission.Unit(WEIGHT_BYTES * moves.size(), draft -> decide(moves, draft), future, true);
        if (!queue.offerAlways(unit)) {
            return false;
        }
        last = future;
        try {
            boolean done = future.get(ANSWER_SECONDS, TimeUnit.SECONDS) instanceof AppendResult.Committed;
            if (!done) {
                Logger.debug("Horizons are moved later");
            }
            return done;
        } catch (TimeoutException e) {
            Logger.warn("The log's writer has not answered for {} s; horizons stay where they are", ANSWER_SECONDS);
            return false;
        } catch (ExecutionException e) {
            throw new IllegalStateException("horizons could not be moved", e);
        }
    }

    private AppendResult decide(List<HorizonMove> moves, CommitDraft draft) {
        Map<Integer, Long> horizons = new HashMap<>();
        for (HorizonMove move : moves) {
            ControlEntry.HorizonMoved moved = move.moved();
            Optional<ShardState> shard = state.shardState(moved.ordinal());
            if (shard.isEmpty()) {
                continue;
            }
            long horizon = horizons.getOrDefault(
                    moved.ordinal(), state.counters(shard.get()).horizon());
            if (horizon == move.from() && !isHeld(shard.get(), moved)) {
                draft.add(moved);
                tell(shard.get(), move, draft);
                horizons.put(moved.ordinal(), moved.horizon());
            }
        }
        return new AppendResult.Committed(draft.header().lsn(), List.of());
    }

    /** A required consumer may have gone back, or have been registered, since the look. */
    private boolean isHeld(ShardState shard, ControlEntry.HorizonMoved moved) {
        return moved.reason() == GapReason.EXPIRED
                && !state.holds(shard).stream().allMatch(hold -> hold.confirms(moved.lastLsnBelow(), moved.horizon()));
    }

    /** What expires after every consumer has confirmed it is counted and not told. */
    private void tell(ShardState shard, HorizonMove move, CommitDraft draft) {
        ControlEntry.HorizonMoved moved = move.moved();
        long records = state.recordsBetween(shard, move.from(), moved.horizon());
        var behind = state.consumersBehind(shard, moved.horizon(), moved.lastLsnBelow());
        if (records > 0 && (moved.reason() == GapReason.EVICTED || !behind.isEmpty())) {
            Gap gap = new Gap(
                    shard.id(), move.from(), moved.horizon(), records, true, moved.reason(), moved.timeMillis());
            GapRecords.add(draft, gap, behind);
        }
    }
}
