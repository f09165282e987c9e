package io.tidegate.buffer;

import io.tidegate.core.stream.HashKey;
import io.tidegate.core.stream.LossLedger;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.PastLedger;
import io.tidegate.core.stream.StreamDescription;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamSettings;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** One stream. Guarded by the {@link LogState} that holds it; the log's writer, which alone changes it, also reads it bare. */
final class StreamState {
    private ControlEntry.@Nullable StreamSet set;
    /** In the order of their numbers. Copied on change: the keeper goes through it without the lock. */
    private volatile List<ShardState> shards = List.of();

    private volatile List<ShardState> open = List.of();
    /** What shards took and lost that are not listed any more. */
    private ControlEntry.@Nullable PastShards past;

    void set(ControlEntry.StreamSet changed) {
        set = changed;
    }

    void add(ShardState shard) {
        List<ShardState> more = new ArrayList<>(shards);
        more.add(shard);
        shards = List.copyOf(more);
        shardsChanged();
    }

    /** A shard of this stream has been opened or closed. */
    void shardsChanged() {
        open = shards.stream().filter(ShardState::isOpen).toList();
    }

    /** Nothing is left of a shard: what it counted becomes past. */
    void expire(ShardState shard) {
        LossLedger ledger = shard.ledger();
        ControlEntry.PastShards before = past == null ? new ControlEntry.PastShards(name(), 0, 0, 0, 0) : past;
        past = new ControlEntry.PastShards(
                name(),
                before.appended() + ledger.appended(),
                before.expired() + ledger.expired(),
                before.evicted() + ledger.evicted(),
                before.corrupt() + ledger.corrupt());
        shards = shards.stream().filter(other -> other != shard).toList();
        shardsChanged();
    }

    void restore(ControlEntry.PastShards known) {
        past = known;
    }

    Optional<ControlEntry.PastShards> past() {
        return Optional.ofNullable(past);
    }

    ControlEntry.StreamSet entry() {
        ControlEntry.StreamSet known = set;
        if (known == null) {
            throw new DamageException("a shard of a stream that was never created: " + shards);
        }
        return known;
    }

    StreamSettings settings() {
        return entry().settings();
    }

    StreamName name() {
        return settings().name();
    }

    List<ShardState> shards() {
        return shards;
    }

    Optional<ShardState> shard(int number) {
        return shards.stream().filter(shard -> shard.id().number() == number).findFirst();
    }

    /** The number of the next shard: the newest is always open, and so is here. */
    int nextShardNumber() {
        return shards.isEmpty() ? 0 : shards.get(shards.size() - 1).id().number() + 1;
    }

    /** Where a record belongs: the open shard whose range holds its explicit hash key, else the MD5 of its partition key. */
    ShardState route(NewRecord record) {
        List<ShardState> candidates = open;
        if (candidates.size() == 1) {
            return candidates.get(0);
        }
        HashKey explicit = record.explicitHashKey();
        HashKey key = explicit == null ? HashKey.ofPartitionKey(record.partitionKey()) : explicit;
        for (ShardState shard : candidates) {
            if (shard.range().contains(key)) {
                return shard;
            }
        }
        throw new DamageException("no shard of '" + name() + "' holds hash key " + key);
    }

    long retainedBytes() {
        return shards.stream().mapToLong(ShardState::retainedBytes).sum();
    }

    StreamDescription describe() {
        return new StreamDescription(
                settings(),
                entry().createdMillis(),
                shards.stream().map(ShardState::describe).toList(),
                past().map(known -> new PastLedger(known.appended(), known.expired(), known.evicted(), known.corrupt()))
                        .orElse(PastLedger.NONE));
    }
}
