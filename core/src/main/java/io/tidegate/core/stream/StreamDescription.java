package io.tidegate.core.stream;

import java.util.List;

/**
 * A stream and its shards, as they are now.
 *
 * @param shards in the order of their numbers; closed ones too, as long as something of them can be read
 * @param past what became of the records of those that are not listed any more
 */
public record StreamDescription(
        StreamSettings settings, long createdMillis, List<ShardDescription> shards, PastLedger past) {
    public StreamDescription {
        shards = List.copyOf(shards);
    }

    /** The shards that take records; their ranges cover every hash key once. */
    public List<ShardDescription> openShards() {
        return shards.stream().filter(ShardDescription::open).toList();
    }

    public StreamName name() {
        return settings.name();
    }
}
