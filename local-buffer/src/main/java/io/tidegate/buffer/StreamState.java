package io.tidegate.buffer;

import io.tidegate.core.stream.HashKey;
import io.tidegate.core.stream.NewRecord;
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
    private final List<ShardState> shards = new ArrayList<>();

    void set(ControlEntry.StreamSet changed) {
        set = changed;
    }

    void add(ShardState shard) {
        shards.add(shard);
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

    /** Where a record belongs: the shard whose range holds its explicit hash key, else the MD5 of its partition key. */
    ShardState route(NewRecord record) {
        if (shards.size() == 1) {
            return shards.get(0);
        }
        HashKey explicit = record.explicitHashKey();
        HashKey key = explicit == null ? HashKey.ofPartitionKey(record.partitionKey()) : explicit;
        for (ShardState shard : shards) {
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
                shards.stream().map(ShardState::describe).toList());
    }
}
