package io.tidegate.buffer;

import io.tidegate.core.stream.AppendResult;
import io.tidegate.core.stream.ConsumerName;
import io.tidegate.core.stream.Gap;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.tinylog.Logger;

/**
 * Counts records that can no longer be read, once, by a commit, and tells of them in {@code _gaps}. What no commit takes,
 * as on a full disk, is tried again when the keeper asks.
 *
 * <p>Thread-safe.
 */
final class DamageLedger implements LogReading.DamageReports {
    private static final int WEIGHT_BYTES = 512;
    private static final int UNCOUNTED_MAX = 1_000;

    private record Loss(ShardState shard, Hole hole, long lastLsn, boolean isCertain) {}

    private final LogState state;
    private final CommitQueue queue;
    /** What no commit would take. */
    private final List<Loss> uncounted = new ArrayList<>();

    DamageLedger(LogState state, CommitQueue queue) {
        this.state = state;
        this.queue = queue;
    }

    @Override
    public void lost(ShardState shard, Hole hole, long lastLsn) {
        report(new Loss(shard, hole, lastLsn, true));
    }

    @Override
    public void unreadable(ShardState shard, Hole hole, long lastLsn) {
        report(new Loss(shard, hole, lastLsn, false));
    }

    private void report(Loss loss) {
        ShardState shard = loss.shard();
        Hole hole = loss.hole();
        List<Hole> unknown = unknown(shard, hole, state.holes(shard));
        for (Hole part : unknown) {
            Logger.error("Records {} to {} of {} are damaged", part.fromInclusive(), part.toExclusive(), shard);
        }
        if (!unknown.isEmpty()) {
            count(loss);
        }
    }

    private void count(Loss loss) {
        CompletableFuture<AppendResult> counted = new CompletableFuture<>();
        queue.offerAlways(new Submission.Unit(WEIGHT_BYTES, draft -> add(draft, loss), counted));
        CompletableFuture<Void> unused = counted.thenAccept(result -> {
            if (loss.isCertain() && !(result instanceof AppendResult.Committed)) {
                keep(loss);
            }
        });
    }

    private AppendResult add(CommitDraft draft, Loss loss) {
        ShardState shard = loss.shard();
        for (Hole part : unknown(shard, loss.hole(), draft.holes(shard))) {
            draft.add(new ControlEntry.HoleMade(shard.ordinal(), part));
            GapRecords.add(draft, gap(shard, part), consumers(state, shard, part, loss.lastLsn()));
        }
        return new AppendResult.Committed(draft.header().lsn(), List.of());
    }

    private synchronized void keep(Loss loss) {
        if (uncounted.size() < UNCOUNTED_MAX) {
            uncounted.add(loss);
        } else {
            Logger.warn("Damage is counted only when somebody reads there again: {}", loss.hole());
        }
    }

    @Override
    public void countAgain() {
        List<Loss> again;
        synchronized (this) {
            again = List.copyOf(uncounted);
            uncounted.clear();
        }
        again.forEach(this::count);
    }

    /** What of it is neither below the horizon nor counted yet. */
    private List<Hole> unknown(ShardState shard, Hole hole, NumberRanges known) {
        long from = Math.max(hole.fromInclusive(), state.counters(shard).horizon());
        return known.missing(from, Math.max(from, hole.toExclusive())).stream()
                .map(range -> new Hole(
                        range.fromInclusive(),
                        range.toExclusive(),
                        range.size(),
                        hole.exact(),
                        hole.reason(),
                        hole.timeMillis()))
                .toList();
    }

    private static Gap gap(ShardState shard, Hole hole) {
        return hole.gap(shard.id(), hole.fromInclusive());
    }

    private static List<ConsumerName> consumers(LogState state, ShardState shard, Hole hole, long lastLsn) {
        return state.consumersBehind(shard, hole.toExclusive(), lastLsn);
    }

    /**
     * Holes that were found when the log was opened, and are state already, as records of {@code _gaps}: in the commit that
     * tells readers of them, so that neither is there without the other.
     */
    static void record(CommitDraft draft, LogState state, List<ControlEntry> told) {
        for (ControlEntry entry : told) {
            if (entry instanceof ControlEntry.HoleTold hole) {
                state.shardState(hole.ordinal())
                        .ifPresent(shard -> GapRecords.add(
                                draft, gap(shard, hole.hole()), consumers(state, shard, hole.hole(), Long.MAX_VALUE)));
            }
        }
    }

    /** Has the first commit made at once: it carries the epoch, and tells of what was found when the log was opened. */
    static void announce(CommitQueue queue) {
        queue.offerAlways(new Submission.Unit(
                WEIGHT_BYTES,
                draft -> new AppendResult.Committed(draft.header().lsn(), List.of()),
                new CompletableFuture<>()));
    }
}
