package io.tidegate.buffer;

import io.tidegate.core.stream.StreamName;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/**
 * The shard numbers that deleted streams have used, so that a new stream of the same name goes on from there and no
 * (stream, shard, epoch) ever means two things to a receiver. Bounded: of those beyond the bound only the highest number
 * is known, and every new stream starts there.
 *
 * <p>Guarded by the {@link LogState} that holds it.
 */
final class DeletedStreams {
    static final int NAMES_MAX = 1_000;

    private final TreeMap<StreamName, Integer> nextNumbers = new TreeMap<>();
    private int floor;

    void add(ControlEntry.StreamDeleted deleted) {
        nextNumbers.merge(deleted.name(), deleted.nextShardNumber(), Math::max);
        if (nextNumbers.size() > NAMES_MAX) {
            floor = Math.max(floor, nextNumbers.pollFirstEntry().getValue());
        }
    }

    void restore(ControlEntry.ShardNumbersFrom from) {
        floor = from.number();
    }

    /** A stream of this name exists again: its shards say which numbers are used. */
    void created(StreamName name) {
        nextNumbers.remove(name);
    }

    /** Where the shards of a new stream start. */
    int firstShardNumber(StreamName name) {
        return Math.max(floor, nextNumbers.getOrDefault(name, 0));
    }

    List<ControlEntry> snapshot() {
        List<ControlEntry> entries = new ArrayList<>();
        if (floor > 0) {
            entries.add(new ControlEntry.ShardNumbersFrom(floor));
        }
        nextNumbers.forEach((name, next) -> entries.add(new ControlEntry.StreamDeleted(name, next)));
        return entries;
    }
}
