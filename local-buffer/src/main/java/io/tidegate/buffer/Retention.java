package io.tidegate.buffer;

import io.tidegate.core.stream.GapReason;
import io.tidegate.core.stream.StreamSettings;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongSupplier;

/**
 * Finds which horizons are due: by age in powered-on time, which no jump of a clock moves, and by the bytes of a
 * stream, the oldest commits first. A horizon moves by whole blocks.
 *
 * <p>Confined to the thread that asks.
 */
final class Retention {
    /** A look ends here; the next one goes on. */
    private static final int BLOCKS_PER_LOOK = 10_000;

    private final LogReading log;
    private final LongSupplier poweredOnNanos;

    /**
     * @param poweredOnNanos how long the log has been open in its whole life
     */
    Retention(LogReading log, LongSupplier poweredOnNanos) {
        this.log = log;
        this.poweredOnNanos = poweredOnNanos;
    }

    /** One shard's horizon on its way. */
    private static final class Move {
        final ShardState shard;
        final long from;
        long horizon;
        long lastLsn;
        long bytes;

        Move(ShardState shard, long horizon) {
            this.shard = shard;
            this.from = horizon;
            this.horizon = horizon;
        }

        void take(long lsn, Run run) {
            horizon = run.nextSequenceNumber();
            lastLsn = lsn;
            bytes += run.bytes();
        }
    }

    /** The moves that are due now, at most two per shard. */
    List<ControlEntry.HorizonMoved> due() {
        List<ControlEntry.HorizonMoved> moves = new ArrayList<>();
        for (StreamState stream : log.state().allStreams()) {
            StreamSettings settings = log.state().describe(stream).settings();
            Map<Integer, Long> horizons = new HashMap<>();
            for (ShardState shard : stream.shards()) {
                Move aged = aged(shard, settings.retention().toNanos());
                horizons.put(shard.ordinal(), aged.horizon);
                finish(aged, GapReason.EXPIRED).ifPresent(moves::add);
            }
            moves.addAll(evicted(stream, settings.retainedBytesMax(), horizons, moves));
        }
        return moves;
    }

    private Move aged(ShardState shard, long retentionNanos) {
        long oldestNanos = poweredOnNanos.getAsLong() - retentionNanos;
        Move move = new Move(shard, log.state().counters(shard).horizon());
        if (oldestNanos < 0) {
            return move;
        }
        long lsn = 0;
        for (int i = 0; i < BLOCKS_PER_LOOK; i++) {
            Optional<SegmentStore.Found> found = log.store().nextOf(shard.ordinal(), move.horizon, lsn);
            if (found.isEmpty() || found.get().entry().poweredOnNanos() > oldestNanos) {
                return move;
            }
            lsn = found.get().entry().lsn();
            move.take(
                    lsn, LogReading.runOf(found.get().entry(), shard.ordinal()).orElseThrow());
        }
        return move;
    }

    private List<ControlEntry.HorizonMoved> evicted(
            StreamState stream, long bytesMax, Map<Integer, Long> horizons, List<ControlEntry.HorizonMoved> expiring) {
        long retained = log.state().retainedBytes(stream);
        for (ControlEntry.HorizonMoved moved : expiring) {
            // Those of the other streams are in the list, too.
            retained -= horizons.containsKey(moved.ordinal()) ? moved.bytes() : 0;
        }
        List<ControlEntry.HorizonMoved> moves = new ArrayList<>();
        if (retained <= bytesMax) {
            return moves;
        }
        Map<Integer, Move> byShard = new HashMap<>();
        BitSet ordinals = new BitSet();
        for (ShardState shard : stream.shards()) {
            byShard.put(shard.ordinal(), new Move(shard, horizons.getOrDefault(shard.ordinal(), shard.horizon())));
            ordinals.set(shard.ordinal());
        }
        long lsn = 0;
        for (int i = 0; i < BLOCKS_PER_LOOK && retained > bytesMax; i++) {
            Optional<SegmentStore.Found> found = log.store().nextWith(ordinals, lsn);
            if (found.isEmpty()) {
                break;
            }
            for (Run run : found.get().entry().runs()) {
                Move move = byShard.get(run.ordinal());
                // The newest block of a shard stays: whoever was just answered finds the record.
                boolean isNewest = move != null
                        && run.nextSequenceNumber()
                                >= log.state().counters(move.shard).next();
                if (move != null && !isNewest && run.nextSequenceNumber() > move.horizon) {
                    move.take(found.get().entry().lsn(), run);
                    retained -= run.bytes();
                }
            }
            lsn = found.get().entry().lsn() + 1;
        }
        byShard.values().forEach(move -> finish(move, GapReason.EVICTED).ifPresent(moves::add));
        return moves;
    }

    private Optional<ControlEntry.HorizonMoved> finish(Move move, GapReason reason) {
        if (move.horizon == move.from) {
            return Optional.empty();
        }
        return Optional.of(new ControlEntry.HorizonMoved(
                move.shard.ordinal(),
                move.horizon,
                move.lastLsn,
                reason,
                move.bytes,
                log.clock().now().millis()));
    }
}
