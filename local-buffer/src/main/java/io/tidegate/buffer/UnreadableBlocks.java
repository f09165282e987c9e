package io.tidegate.buffer;

import io.tidegate.core.runtime.EffectiveClock;
import java.util.LinkedHashSet;
import java.util.Set;

/**
 * Blocks that the medium does not give back. That may pass, as when a card is reseated, or never: a block is given up
 * when a second try has failed, too, and only once a commit has counted its records. So the disk has taken a commit after
 * it refused to read, and a disk that is gone altogether makes nobody pass over records.
 *
 * <p>Thread-safe.
 */
final class UnreadableBlocks {
    private static final int TRIED_MAX = 1_000;

    private final LogState state;
    private final EffectiveClock clock;
    private final LogReading.DamageReports reports;
    /** By LSN; the oldest is forgotten first, and then tried once more. */
    private final Set<Long> tried = new LinkedHashSet<>();

    UnreadableBlocks(LogState state, EffectiveClock clock, LogReading.DamageReports reports) {
        this.state = state;
        this.clock = clock;
        this.reports = reports;
    }

    /** A try to read this has failed. True: readers are to be told of a gap; false: it must be tried again. */
    boolean isGivenUp(SegmentIndex.Entry entry) {
        if (entry.runs().stream().allMatch(this::isCounted)) {
            return true;
        }
        if (isFirstTry(entry.lsn())) {
            return false;
        }
        for (Run run : entry.runs()) {
            Hole hole = Hole.corrupt(run, clock.now().millis());
            state.shardState(run.ordinal()).ifPresent(shard -> reports.unreadable(shard, hole, entry.lsn()));
        }
        return false;
    }

    private boolean isCounted(Run run) {
        return state.shardState(run.ordinal())
                .map(shard -> {
                    long from = Math.max(
                            run.firstSequenceNumber(), state.counters(shard).horizon());
                    return state.holes(shard)
                            .missing(from, Math.max(from, run.nextSequenceNumber()))
                            .isEmpty();
                })
                .orElse(true);
    }

    private synchronized boolean isFirstTry(long lsn) {
        if (!tried.add(lsn)) {
            return false;
        }
        if (tried.size() > TRIED_MAX) {
            tried.remove(tried.iterator().next());
        }
        return true;
    }
}
