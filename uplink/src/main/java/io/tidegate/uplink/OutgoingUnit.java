package io.tidegate.uplink;

import io.tidegate.core.stream.LogEntry;
import io.tidegate.core.stream.ShardEpoch;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StreamRecord;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A part of one epoch of one shard, on its way: records and gaps that cover [from, to) without a hole.
 *
 * @param parents the shards that this one was made from by a split or a merge
 * @param previous the epoch that wrote to the shard before this one, null if there is none
 * @param fork the receiver is told that it cannot join this epoch to what it has
 * @param media what became of the bytes that belong to a record, by its sequence number: sent, held or gone
 */
public record OutgoingUnit(
        ShardId shard,
        List<ShardId> parents,
        long epoch,
        long fromInclusive,
        long toExclusive,
        @Nullable ShardEpoch previous,
        boolean fork,
        List<LogEntry> entries,
        Map<Long, String> media) {
    public OutgoingUnit {
        parents = List.copyOf(parents);
        entries = List.copyOf(entries);
        media = Map.copyOf(media);
    }

    OutgoingUnit with(boolean changedFork, Map<Long, String> changedMedia) {
        return new OutgoingUnit(
                shard, parents, epoch, fromInclusive, toExclusive, previous, changedFork, entries, changedMedia);
    }

    long dataBytes() {
        return entries.stream()
                .filter(StreamRecord.class::isInstance)
                .mapToLong(entry -> ((StreamRecord) entry).data().length())
                .sum();
    }
}
