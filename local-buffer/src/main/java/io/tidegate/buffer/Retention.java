package io.tidegate.buffer;

import io.tidegate.core.stream.FullPolicy;
import io.tidegate.core.stream.GapReason;
import io.tidegate.core.stream.HeldRecords;
import io.tidegate.core.stream.StreamSettings;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongSupplier;

/**
 * Finds which horizons are due: by age in powered-on time, which no jump of a clock moves, once every required consumer
 * has confirmed; and by the bytes of a stream, the oldest commits first, whoever has confirmed them. A horizon moves by
 * whole blocks.
 *
 * <p>Confined to the thread that asks, but for {@link #held}.
 */
final class Retention {
    /** A look ends here; the next one goes on. */
    private static final int BLOCKS_PER_LOOK = 10_000;

    private final LogReading log;
    private final LongSupplier poweredOnNanos;
    private final Map<Integer, Aged> aged = new HashMap<>();
    private volatile List<HeldRecords> held = List.of();

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

    /** How far a shard's blocks are older than its stream keeps; only ever moves on while the time stays the same. */
    private static final class Aged {
        final long retentionNanos;
        long next;
        long lsn;

        Aged(long retentionNanos, long horizon) {
            this.retentionNanos = retentionNanos;
            this.next = horizon;
        }
    }

    /** The moves that are due now, at most two per shard, in the order in which they are to be done. */
    List<HorizonMove> due() {
        List<HorizonMove> moves = new ArrayList<>();
        List<HeldRecords> holding = new ArrayList<>();
        Set<Integer> known = new HashSet<>();
        for (StreamState stream : log.state().allStreams()) {
            StreamSettings settings = log.state().describe(stream).settings();
            Map<Integer, Move> byShard = new LinkedHashMap<>();
            Map<Integer, List<RequiredConsumers.Hold>> holds = new HashMap<>();
            for (ShardState shard : stream.shards()) {
                known.add(shard.ordinal());
                holds.put(shard.ordinal(), log.state().holds(shard));
                Aged old = aged(shard, settings.retention().toNanos());
                Move expiring = expired(shard, old, holds.get(shard.ordinal()));
                finish(expiring, GapReason.EXPIRED).ifPresent(moves::add);
                byShard.put(shard.ordinal(), expiring);
            }
            if (settings.onFull() == FullPolicy.DROP_OLDEST) {
                evict(stream, settings.retainedBytesMax(), byShard, moves);
            }
            byShard.values().forEach(move -> held(move, holds.getOrDefault(move.shard.ordinal(), List.of()))
                    .ifPresent(holding::add));
        }
        aged.keySet().retainAll(known);
        held = List.copyOf(holding);
        return moves;
    }

    /** What is held back, as the last look found it. Thread-safe. */
    List<HeldRecords> held() {
        return held;
    }

    private Aged aged(ShardState shard, long retentionNanos) {
        long horizon = log.state().counters(shard).horizon();
        Aged mark = aged.get(shard.ordinal());
        if (mark == null || mark.retentionNanos != retentionNanos) {
            mark = new Aged(retentionNanos, horizon);
            aged.put(shard.ordinal(), mark);
        }
        mark.next = Math.max(mark.next, horizon);
        long oldestNanos = poweredOnNanos.getAsLong() - retentionNanos;
        for (int i = 0; i < BLOCKS_PER_LOOK && oldestNanos >= 0; i++) {
            Optional<SegmentStore.Found> found = log.store().nextOf(shard.ordinal(), mark.next, mark.lsn);
            if (found.isEmpty() || found.get().entry().poweredOnNanos() > oldestNanos) {
                break;
            }
            mark.lsn = found.get().entry().lsn();
            mark.next = runOf(found.get(), shard).nextSequenceNumber();
        }
        return mark;
    }

    /** What is old and confirmed by all who must confirm it. */
    private Move expired(ShardState shard, Aged old, List<RequiredConsumers.Hold> holds) {
        Move move = new Move(shard, log.state().counters(shard).horizon());
        for (int i = 0; i < BLOCKS_PER_LOOK && move.horizon < old.next; i++) {
            Optional<SegmentStore.Found> found = log.store().nextOf(shard.ordinal(), move.horizon, move.lastLsn);
            if (found.isEmpty()) {
                break;
            }
            long lsn = found.get().entry().lsn();
            Run run = runOf(found.get(), shard);
            boolean isDone = holds.stream().allMatch(hold -> hold.confirms(lsn, run.nextSequenceNumber()));
            if (run.nextSequenceNumber() > old.next || !isDone) {
                break;
            }
            move.take(lsn, run);
        }
        return move;
    }

    /** What is old and stays, because somebody has not confirmed it. */
    private Optional<HeldRecords> held(Move move, List<RequiredConsumers.Hold> holds) {
        ShardState shard = move.shard;
        Aged old = aged.get(shard.ordinal());
        if (old == null || move.horizon >= old.next) {
            return Optional.empty();
        }
        List<RequiredConsumers.Hold> holding =
                holds.stream().filter(hold -> !hold.confirms(old.lsn, old.next)).toList();
        long from = holding.stream()
                .mapToLong(RequiredConsumers.Hold::confirmedNumbers)
                .min()
                .orElse(Long.MAX_VALUE);
        long records = log.state().recordsBetween(shard, Math.max(move.horizon, from), old.next);
        Optional<SegmentStore.Found> oldest =
                records == 0 ? Optional.empty() : log.store().nextOf(shard.ordinal(), Math.max(move.horizon, from), 0);
        return oldest.map(found -> new HeldRecords(
                shard.id(),
                records,
                found.entry().timeMillis(),
                (poweredOnNanos.getAsLong() - found.entry().poweredOnNanos()) / 1_000_000,
                holding.stream().map(RequiredConsumers.Hold::consumer).toList()));
    }

    private static Run runOf(SegmentStore.Found found, ShardState shard) {
        return LogReading.runOf(found.entry(), shard.ordinal()).orElseThrow();
    }

    private void evict(StreamState stream, long bytesMax, Map<Integer, Move> byShard, List<HorizonMove> moves) {
        long retained = log.state().retainedBytes(stream);
        BitSet ordinals = new BitSet();
        for (Move expiring : byShard.values()) {
            retained -= expiring.bytes;
            ordinals.set(expiring.shard.ordinal());
        }
        if (retained <= bytesMax) {
            return;
        }
        byShard.replaceAll((ordinal, expiring) -> new Move(expiring.shard, expiring.horizon));
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
    }

    private Optional<HorizonMove> finish(Move move, GapReason reason) {
        if (move.horizon == move.from) {
            return Optional.empty();
        }
        return Optional.of(new HorizonMove(
                move.from,
                new ControlEntry.HorizonMoved(
                        move.shard.ordinal(),
                        move.horizon,
                        move.lastLsn,
                        reason,
                        move.bytes,
                        log.clock().now().millis())));
    }
}
