package io.tidegate.core.stream;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.TreeSet;

/**
 * How a stream changes its shards: which are opened, with whom as parents, and which are closed, both in order. What is
 * opened on the way to a number of shards may be closed in the same plan.
 */
public record ReshardPlan(List<Opened> opened, List<ShardId> closed) {
    /** A shard that does not exist yet. */
    public record Opened(ShardId id, HashKeyRange range, List<ShardId> parents) {
        public Opened {
            parents = List.copyOf(parents);
        }
    }

    public ReshardPlan {
        opened = List.copyOf(opened);
        closed = List.copyOf(closed);
    }

    public boolean isEmpty() {
        return opened.isEmpty();
    }

    /** As {@link StreamAdmin#split} says. */
    public static ReshardPlan split(StreamDescription stream, ShardId shard, HashKey newStartingHashKey) {
        ShardDescription parent = requireOpen(stream, shard, "split");
        HashKeyRange range = parent.range();
        BigInteger start = newStartingHashKey.value();
        BigInteger lowest = range.startInclusive().value().add(BigInteger.ONE);
        if (start.compareTo(lowest) <= 0 || newStartingHashKey.compareTo(range.endInclusive()) >= 0) {
            throw reject("NewStartingHashKey " + start + " used in SplitShard() on shard " + shard.name()
                    + " in stream " + stream.name() + " is not both greater than one plus the shard's StartingHashKey "
                    + range.startInclusive() + " and less than the shard's EndingHashKey " + range.endInclusive()
                    + ".");
        }
        requireOpenShards(stream, stream.openShards().size() + 1);
        Draft draft = new Draft(stream);
        draft.split(new Piece(shard, range), newStartingHashKey);
        return draft.plan();
    }

    /** As {@link StreamAdmin#merge} says. */
    public static ReshardPlan merge(StreamDescription stream, ShardId shard, ShardId adjacent) {
        ShardDescription first = requireOpen(stream, shard, "merged");
        ShardDescription second = requireOpen(stream, adjacent, "merged");
        BigInteger behind = first.range().endInclusive().value().add(BigInteger.ONE);
        if (!behind.equals(second.range().startInclusive().value())) {
            throw reject("Shards " + shard.name() + " and " + adjacent.name() + " in stream " + stream.name()
                    + " are not an adjacent pair of shards eligible for merging: the second must begin where the first"
                    + " ends.");
        }
        Draft draft = new Draft(stream);
        draft.merge(new Piece(shard, first.range()), new Piece(adjacent, second.range()));
        return draft.plan();
    }

    /** As {@link StreamAdmin#updateShardCount} says: cuts at every border of the new shards, then joins what lies between. */
    public static ReshardPlan scale(StreamDescription stream, int shards) {
        requireOpenShards(stream, shards);
        int now = stream.openShards().size();
        if (shards * 2L < now || shards > now * 2L) {
            throw reject("stream '" + stream.name() + "' has " + now + " open shards and can go to " + (now + 1) / 2
                    + " up to " + Math.min(now * 2, StreamSettings.SHARDS_MAX) + " in one step, not to " + shards);
        }
        Draft draft = new Draft(stream);
        List<HashKeyRange> wanted = HashKeyRange.evenly(shards);
        List<Piece> pieces = new ArrayList<>();
        for (ShardDescription shard : inOrderOfRanges(stream)) {
            Piece rest = new Piece(shard.id(), shard.range());
            for (HashKeyRange range : wanted) {
                HashKey border = range.startInclusive();
                if (rest.range.contains(border) && !border.equals(rest.range.startInclusive())) {
                    List<Piece> two = draft.split(rest, border);
                    pieces.add(two.get(0));
                    rest = two.get(1);
                }
            }
            pieces.add(rest);
        }
        for (HashKeyRange range : wanted) {
            List<Piece> within = pieces.stream()
                    .filter(piece -> range.contains(piece.range.startInclusive()))
                    .toList();
            Piece joined = within.get(0);
            for (Piece next : within.subList(1, within.size())) {
                joined = draft.merge(joined, next);
            }
        }
        return draft.plan();
    }

    private static List<ShardDescription> inOrderOfRanges(StreamDescription stream) {
        return stream.openShards().stream()
                .sorted(Comparator.comparing(shard -> shard.range().startInclusive()))
                .toList();
    }

    private static ShardDescription requireOpen(StreamDescription stream, ShardId id, String what) {
        ShardDescription found = stream.shards().stream()
                .filter(shard -> shard.id().equals(id))
                .findFirst()
                .orElseThrow(() -> reject("no shard '" + id.name() + "' in stream '" + stream.name() + "'"));
        if (!found.open()) {
            throw reject("shard " + id.name() + " in stream '" + stream.name() + "' is closed and cannot be " + what);
        }
        return found;
    }

    private static void requireOpenShards(StreamDescription stream, int shards) {
        if (shards < 1 || shards > StreamSettings.SHARDS_MAX) {
            throw reject("stream '" + stream.name() + "' must have 1 to " + StreamSettings.SHARDS_MAX
                    + " open shards, not " + shards);
        }
    }

    private static StreamLogException reject(String message) {
        return new StreamLogException(StreamLogException.Category.REJECT, message);
    }

    private record Piece(ShardId id, HashKeyRange range) {}

    /** A plan in the making. */
    private static final class Draft {
        private final StreamName stream;
        private final List<Opened> opened = new ArrayList<>();
        private final List<ShardId> closed = new ArrayList<>();
        private int nextNumber;

        Draft(StreamDescription stream) {
            this.stream = stream.name();
            // The newest shard is open, so that its number is known for as long as the stream exists.
            nextNumber = new TreeSet<>(stream.shards().stream()
                                    .map(shard -> shard.id().number())
                                    .toList())
                            .last()
                    + 1;
        }

        List<Piece> split(Piece parent, HashKey at) {
            HashKey before = new HashKey(at.value().subtract(BigInteger.ONE));
            Piece low = open(new HashKeyRange(parent.range.startInclusive(), before), List.of(parent.id));
            Piece high = open(new HashKeyRange(at, parent.range.endInclusive()), List.of(parent.id));
            closed.add(parent.id);
            return List.of(low, high);
        }

        Piece merge(Piece first, Piece second) {
            closed.add(first.id);
            closed.add(second.id);
            return open(
                    new HashKeyRange(first.range.startInclusive(), second.range.endInclusive()),
                    List.of(first.id, second.id));
        }

        private Piece open(HashKeyRange range, List<ShardId> parents) {
            ShardId id = new ShardId(stream, nextNumber++);
            opened.add(new Opened(id, range, parents));
            return new Piece(id, range);
        }

        ReshardPlan plan() {
            return new ReshardPlan(opened, closed);
        }
    }
}
