package io.tidegate.buffer;

import io.tidegate.core.stream.Checkpoint;
import io.tidegate.core.stream.CheckpointScope;
import io.tidegate.core.stream.ConsumerName;
import io.tidegate.core.stream.LossLedger;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.ShardEpoch;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StreamDescription;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamSelection;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Everything that the log knows beside its records: the fold of all control entries and directories so far (I5 of
 * docs/design/0001-shard-log.md).
 *
 * <p>Guarded by its own lock; changed only by the log's writer.
 */
final class LogState implements ShardNames {
    /** Checkpoints and named state together, keys included. */
    static final long STATE_BYTES_MAX = 4 << 20;

    private final Map<StreamName, StreamState> streams = new TreeMap<>();
    private final Map<Integer, ShardState> shards = new TreeMap<>();
    private final Checkpoints checkpoints = new Checkpoints();
    private final RequiredConsumers required = new RequiredConsumers();
    private final TreeMap<String, Payload> state = new TreeMap<>();
    private final TreeMap<Integer, SegmentSummary> segments = new TreeMap<>();
    private final ClockState clock = new ClockState();
    private final DeletedStreams deletedStreams = new DeletedStreams();
    /** Holes of which no commit has told readers yet; told by the first commit after an opening that found damage. */
    private final List<ControlEntry> untold = new ArrayList<>();

    private long stateBytes;
    private long lastLsn;
    private long lastTimeMillis;
    private long poweredOnNanos;
    private long epoch;
    private int nextOrdinal;
    /** Where new shards start: above 1 only after a log has lost its whole history. */
    private long firstSequenceNumber = 1;

    /** Applies a resolved block. */
    synchronized void fold(Block block) {
        BlockHeader header = block.header();
        for (ControlEntry entry : block.entries()) {
            if (entry instanceof ControlEntry.HoleTold) {
                untold.remove(entry);
            } else {
                fold(entry);
            }
        }
        for (Run run : block.runs()) {
            ShardState shard = shards.get(run.ordinal());
            if (shard != null) {
                shard.fold(run, header.epoch());
            }
        }
        clock.fold(header);
        lastLsn = header.lsn();
        lastTimeMillis = Math.max(lastTimeMillis, header.timeMillis());
        poweredOnNanos = Math.max(poweredOnNanos, header.poweredOnNanos());
        epoch = header.epoch();
    }

    synchronized void fold(ControlEntry entry) {
        if (entry instanceof ControlEntry.StreamSet set) {
            streams.computeIfAbsent(set.settings().name(), name -> new StreamState())
                    .set(set);
            deletedStreams.created(set.settings().name());
        } else if (entry instanceof ControlEntry.ShardOpened opened) {
            open(new ShardState(opened));
        } else if (entry instanceof ControlEntry.ShardClosed closed) {
            shardState(closed.ordinal()).ifPresent(shard -> close(shard, closed));
        } else if (entry instanceof ControlEntry.ShardExpired expired) {
            shardState(expired.ordinal()).ifPresent(this::expire);
        } else if (entry instanceof ControlEntry.StreamDeleted deleted) {
            delete(deleted);
        } else if (entry instanceof ControlEntry.CheckpointSet set) {
            checkpoints.set(set);
        } else if (entry instanceof ControlEntry.PlacesGivenUp given) {
            checkpoints.forget(given);
        } else if (entry instanceof ControlEntry.ConsumerRequired consumer) {
            required.fold(consumer);
        } else if (entry instanceof ControlEntry.StateSet set) {
            setState(set);
        } else if (entry instanceof ControlEntry.HorizonMoved moved) {
            shardState(moved.ordinal()).ifPresent(shard -> shard.move(moved));
        } else if (entry instanceof ControlEntry.HoleMade made) {
            shardState(made.ordinal()).ifPresent(shard -> shard.add(made.hole()));
        } else if (entry instanceof ControlEntry.HoleTold) {
            untold.add(entry); // in a snapshot: no commit has told it before
        } else if (entry instanceof ControlEntry.SegmentQuarantined quarantined) {
            segments.computeIfPresent(quarantined.number(), (number, summary) -> summary.asSuspect());
        } else if (entry instanceof ControlEntry.ClockEntry change) {
            clock.fold(change);
        } else if (entry instanceof ControlEntry.ShardPoint point) {
            open(new ShardState(point));
        } else if (entry instanceof ControlEntry.HolePoint point) {
            shardState(point.ordinal()).ifPresent(shard -> shard.restore(point.hole()));
        } else if (entry instanceof ControlEntry.PastShards past) {
            streams.computeIfAbsent(past.stream(), name -> new StreamState()).restore(past);
        } else if (entry instanceof ControlEntry.ShardNumbersFrom from) {
            deletedStreams.restore(from);
        } else if (entry instanceof ControlEntry.SegmentPoint point) {
            segments.put(point.summary().number(), point.summary());
        } else if (entry instanceof ControlEntry.LogPoint point) {
            lastLsn = point.lastLsn();
            lastTimeMillis = point.lastTimeMillis();
            poweredOnNanos = point.poweredOnNanos();
            epoch = point.epoch();
            nextOrdinal = Math.max(nextOrdinal, point.nextOrdinal());
            firstSequenceNumber = point.firstSequenceNumber();
        }
        // EpochOpened comes true with the header of its block; windows are kept apart.
    }

    private void open(ShardState shard) {
        if (shards.containsKey(shard.ordinal())) {
            return; // known already from the copy of the list of shards
        }
        shards.put(shard.ordinal(), shard);
        nextOrdinal = Math.max(nextOrdinal, shard.ordinal() + 1);
        streams.computeIfAbsent(shard.id().stream(), name -> new StreamState()).add(shard);
    }

    private void close(ShardState shard, ControlEntry.ShardClosed closed) {
        shard.close(closed);
        stream(shard.id().stream()).ifPresent(StreamState::shardsChanged);
    }

    private void expire(ShardState shard) {
        shards.remove(shard.ordinal());
        stream(shard.id().stream()).ifPresent(stream -> stream.expire(shard));
        checkpoints.forget(scope ->
                scope instanceof CheckpointScope.OneShard one && one.shard().equals(shard.id()));
    }

    private void delete(ControlEntry.StreamDeleted deleted) {
        StreamState stream = streams.remove(deleted.name());
        if (stream != null) {
            stream.shards().forEach(shard -> shards.remove(shard.ordinal()));
        }
        checkpoints.forget(scope -> scope instanceof CheckpointScope.OneShard one
                ? one.shard().stream().equals(deleted.name())
                : scope instanceof CheckpointScope.CommitOrder order
                        && order.streams().stream().noneMatch(streams::containsKey));
        deletedStreams.add(deleted);
    }

    private void setState(ControlEntry.StateSet set) {
        Payload value = set.value();
        // A copy: the block that brought the value must not live as long as the value.
        Payload before = value == null ? state.remove(set.key()) : state.put(set.key(), Payload.wrap(value.toBytes()));
        stateBytes += weight(set.key(), value) - weight(set.key(), before);
    }

    static long weight(String key, @Nullable Payload value) {
        return value == null ? 0 : key.length() + value.length() + 64L;
    }

    /** The whole state as entries, always in the same order; the log's own point is first. */
    synchronized List<ControlEntry> snapshot(String gatewayId, int segment, List<ControlEntry> windows) {
        List<ControlEntry> entries = new ArrayList<>();
        segments.values().forEach(summary -> entries.add(new ControlEntry.SegmentPoint(summary)));
        entries.addAll(deletedStreams.snapshot());
        streams.values().forEach(stream -> entries.add(stream.entry()));
        streams.values().forEach(stream -> stream.past().ifPresent(entries::add));
        for (ShardState shard : shards.values()) {
            entries.add(shard.point());
            shard.closed().ifPresent(entries::add);
            shard.holes().forEach(hole -> entries.add(new ControlEntry.HolePoint(shard.ordinal(), hole)));
        }
        entries.addAll(checkpoints.entries());
        entries.addAll(required.entries());
        state.forEach((key, value) -> entries.add(new ControlEntry.StateSet(key, value)));
        entries.addAll(clock.snapshot());
        entries.addAll(untold);
        entries.addAll(windows);
        entries.add(
                0,
                new ControlEntry.LogPoint(
                        gatewayId,
                        segment,
                        lastLsn,
                        lastTimeMillis,
                        poweredOnNanos,
                        epoch,
                        nextOrdinal,
                        firstSequenceNumber,
                        entries.size() + 1));
        return entries;
    }

    @Override
    public synchronized @Nullable ShardId shard(int ordinal) {
        ShardState shard = shards.get(ordinal);
        return shard == null ? null : shard.id();
    }

    synchronized Optional<ShardState> shardState(int ordinal) {
        return Optional.ofNullable(shards.get(ordinal));
    }

    synchronized List<ShardState> allShards() {
        return List.copyOf(shards.values());
    }

    synchronized Optional<StreamState> stream(StreamName name) {
        return Optional.ofNullable(streams.get(name));
    }

    synchronized List<StreamState> allStreams() {
        return List.copyOf(streams.values());
    }

    synchronized List<ControlEntry> deletedStreams() {
        return deletedStreams.snapshot();
    }

    /** Where the shards of a stream start that is not there now. */
    synchronized int firstShardNumber(StreamName name) {
        return deletedStreams.firstShardNumber(name);
    }

    synchronized Optional<ShardState> find(ShardId id) {
        StreamState stream = streams.get(id.stream());
        return stream == null ? Optional.empty() : stream.shard(id.number());
    }

    /** Holes of which readers have to be told by the next commit. */
    synchronized List<ControlEntry> untold() {
        return List.copyOf(untold);
    }

    /** A consistent copy of a shard's numbers. */
    synchronized ShardCounters counters(ShardState shard) {
        return shard.counters();
    }

    synchronized List<ShardEpoch> epochs(ShardState shard) {
        return shard.epochs();
    }

    /** The hole that covers a number. */
    synchronized Optional<Hole> holeAt(ShardState shard, long sequenceNumber) {
        return shard.holeAt(sequenceNumber);
    }

    /** The numbers of a shard that will never be read. */
    synchronized NumberRanges holes(ShardState shard) {
        NumberRanges numbers = new NumberRanges();
        shard.holes().forEach(hole -> numbers.add(hole.fromInclusive(), hole.toExclusive()));
        return numbers;
    }

    synchronized LossLedger ledger(ShardState shard) {
        return shard.ledger();
    }

    synchronized StreamDescription describe(StreamState stream) {
        return stream.describe();
    }

    synchronized long retainedBytes(StreamState stream) {
        return stream.retainedBytes();
    }

    synchronized Optional<Checkpoint> checkpoint(ConsumerName consumer, CheckpointScope scope) {
        return checkpoints.get(consumer, scope);
    }

    synchronized Optional<Payload> state(String key) {
        return Optional.ofNullable(state.get(key));
    }

    synchronized List<String> stateKeys(String prefix) {
        return state.tailMap(prefix, true).keySet().stream()
                .takeWhile(key -> key.startsWith(prefix))
                .toList();
    }

    /** Consumers with a checkpoint on this shard that has not come as far as a horizon would go. */
    synchronized List<ConsumerName> consumersBehind(ShardState shard, long horizon, long lastLsnBelow) {
        return checkpoints.behind(shard.id(), horizon, lastLsnBelow);
    }

    synchronized Map<ConsumerName, StreamSelection> required() {
        return required.all();
    }

    /** How far each consumer that expiry waits for has come in a shard; one without a checkpoint has confirmed nothing. */
    synchronized List<RequiredConsumers.Hold> holds(ShardState shard) {
        return required.of(shard.id().stream()).stream()
                .map(consumer -> checkpoints.hold(consumer, shard.id()))
                .toList();
    }

    synchronized List<SegmentSummary> segments() {
        return List.copyOf(segments.values());
    }

    /** Whether nobody can ask for anything in a segment any more. */
    synchronized boolean isBelowHorizons(SegmentSummary summary) {
        for (SegmentSummary.Span span : summary.spans()) {
            ShardState shard = shards.get(span.ordinal());
            if (shard != null && span.next() > shard.horizon()) {
                return false;
            }
        }
        return true;
    }

    synchronized long recordsBetween(ShardState shard, long fromInclusive, long toExclusive) {
        return shard.recordsBetween(fromInclusive, toExclusive);
    }

    /** Whether one of these shards' streams keeps more than it may. */
    synchronized boolean isOverBytes(Block block) {
        for (Run run : block.runs()) {
            ShardState shard = shards.get(run.ordinal());
            StreamState stream = shard == null ? null : streams.get(shard.id().stream());
            if (stream != null && stream.retainedBytes() > stream.settings().retainedBytesMax()) {
                return true;
            }
        }
        return false;
    }

    /** An older segment has gone, or is not the state's business any more. */
    synchronized void forget(int segment) {
        segments.remove(segment);
    }

    synchronized void remember(SegmentSummary summary) {
        segments.put(summary.number(), summary);
    }

    /** After a quarantine: numbers go on from here. */
    synchronized void continueAt(long newLastLsn) {
        lastLsn = newLastLsn;
    }

    /** The whole history is lost: whatever shard is opened from now on starts here. */
    synchronized void startShardsAt(long sequenceNumber) {
        firstSequenceNumber = sequenceNumber;
    }

    /** Ordinals below this one may have been given to shards that are lost. */
    synchronized void skipOrdinals(int firstFree) {
        nextOrdinal = Math.max(nextOrdinal, firstFree);
    }

    synchronized long firstSequenceNumber() {
        return firstSequenceNumber;
    }

    synchronized long stateBytes() {
        return stateBytes + checkpoints.bytes();
    }

    synchronized long lastLsn() {
        return lastLsn;
    }

    synchronized long lastTimeMillis() {
        return lastTimeMillis;
    }

    synchronized long poweredOnNanos() {
        return poweredOnNanos;
    }

    /** What the log knows about its clock, at this moment. */
    synchronized ClockState.View clock() {
        return clock.view();
    }

    synchronized long epoch() {
        return epoch;
    }

    synchronized int nextOrdinal() {
        return nextOrdinal;
    }
}
