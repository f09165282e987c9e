package io.tidegate.core.stream;

import java.util.List;

/** A stream and its shards, as they are now. */
public record StreamDescription(StreamSettings settings, long createdMillis, List<ShardDescription> shards) {
    public StreamDescription {
        shards = List.copyOf(shards);
    }

    public StreamName name() {
        return settings.name();
    }
}
