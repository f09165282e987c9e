package io.tidegate.buffer;

import io.tidegate.core.stream.StreamLogException;
import java.util.Collection;
import java.util.Comparator;
import java.util.Optional;
import java.util.PriorityQueue;
import org.tinylog.Logger;

/**
 * Takes the oldest commits of several shards, each from its horizon on: what lies below in files that are still there is
 * not looked at.
 *
 * <p>Confined to the log's keeper.
 */
final class Eviction {
    private final LogReading log;

    private record Next(long lsn, int segment, Run run, ShardMove move) {}

    Eviction(LogReading log) {
        this.log = log;
    }

    /**
     * Moves horizons until about so many bytes of data and keys are below them; the newest block of a shard stays, so
     * that whoever was just answered finds the record.
     */
    void take(Collection<ShardMove> moves, long bytesMin) {
        take(moves, bytesMin, Long.MAX_VALUE, false);
    }

    /** The same to the end of a segment, so that it is rewritten once and not bit by bit. */
    void takeSegments(Collection<ShardMove> moves, long bytesMin, long lsnEnd) {
        take(moves, bytesMin, lsnEnd, true);
    }

    private void take(Collection<ShardMove> moves, long bytesMin, long lsnEnd, boolean toItsEnd) {
        PriorityQueue<Next> oldest = new PriorityQueue<>(Comparator.comparingLong(Next::lsn));
        moves.forEach(move -> next(move).ifPresent(oldest::add));
        long taken = 0;
        int segment = 0;
        for (int i = 0; i < Retention.BLOCKS_PER_LOOK; i++) {
            Next next = oldest.poll();
            if (next == null || next.lsn() >= lsnEnd) {
                return;
            }
            if (taken >= bytesMin && !(toItsEnd && next.segment() == segment)) {
                return;
            }
            segment = next.segment();
            next.move().take(next.lsn(), next.run());
            taken += next.run().bytes();
            next(next.move()).ifPresent(oldest::add);
        }
    }

    /** Of a shard whose next records cannot be read now nothing more goes; the others go on. */
    private Optional<Next> next(ShardMove move) {
        try {
            return found(move);
        } catch (StreamLogException e) {
            Logger.debug("Nothing more of {} is given up: {}", move.shard, e.getMessage());
            return Optional.empty();
        }
    }

    private Optional<Next> found(ShardMove move) {
        return log.store()
                .nextOf(move.shard.ordinal(), move.horizon, move.lastLsn)
                .map(found -> new Next(
                        found.entry().lsn(),
                        found.segment(),
                        LogReading.runOf(found.entry(), move.shard.ordinal(), move.horizon)
                                .orElseThrow(),
                        move))
                .filter(next -> next.run().nextSequenceNumber()
                        < log.state().counters(move.shard).next());
    }
}
