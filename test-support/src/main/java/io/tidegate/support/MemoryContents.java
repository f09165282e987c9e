package io.tidegate.support;

import io.tidegate.core.runtime.Clock;
import io.tidegate.core.stream.AppendResult;
import io.tidegate.core.stream.AppendUnit;
import io.tidegate.core.stream.Checkpoint;
import io.tidegate.core.stream.CheckpointScope;
import io.tidegate.core.stream.CheckpointUpdate;
import io.tidegate.core.stream.ConsumerName;
import io.tidegate.core.stream.Expectation;
import io.tidegate.core.stream.FullPolicy;
import io.tidegate.core.stream.GapReason;
import io.tidegate.core.stream.HashKey;
import io.tidegate.core.stream.LogCursor;
import io.tidegate.core.stream.LogPosition;
import io.tidegate.core.stream.LogStatus;
import io.tidegate.core.stream.LossLedger;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.PastLedger;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.ReshardPlan;
import io.tidegate.core.stream.ShardCursor;
import io.tidegate.core.stream.ShardDescription;
import io.tidegate.core.stream.ShardEpoch;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StartingPosition;
import io.tidegate.core.stream.StateUpdate;
import io.tidegate.core.stream.StreamAdmin;
import io.tidegate.core.stream.StreamDescription;
import io.tidegate.core.stream.StreamLogException;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamRecord;
import io.tidegate.core.stream.StreamSelection;
import io.tidegate.core.stream.StreamSettings;
import io.tidegate.core.stream.TimeQuality;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;

/** What an {@link InMemoryLog} holds. Guarded by its own lock. */
final class MemoryContents implements StreamAdmin {
    private final Clock clock;
    private final String gatewayId;
    private final long epoch;
    private final Map<StreamName, StreamSettings> streams = new TreeMap<>();
    private final Map<ShardId, MemoryShard> shards = new TreeMap<>();
    private final List<StreamRecord> commitOrder = new ArrayList<>();
    private final MemoryPlaces checkpoints = new MemoryPlaces();
    private final TreeMap<String, Payload> state = new TreeMap<>();
    private final Map<StreamName, Integer> shardNumbersOfDeleted = new HashMap<>();
    private final Map<Object, Runnable> waiters = new HashMap<>();
    private Map<ConsumerName, StreamSelection> required = Map.of();
    private long lastLsn;
    private int index;

    MemoryContents(Clock clock, String gatewayId, long epoch) {
        this.clock = clock;
        this.gatewayId = gatewayId;
        this.epoch = epoch;
    }

    synchronized MemoryContents copy(long newEpoch) {
        MemoryContents copy = new MemoryContents(clock, gatewayId, newEpoch);
        copy.streams.putAll(streams);
        shards.forEach((id, shard) -> copy.shards.put(id, shard.copy()));
        copy.commitOrder.addAll(commitOrder);
        copy.checkpoints.takeAll(checkpoints);
        copy.state.putAll(state);
        copy.required = required;
        copy.shardNumbersOfDeleted.putAll(shardNumbersOfDeleted);
        copy.lastLsn = lastLsn;
        return copy;
    }

    Clock clock() {
        return clock;
    }

    String gatewayId() {
        return gatewayId;
    }

    long epoch() {
        return epoch;
    }

    synchronized long beginCommit() {
        index = 0;
        return ++lastLsn;
    }

    synchronized AppendResult apply(AppendUnit unit, long lsn) {
        for (Expectation expectation : unit.expected()) {
            if (!holds(expectation)) {
                return new AppendResult.Conflict(expectation);
            }
        }
        for (NewRecord record : unit.records()) {
            StreamSettings settings = streams.get(record.stream());
            if (settings == null) {
                return new AppendResult.Refused("no stream '" + record.stream() + "'", AppendResult.NEVER);
            }
            if (record.data().length() + record.partitionKey().length() > settings.recordBytesMax()) {
                return new AppendResult.Refused("record too large for '" + record.stream() + "'", AppendResult.NEVER);
            }
            if (settings.onFull() == FullPolicy.REJECT && isFull(settings, unit)) {
                return new AppendResult.Refused("'" + record.stream() + "' is full", Duration.ofSeconds(1));
            }
        }
        for (CheckpointUpdate update : unit.checkpoints()) {
            if (update.scope() instanceof CheckpointScope.OneShard one && !shards.containsKey(one.shard())) {
                return new AppendResult.Refused("no shard '" + one.shard() + "'", AppendResult.NEVER);
            }
        }
        List<AppendResult.Placed> places = new ArrayList<>();
        unit.records().forEach(record -> places.add(place(record, lsn)));
        unit.checkpoints().forEach(checkpoints::note);
        for (StateUpdate update : unit.state()) {
            Payload value = update.value();
            if (value == null) {
                state.remove(update.key());
            } else {
                state.put(update.key(), value);
            }
        }
        return new AppendResult.Committed(lsn, places);
    }

    private boolean isFull(StreamSettings settings, AppendUnit unit) {
        long asked = unit.records().stream()
                .filter(record -> record.stream().equals(settings.name()))
                .mapToLong(
                        record -> record.data().length() + record.partitionKey().length())
                .sum();
        long kept = shards.values().stream()
                .filter(shard -> shard.id().stream().equals(settings.name()))
                .mapToLong(shard -> shard.describe().retainedBytes())
                .sum();
        return kept + asked > settings.retainedBytesMax();
    }

    private boolean holds(Expectation expectation) {
        if (expectation instanceof Expectation.StateIs is) {
            return Objects.equals(state.get(is.key()), is.value());
        }
        Expectation.CheckpointIs is = (Expectation.CheckpointIs) expectation;
        return Objects.equals(checkpoints.of(is.consumer(), is.scope()).orElse(null), is.checkpoint());
    }

    private AppendResult.Placed place(NewRecord record, long lsn) {
        for (MemoryShard holder : shards.values()) {
            Optional<Long> first =
                    holder.id().stream().equals(record.stream()) ? holder.firstCopy(record) : Optional.empty();
            if (first.isPresent()) {
                return new AppendResult.Placed(holder.id(), first.get(), true);
            }
        }
        MemoryShard shard = shardOf(record);
        long now = clock.wallMillis();
        Long eventTime = record.eventTimeMillis();
        StreamRecord stored = new StreamRecord(
                shard.id(),
                shard.next(),
                epoch,
                new LogPosition(lsn, index++),
                record.partitionKey(),
                record.explicitHashKey(),
                now,
                TimeQuality.SYNCED,
                eventTime == null ? now : eventTime,
                record.eventTimeFrom(),
                record.contentType(),
                record.attributes(),
                record.data());
        shard.add(stored, record.deviceNumber());
        commitOrder.add(stored);
        return new AppendResult.Placed(shard.id(), stored.sequenceNumber(), false);
    }

    synchronized MemoryShard shardOf(NewRecord record) {
        HashKey explicit = record.explicitHashKey();
        HashKey key = explicit == null ? HashKey.ofPartitionKey(record.partitionKey()) : explicit;
        return shards.values().stream()
                .filter(shard -> shard.id().stream().equals(record.stream())
                        && shard.isOpen()
                        && shard.range().contains(key))
                .findFirst()
                .orElseThrow();
    }

    void wakeReaders() {
        Collection<Runnable> wake;
        synchronized (this) {
            wake = List.copyOf(waiters.values());
            waiters.clear();
        }
        wake.forEach(Runnable::run);
    }

    synchronized void await(Object reader, Runnable callback) {
        waiters.put(reader, callback);
    }

    synchronized void drop(ShardId id, long belowSequenceNumber, GapReason reason) {
        MemoryShard shard = shard(id);
        shard.drop(belowSequenceNumber, reason, clock.wallMillis());
        commitOrder.removeIf(record -> record.shard().equals(id) && record.sequenceNumber() < belowSequenceNumber);
    }

    synchronized LogCursor cursor(Set<StreamName> names, LogPosition from) {
        for (StreamName name : names) {
            if (!streams.containsKey(name)) {
                throw new StreamLogException(StreamLogException.Category.REJECT, "no stream '" + name + "'");
            }
        }
        LogPosition start = from.equals(LogPosition.LATEST) ? new LogPosition(lastLsn + 1, 0) : from;
        return new MemoryCommitCursor(this, names, start);
    }

    synchronized ShardCursor cursor(ShardId id, StartingPosition from) {
        return new MemoryShardCursor(this, shard(id), shard(id).startOf(from));
    }

    synchronized List<StreamRecord> after(Set<StreamName> names, LogPosition from) {
        return commitOrder.stream()
                .filter(record -> names.contains(record.shard().stream())
                        && record.position().compareTo(from) >= 0)
                .toList();
    }

    synchronized LogPosition end() {
        return new LogPosition(lastLsn + 1, 0);
    }

    private MemoryShard shard(ShardId id) {
        MemoryShard shard = shards.get(id);
        if (shard == null) {
            throw new StreamLogException(StreamLogException.Category.REJECT, "no shard '" + id + "'");
        }
        return shard;
    }

    synchronized Optional<Checkpoint> checkpoint(ConsumerName consumer, CheckpointScope scope) {
        return checkpoints.of(consumer, scope);
    }

    synchronized Optional<Payload> state(String key) {
        return Optional.ofNullable(state.get(key));
    }

    synchronized List<String> stateKeys(String prefix) {
        return state.keySet().stream().filter(key -> key.startsWith(prefix)).toList();
    }

    synchronized LossLedger ledger(ShardId id) {
        return shard(id).ledger();
    }

    synchronized List<ShardEpoch> epochs(ShardId id) {
        return shard(id).epochs();
    }

    synchronized LogStatus status() {
        return new LogStatus(
                epoch,
                lastLsn,
                0,
                0,
                lastLsn,
                commitOrder.size(),
                0,
                0,
                LogStatus.Wear.NONE,
                LogStatus.Encryption.NONE,
                null);
    }

    @Override
    public synchronized boolean create(StreamSettings settings) {
        StreamSettings existing = streams.get(settings.name());
        if (existing != null) {
            int open = describe(settings.name()).orElseThrow().openShards().size();
            if (open != settings.shards() && existing.shards() != settings.shards()) {
                throw new StreamLogException(
                        StreamLogException.Category.REJECT,
                        "stream '" + settings.name() + "' has " + open + " shards, not " + settings.shards());
            }
            return false;
        }
        streams.put(settings.name(), settings);
        MemoryShard.of(settings, shardNumbersOfDeleted.getOrDefault(settings.name(), 0))
                .forEach(shard -> shards.put(shard.id(), shard));
        return true;
    }

    @Override
    public synchronized Optional<StreamDescription> describe(StreamName name) {
        StreamSettings settings = streams.get(name);
        if (settings == null) {
            return Optional.empty();
        }
        return Optional.of(new StreamDescription(
                settings,
                0,
                shards.values().stream()
                        .filter(shard -> shard.id().stream().equals(name))
                        .map(MemoryShard::describe)
                        .toList(),
                PastLedger.NONE));
    }

    @Override
    public synchronized List<StreamDescription> list() {
        return streams.keySet().stream()
                .map(name -> describe(name).orElseThrow())
                .toList();
    }

    @Override
    public synchronized void configure(StreamSettings changed) {
        StreamSettings old = existing(changed.name()).settings();
        streams.put(changed.name(), changed.withShards(old.shards()));
    }

    @Override
    public synchronized void require(Map<ConsumerName, StreamSelection> consumers) {
        required = Map.copyOf(consumers);
    }

    @Override
    public synchronized Map<ConsumerName, StreamSelection> required() {
        return required;
    }

    @Override
    public synchronized void forget(ConsumerName consumer, StreamName stream) {
        shards.keySet().stream()
                .filter(id -> id.stream().equals(stream))
                .forEach(id -> checkpoints.giveUp(consumer, id));
    }

    private StreamDescription existing(StreamName name) {
        return describe(name)
                .orElseThrow(
                        () -> new StreamLogException(StreamLogException.Category.REJECT, "no stream '" + name + "'"));
    }

    @Override
    public void split(ShardId shard, HashKey newStartingHashKey) {
        reshard(shard.stream(), stream -> ReshardPlan.split(stream, shard, newStartingHashKey));
    }

    @Override
    public void merge(ShardId shard, ShardId adjacent) {
        reshard(shard.stream(), stream -> ReshardPlan.merge(stream, shard, adjacent));
    }

    @Override
    public void updateShardCount(StreamName name, int count) {
        reshard(name, stream -> ReshardPlan.scale(stream, count));
    }

    private void reshard(StreamName name, Function<StreamDescription, ReshardPlan> planned) {
        synchronized (this) {
            ReshardPlan plan = planned.apply(existing(name));
            for (ReshardPlan.Opened opened : plan.opened()) {
                shards.put(opened.id(), new MemoryShard(opened.id(), opened.range(), opened.parents()));
            }
            plan.closed().forEach(id -> shard(id).close());
            lastLsn++;
        }
        wakeReaders();
    }

    @Override
    public void delete(StreamName name) {
        synchronized (this) {
            for (ShardDescription shard : existing(name).shards()) {
                if (shard.horizon() < shard.nextSequenceNumber()) {
                    drop(shard.id(), shard.nextSequenceNumber(), GapReason.EVICTED);
                }
                shard(shard.id()).close();
                shards.remove(shard.id());
                shardNumbersOfDeleted.merge(name, shard.id().number() + 1, Math::max);
            }
            streams.remove(name);
            checkpoints.keepOnly(shards.keySet(), streams.keySet());
            lastLsn++;
        }
        wakeReaders();
    }
}
