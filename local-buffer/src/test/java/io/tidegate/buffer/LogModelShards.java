package io.tidegate.buffer;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidegate.core.stream.HashKey;
import io.tidegate.core.stream.ShardDescription;
import io.tidegate.core.stream.ShardId;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Random;

/** Splits, merges and scales a log's streams, and works out by itself which hash keys the open shards then have. */
final class LogModelShards {
    private static final BigInteger END = BigInteger.ONE.shiftLeft(128);

    private LogModelShards() {}

    /** Where each open shard begins, in order. */
    static List<BigInteger> evenly(int shards) {
        List<BigInteger> starts = new ArrayList<>();
        BigInteger width = END.divide(BigInteger.valueOf(shards));
        for (int i = 0; i < shards; i++) {
            starts.add(width.multiply(BigInteger.valueOf(i)));
        }
        return starts;
    }

    static String reshard(ShardLog log, LogModel model, LogModel.Stream stream, Random random, int shardsMax) {
        List<LogModel.Shard> open = stream.open().stream()
                .sorted(Comparator.comparing(shard -> shard.first))
                .toList();
        List<BigInteger> starts =
                new ArrayList<>(open.stream().map(shard -> shard.first).toList());
        int which = random.nextInt(open.size());
        LogModel.Shard one = open.get(which);
        int kind = random.nextInt(3);
        int next = stream.shards.lastKey() + 1;
        if (kind == 0 && open.size() < shardsMax) {
            BigInteger middle = one.first.add(one.last).shiftRight(1);
            log.admin().split(one.id, new HashKey(middle));
            starts.add(which + 1, middle);
        } else if (kind == 1 && which + 1 < open.size()) {
            log.admin().merge(one.id, open.get(which + 1).id);
            starts.remove(which + 1);
        } else {
            int most = Math.min(shardsMax, 2 * open.size());
            int shards = Math.max((open.size() + 1) / 2, 1 + random.nextInt(most));
            log.admin().updateShardCount(stream.name, shards);
            starts = evenly(shards);
        }
        adopt(log, model, stream, next, starts);
        model.committed();
        return "reshard";
    }

    /** Takes over the numbers of new shards, which must be new, and checks everything else. */
    static void adopt(ShardLog log, LogModel model, LogModel.Stream stream, int numberFrom, List<BigInteger> starts) {
        List<ShardDescription> listed =
                log.admin().describe(stream.name).orElseThrow().shards();
        List<Integer> openBefore =
                stream.open().stream().map(shard -> shard.id.number()).toList();
        for (ShardDescription one : listed) {
            LogModel.Shard shard = stream.shards.get(one.id().number());
            if (shard == null) {
                assertThat(one.id().number())
                        .as("I14: a shard number is new: " + one)
                        .isGreaterThanOrEqualTo(numberFrom);
                List<Integer> parents =
                        one.parents().stream().map(ShardId::number).toList();
                shard = new LogModel.Shard(
                        one.id(),
                        one.range().startInclusive().value(),
                        one.range().endInclusive().value(),
                        parents);
                checkParents(stream, shard, openBefore);
                stream.shards.put(one.id().number(), shard);
            }
            if (shard.isOpen && !one.open()) {
                shard.isOpen = false;
                shard.closedElapsedNanos = model.elapsedNanos;
            }
        }
        assertThat(stream.open().stream().map(shard -> shard.first).sorted().toList())
                .as("I14: where the open shards of " + stream.name + " begin")
                .isEqualTo(starts);
    }

    /** Through parents each child is connected with everything that its hash keys had before. */
    private static void checkParents(LogModel.Stream stream, LogModel.Shard child, List<Integer> openBefore) {
        for (int number : child.parents) {
            LogModel.Shard parent = Objects.requireNonNull(stream.shards.get(number), "parent of " + child.id);
            assertThat(parent.first.compareTo(child.last) <= 0 && child.first.compareTo(parent.last) <= 0)
                    .as("the ranges of " + child.id + " and its parent " + parent.id)
                    .isTrue();
        }
        assertThat(child.parents.isEmpty())
                .as("whether " + child.id + " has parents: " + child.parents)
                .isEqualTo(openBefore.isEmpty());
    }
}
