package io.tidegate.support;

import io.tidegate.core.stream.Gap;
import io.tidegate.core.stream.GapReason;
import io.tidegate.core.stream.HashKeyRange;
import io.tidegate.core.stream.LossLedger;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.ShardDescription;
import io.tidegate.core.stream.ShardEpoch;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StartingPosition;
import io.tidegate.core.stream.StreamRecord;
import io.tidegate.core.stream.StreamSettings;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** One shard of an {@link InMemoryLog}. Guarded by its {@link MemoryContents}. */
final class MemoryShard {
    private static final int WINDOW = 64;

    private record Seen(long deviceNumber, int crc, long sequenceNumber) {}

    private final ShardId id;
    private final HashKeyRange range;
    private final List<ShardId> parents;
    private final List<StreamRecord> records = new ArrayList<>();
    private final List<ShardEpoch> epochs = new ArrayList<>();
    private final Map<String, Deque<Seen>> window = new HashMap<>();
    private long next = 1;
    private long horizon = 1;
    private final Map<GapReason, Long> lost = new EnumMap<>(GapReason.class);
    private @Nullable Gap hole;
    private boolean closed;

    MemoryShard(ShardId id, HashKeyRange range, List<ShardId> parents) {
        this.id = id;
        this.range = range;
        this.parents = List.copyOf(parents);
    }

    static List<MemoryShard> of(StreamSettings settings, int firstNumber) {
        List<MemoryShard> shards = new ArrayList<>();
        for (HashKeyRange range : HashKeyRange.evenly(settings.shards())) {
            shards.add(new MemoryShard(new ShardId(settings.name(), firstNumber + shards.size()), range, List.of()));
        }
        return shards;
    }

    void close() {
        closed = true;
    }

    boolean isOpen() {
        return !closed;
    }

    MemoryShard copy() {
        MemoryShard copy = new MemoryShard(id, range, parents);
        copy.closed = closed;
        copy.records.addAll(records);
        copy.epochs.addAll(epochs);
        window.forEach((key, seen) -> copy.window.put(key, new ArrayDeque<>(seen)));
        copy.next = next;
        copy.horizon = horizon;
        copy.lost.putAll(lost);
        copy.hole = hole;
        return copy;
    }

    ShardId id() {
        return id;
    }

    HashKeyRange range() {
        return range;
    }

    long next() {
        return next;
    }

    long horizon() {
        return horizon;
    }

    @Nullable
    Gap hole() {
        return hole;
    }

    Optional<Long> firstCopy(NewRecord record) {
        Long number = record.deviceNumber();
        Deque<Seen> seen = window.get(record.partitionKey());
        if (number == null || seen == null) {
            return Optional.empty();
        }
        int crc = record.data().crc32c();
        return seen.stream()
                .filter(one -> one.deviceNumber() == number && one.crc() == crc)
                .map(Seen::sequenceNumber)
                .findFirst();
    }

    void add(StreamRecord record, @Nullable Long deviceNumber) {
        records.add(record);
        next++;
        ShardEpoch last = epochs.isEmpty() ? null : epochs.get(epochs.size() - 1);
        if (last == null || last.epoch() != record.epoch()) {
            epochs.add(new ShardEpoch(record.epoch(), record.sequenceNumber(), next));
        } else {
            epochs.set(epochs.size() - 1, new ShardEpoch(last.epoch(), last.firstSequenceNumber(), next));
        }
        if (deviceNumber != null) {
            Deque<Seen> seen = window.computeIfAbsent(record.partitionKey(), key -> new ArrayDeque<>());
            seen.addLast(new Seen(deviceNumber, record.data().crc32c(), record.sequenceNumber()));
            if (seen.size() > WINDOW) {
                seen.removeFirst();
            }
        }
    }

    void drop(long below, GapReason reason, long nowMillis) {
        long count = records.stream()
                .filter(record -> record.sequenceNumber() < below)
                .count();
        records.removeIf(record -> record.sequenceNumber() < below);
        lost.merge(reason, count, Long::sum);
        horizon = Math.max(horizon, below);
        hole = new Gap(id, 1, horizon, horizon - 1, true, reason, nowMillis);
    }

    long startOf(StartingPosition from) {
        if (from instanceof StartingPosition.TrimHorizon) {
            return horizon;
        } else if (from instanceof StartingPosition.Latest) {
            return next;
        } else if (from instanceof StartingPosition.AtSequenceNumber at) {
            return Math.max(1, at.sequenceNumber());
        } else if (from instanceof StartingPosition.AfterSequenceNumber after) {
            return Math.max(0, after.sequenceNumber()) + 1;
        }
        long time = ((StartingPosition.AtTimestamp) from).timeMillis();
        return records.stream()
                .filter(record -> record.arrivalTimeMillis() >= time)
                .map(StreamRecord::sequenceNumber)
                .findFirst()
                .orElse(next);
    }

    List<StreamRecord> from(long sequenceNumber) {
        return records.stream()
                .filter(record -> record.sequenceNumber() >= sequenceNumber)
                .toList();
    }

    LossLedger ledger() {
        return new LossLedger(
                id,
                next - 1,
                records.size(),
                lost(GapReason.EXPIRED),
                lost(GapReason.EVICTED),
                lost(GapReason.CORRUPT));
    }

    private long lost(GapReason reason) {
        return lost.getOrDefault(reason, 0L);
    }

    List<ShardEpoch> epochs() {
        return List.copyOf(epochs);
    }

    ShardDescription describe() {
        long bytes = records.stream()
                .mapToLong(
                        record -> record.data().length() + record.partitionKey().length())
                .sum();
        return new ShardDescription(id, range, parents, isOpen(), horizon, next, bytes);
    }
}
