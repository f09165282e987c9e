package io.tidegate.buffer;

import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.StreamName;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Which shards the records of one commit belong to. Streams and shards stay as they are while it is made, so each
 * stream is looked up, and each partition key hashed, once.
 *
 * <p>Confined to the log's writer.
 */
final class Routes {
    private record OfStream(StreamState stream, Map<String, ShardState> byKey) {}

    private final LogState state;
    private final Map<StreamName, OfStream> known = new HashMap<>();
    private @Nullable OfStream last;

    Routes(LogState state) {
        this.state = state;
    }

    Optional<StreamState> stream(StreamName name) {
        return Optional.ofNullable(of(name)).map(OfStream::stream);
    }

    /** Of a record whose stream is there. */
    ShardState route(NewRecord record) {
        OfStream stream = of(record.stream());
        if (stream == null) {
            throw new IllegalStateException("no stream '" + record.stream() + "'");
        }
        if (record.explicitHashKey() != null) {
            return stream.stream().route(record);
        }
        ShardState shard = stream.byKey().get(record.partitionKey());
        if (shard == null) {
            shard = stream.stream().route(record);
            stream.byKey().put(record.partitionKey(), shard);
        }
        return shard;
    }

    private @Nullable OfStream of(StreamName name) {
        OfStream before = last;
        if (before != null && before.stream().name().equals(name)) {
            return before;
        }
        OfStream found = known.get(name);
        if (found == null) {
            Optional<StreamState> stream = state.stream(name);
            if (stream.isEmpty()) {
                return null;
            }
            found = new OfStream(stream.get(), new HashMap<>());
            known.put(name, found);
        }
        last = found;
        return found;
    }
}
