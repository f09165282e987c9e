package io.tidegate.buffer;

import io.tidegate.core.stream.GapReason;
import io.tidegate.core.stream.HashKeyRange;
import io.tidegate.core.stream.LossLedger;
import io.tidegate.core.stream.ShardDescription;
import io.tidegate.core.stream.ShardEpoch;
import io.tidegate.core.stream.ShardId;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** One shard. Guarded by the {@link LogState} that holds it; the log's writer, which alone changes it, also reads it bare. */
final class ShardState {
    /** Older epochs are forgotten: a year of daily restarts fits. */
    static final int EPOCHS_MAX = 400;

    private final ControlEntry.ShardOpened opened;
    private final List<ShardEpoch> epochs = new ArrayList<>();
    private final TreeMap<Long, Hole> holes = new TreeMap<>();
    private ControlEntry.@Nullable ShardClosed closed;
    private long next;
    private long horizon;
    private long horizonLsn;
    private GapReason horizonReason = GapReason.EXPIRED;
    private long horizonMillis;
    private long retainedBytes;
    private long appended;
    private long expired;
    private long evicted;
    private long corrupt;

    ShardState(ControlEntry.ShardOpened opened) {
        this.opened = opened;
        next = opened.firstSequenceNumber();
        horizon = next;
    }

    ShardState(ControlEntry.ShardPoint point) {
        opened = point.opened();
        epochs.addAll(point.epochs());
        ShardCounters counters = point.counters();
        next = counters.next();
        horizon = counters.horizon();
        horizonLsn = counters.horizonLsn();
        horizonReason = counters.horizonReason();
        horizonMillis = counters.horizonMillis();
        retainedBytes = counters.retainedBytes();
        appended = counters.appended();
        expired = counters.expired();
        evicted = counters.evicted();
        // The holes follow as entries of their own and bring back what they count.
        corrupt = counters.corrupt();
    }

    int ordinal() {
        return opened.ordinal();
    }

    ShardId id() {
        return opened.id();
    }

    HashKeyRange range() {
        return opened.range();
    }

    /** The numbers of the shards of its stream that it was made from. */
    List<Integer> parents() {
        return opened.parents();
    }

    /** Takes no more records. */
    void close(ControlEntry.ShardClosed entry) {
        closed = entry;
    }

    boolean isOpen() {
        return closed == null;
    }

    /** Empty while it is open. */
    Optional<ControlEntry.ShardClosed> closed() {
        return Optional.ofNullable(closed);
    }

    long next() {
        return next;
    }

    long horizon() {
        return horizon;
    }

    long retainedBytes() {
        return retainedBytes;
    }

    void fold(Run run, long epoch) {
        if (run.firstSequenceNumber() < next) {
            throw new DamageException(
                    "shard " + id() + " has number " + run.firstSequenceNumber() + " again, its next was " + next);
        }
        next = run.nextSequenceNumber();
        appended += run.count();
        retainedBytes += run.bytes();
        ShardEpoch last = epochs.isEmpty() ? null : epochs.get(epochs.size() - 1);
        if (last != null && last.epoch() == epoch) {
            epochs.set(epochs.size() - 1, new ShardEpoch(epoch, last.firstSequenceNumber(), next));
            return;
        }
        epochs.add(new ShardEpoch(epoch, run.firstSequenceNumber(), next));
        if (epochs.size() > EPOCHS_MAX) {
            epochs.remove(0);
        }
    }

    void move(ControlEntry.HorizonMoved moved) {
        long records = recordsBetween(horizon, moved.horizon());
        if (moved.reason() == GapReason.EXPIRED) {
            expired += records;
        } else {
            evicted += records;
        }
        horizon = Math.max(horizon, moved.horizon());
        horizonLsn = Math.max(horizonLsn, moved.lastLsnBelow());
        horizonReason = moved.reason();
        horizonMillis = moved.timeMillis();
        retainedBytes = Math.max(0, retainedBytes - moved.bytes());
        // What lies below the horizon is told by the horizon.
        holes.headMap(horizon).entrySet().removeIf(entry -> entry.getValue().toExclusive() <= horizon);
    }

    /** A hole within what was appended, or one that moves the next number beyond it. */
    void add(Hole found) {
        if (found.toExclusive() <= horizon
                || holeAt(Math.max(found.fromInclusive(), horizon)).isPresent()) {
            return;
        }
        Hole hole = found.from(Math.max(found.fromInclusive(), horizon));
        holes.put(hole.fromInclusive(), hole);
        boolean isNew = hole.fromInclusive() >= next;
        if (hole.exact() && hole.reason() == GapReason.CORRUPT) {
            corrupt += hole.toExclusive() - hole.fromInclusive();
            if (isNew) {
                // They were appended, by a commit that nobody can read any more.
                appended += hole.toExclusive() - hole.fromInclusive();
            }
        }
        next = Math.max(next, hole.toExclusive());
    }

    /** Puts back a hole that the counters of a snapshot already contain. */
    void restore(Hole hole) {
        holes.put(hole.fromInclusive(), hole);
    }

    List<Hole> holes() {
        return List.copyOf(holes.values());
    }

    Optional<Hole> holeAt(long sequenceNumber) {
        Map.Entry<Long, Hole> below = holes.floorEntry(sequenceNumber);
        return below == null || below.getValue().toExclusive() <= sequenceNumber
                ? Optional.empty()
                : Optional.of(below.getValue());
    }

    List<ShardEpoch> epochs() {
        return List.copyOf(epochs);
    }

    ShardCounters counters() {
        return new ShardCounters(
                next,
                horizon,
                horizonLsn,
                horizonReason,
                horizonMillis,
                retainedBytes,
                appended,
                expired,
                evicted,
                corrupt,
                !isOpen());
    }

    ControlEntry.ShardPoint point() {
        return new ControlEntry.ShardPoint(opened, counters(), epochs);
    }

    LossLedger ledger() {
        return new LossLedger(id(), appended, retained(), expired, evicted, corrupt);
    }

    /** Counted from the numbers, not from the ledger's other accounts, so that the balance says something. */
    private long retained() {
        return recordsBetween(horizon, next);
    }

    /** How many numbers in [from, to) are records that can be read. */
    long recordsBetween(long fromInclusive, long toExclusive) {
        long records = Math.max(0, toExclusive - fromInclusive);
        for (Hole hole : holes.values()) {
            long overlap = Math.min(toExclusive, hole.toExclusive()) - Math.max(fromInclusive, hole.fromInclusive());
            records -= Math.max(0, overlap);
        }
        return records;
    }

    ShardDescription describe() {
        List<ShardId> parents = parents().stream()
                .map(number -> new ShardId(id().stream(), number))
                .toList();
        return new ShardDescription(id(), range(), parents, isOpen(), horizon, next, retainedBytes);
    }

    @Override
    public String toString() {
        return id().toString();
    }
}
