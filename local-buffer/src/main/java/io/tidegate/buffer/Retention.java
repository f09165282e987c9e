package io.tidegate.buffer;

import io.tidegate.core.stream.FullPolicy;
import io.tidegate.core.stream.GapReason;
import io.tidegate.core.stream.HeldRecords;
import io.tidegate.core.stream.StreamLogException;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamPriority;
import io.tidegate.core.stream.StreamSettings;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongSupplier;
import org.tinylog.Logger;

/**
 * Finds which horizons are due: by age in powered-on time, which no jump of a clock moves, once every required consumer
 * has confirmed; and by the bytes of a stream, the oldest commits first, whoever has confirmed them. A horizon moves by
 * whole blocks.
 *
 * <p>Confined to the thread that asks, but for {@link #held}.
 */
final class Retention {
    /** A look ends here; the next one goes on. */
    static final int BLOCKS_PER_LOOK = 10_000;

    private final LogReading log;
    private final LongSupplier poweredOnNanos;
    private final Eviction eviction;
    private final Map<Integer, Aged> aged = new HashMap<>();
    /** Streams of which that has been said. */
    private final Set<StreamName> unreadable = new HashSet<>();

    private volatile List<HeldRecords> held = List.of();

    /**
     * @param poweredOnNanos how long the log has been open in its whole life
     */
    Retention(LogReading log, LongSupplier poweredOnNanos) {
        this.log = log;
        this.poweredOnNanos = poweredOnNanos;
        this.eviction = new Eviction(log);
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

    /**
     * The moves that are due now, at most two per shard, in the order in which they are to be done. Of a stream that
     * cannot be read now there are none.
     */
    List<HorizonMove> due() {
        List<HorizonMove> moves = new ArrayList<>();
        List<HeldRecords> holding = new ArrayList<>();
        Set<Integer> known = new HashSet<>();
        for (StreamState stream : log.state().allStreams()) {
            stream.shards().forEach(shard -> known.add(shard.ordinal()));
            try {
                due(stream, moves, holding);
                unreadable.remove(stream.name());
            } catch (StreamLogException e) {
                if (unreadable.add(stream.name())) {
                    Logger.warn("Retention of stream {} has to wait: {}", stream.name(), e.getMessage());
                }
            }
        }
        aged.keySet().retainAll(known);
        held = List.copyOf(holding);
        return moves;
    }

    private void due(StreamState stream, List<HorizonMove> moves, List<HeldRecords> holding) {
        StreamSettings settings = log.state().describe(stream).settings();
        Map<Integer, ShardMove> byShard = new LinkedHashMap<>();
        Map<Integer, List<RequiredConsumers.Hold>> holds = new HashMap<>();
        for (ShardState shard : stream.shards()) {
            holds.put(shard.ordinal(), log.state().holds(shard));
            Aged old = aged(shard, settings.retention().toNanos());
            ShardMove expiring = expired(shard, old, holds.get(shard.ordinal()));
            finish(expiring, GapReason.EXPIRED).ifPresent(moves::add);
            byShard.put(shard.ordinal(), expiring);
        }
        if (settings.onFull() == FullPolicy.DROP_OLDEST) {
            evict(stream, settings.retainedBytesMax(), byShard, moves);
        }
        byShard.values().forEach(move -> held(move, holds.getOrDefault(move.shard.ordinal(), List.of()))
                .ifPresent(holding::add));
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
            mark.next = runOf(found.get(), shard, mark.next).nextSequenceNumber();
        }
        return mark;
    }

    /** What is old and confirmed by all who must confirm it. */
    private ShardMove expired(ShardState shard, Aged old, List<RequiredConsumers.Hold> holds) {
        ShardMove move = new ShardMove(shard, log.state().counters(shard).horizon());
        for (int i = 0; i < BLOCKS_PER_LOOK && move.horizon < old.next; i++) {
            Optional<SegmentStore.Found> found = log.store().nextOf(shard.ordinal(), move.horizon, move.lastLsn);
            if (found.isEmpty()) {
                break;
            }
            long lsn = found.get().entry().lsn();
            Run run = runOf(found.get(), shard, move.horizon);
            boolean isDone = holds.stream().allMatch(hold -> hold.confirms(lsn, run.nextSequenceNumber()));
            if (run.nextSequenceNumber() > old.next || !isDone) {
                break;
            }
            move.take(lsn, run);
        }
        return move;
    }

    /** What is old and stays, because somebody has not confirmed it. */
    private Optional<HeldRecords> held(ShardMove move, List<RequiredConsumers.Hold> holds) {
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

    private static Run runOf(SegmentStore.Found found, ShardState shard, long sequenceNumber) {
        return LogReading.runOf(found.entry(), shard.ordinal(), sequenceNumber).orElseThrow();
    }

    private void evict(StreamState stream, long bytesMax, Map<Integer, ShardMove> byShard, List<HorizonMove> moves) {
        long retained = log.state().retainedBytes(stream);
        for (ShardMove expiring : byShard.values()) {
            retained -= expiring.bytes;
        }
        if (retained <= bytesMax) {
            return;
        }
        byShard.replaceAll((ordinal, expiring) -> new ShardMove(expiring.shard, expiring.horizon));
        eviction.take(byShard.values(), retained - bytesMax);
        byShard.values().forEach(move -> finish(move, GapReason.EVICTED).ifPresent(moves::add));
    }

    /**
     * The moves that make the oldest records of a priority go, about so many bytes of them: from segments that can then
     * be removed or rewritten. A stream that rejects when it is full gives up nothing.
     */
    List<HorizonMove> reclaim(StreamPriority priority, long bytesMin) {
        List<ShardMove> candidates = new ArrayList<>();
        for (StreamState stream : log.state().allStreams()) {
            StreamSettings settings = log.state().describe(stream).settings();
            if (settings.priority() == priority && settings.onFull() == FullPolicy.DROP_OLDEST) {
                stream.shards()
                        .forEach(shard -> candidates.add(
                                new ShardMove(shard, log.state().counters(shard).horizon())));
            }
        }
        eviction.takeSegments(candidates, bytesMin, log.store().settledLsn());
        List<HorizonMove> moves = new ArrayList<>();
        candidates.forEach(move -> finish(move, GapReason.EVICTED).ifPresent(moves::add));
        return moves;
    }

    private Optional<HorizonMove> finish(ShardMove move, GapReason reason) {
        return move.finish(reason, log.clock().now().millis());
    }
}
