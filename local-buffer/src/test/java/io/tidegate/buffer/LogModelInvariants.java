package io.tidegate.buffer;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidegate.core.stream.Checkpoint;
import io.tidegate.core.stream.Gap;
import io.tidegate.core.stream.LogEntry;
import io.tidegate.core.stream.LogPosition;
import io.tidegate.core.stream.LossLedger;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.ShardDescription;
import io.tidegate.core.stream.ShardEpoch;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StartingPosition;
import io.tidegate.core.stream.StreamDescription;
import io.tidegate.core.stream.StreamLogException;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamRecord;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Holds a log against a {@link LogModel}: the invariants of docs/design/0001-shard-log.md that show from outside, by
 * their names there. What the model leaves open it learns here: how far horizons have moved, and which shards have gone.
 *
 * <p>Confined to one thread.
 */
final class LogModelInvariants {
    private static final Pattern EVICTED =
            Pattern.compile("\"stream\":\"([^\"]*)\",\"shardId\":\"shardId-([0-9]+)\",\"gap\":\\{\"from\":\"([0-9]+)\","
                    + "\"to\":\"([0-9]+)\",\"records\":([0-9]+),\"exact\":true,\"reason\":\"evicted\"");
    private static final BigInteger END = BigInteger.ONE.shiftLeft(128);

    /** What readers were given under shard, epoch and number, in all lives of the log. */
    private final Map<String, String> given = new HashMap<>();

    private final Set<StreamName> followed;

    LogModelInvariants(Set<StreamName> followed) {
        this.followed = followed;
    }

    void check(ShardLog log, LogModel model) {
        List<StreamRecord> inOrder = commitOrder(log, model);
        for (LogModel.Stream stream : List.copyOf(model.streams.values())) {
            StreamDescription description = log.admin().describe(stream.name).orElseThrow();
            checkSettings(description, stream);
            checkListing(description, model, stream);
            for (LogModel.Shard shard : stream.listed()) {
                checkShard(log, stream, shard);
            }
        }
        model.deleted.keySet().stream()
                .filter(name -> !model.streams.containsKey(name))
                .forEach(name -> assertThat(log.admin().describe(new StreamName(name)))
                        .as("deleted stream " + name)
                        .isEmpty());
        checkCommitOrder(inOrder, model);
        checkPlaces(log, model);
        checkGapsToldOnce(log, model);
    }

    private static void checkSettings(StreamDescription description, LogModel.Stream stream) {
        assertThat(description.settings().retention().toNanos()).isEqualTo(stream.retentionNanos);
        assertThat(description.settings().retainedBytesMax()).isEqualTo(stream.bytesMax);
    }

    /** I14: open shards cover every hash key once, and numbers never mean another shard; closed ones go when they may. */
    private static void checkListing(StreamDescription description, LogModel model, LogModel.Stream stream) {
        List<Integer> listed = new ArrayList<>();
        for (ShardDescription one : description.shards()) {
            LogModel.Shard shard = model.shard(one.id());
            assertThat(shard.isGone).as("I14: " + one.id() + " is listed again").isFalse();
            assertThat(one.open()).as("I14: " + one.id() + " is open").isEqualTo(shard.isOpen);
            assertThat(one.range().startInclusive().value()).isEqualTo(shard.first);
            assertThat(one.range().endInclusive().value()).isEqualTo(shard.last);
            assertThat(one.parents().stream().map(ShardId::number).toList()).isEqualTo(shard.parents);
            assertThat(one.nextSequenceNumber())
                    .as("I4, I14: the next number of " + one.id())
                    .isEqualTo(shard.next());
            listed.add(one.id().number());
        }
        BigInteger next = BigInteger.ZERO;
        for (ShardDescription open : description.openShards().stream()
                .sorted(Comparator.comparing(shard -> shard.range().startInclusive()))
                .toList()) {
            assertThat(open.range().startInclusive().value())
                    .as("I14: the ranges of " + stream.name)
                    .isEqualTo(next);
            next = open.range().endInclusive().value().add(BigInteger.ONE);
        }
        assertThat(next).as("I14: the ranges of " + stream.name).isEqualTo(END);
        for (LogModel.Shard shard : stream.listed()) {
            if (!listed.contains(shard.id.number())) {
                shard.isGone = true;
            }
        }
    }

    /** "Reshard" 4: by age, when everything in it has gone, and everybody who has a place there has heard of it. */
    void checkMayHaveGone(LogModel model) {
        for (LogModel.Stream stream : model.streams.values()) {
            for (LogModel.Shard shard : stream.shards.values()) {
                if (!shard.isGone || shard.goneIsChecked) {
                    continue;
                }
                shard.goneIsChecked = true;
                String what = "Reshard 4: " + shard.id + " is not listed any more";
                assertThat(shard.isOpen).as(what).isFalse();
                assertThat(model.elapsedNanos - shard.closedElapsedNanos)
                        .as(what)
                        .isGreaterThanOrEqualTo(stream.retentionNanosMin);
                assertThat(Math.max(shard.mayExpireTo, shard.mayEvictTo))
                        .as(what)
                        .isEqualTo(shard.next());
                assertThat(shard.parents)
                        .as(what)
                        .allMatch(parent -> !stream.shards.containsKey(parent) || stream.shards.get(parent).isGone);
                // After two retentions only those who are required are waited for.
                boolean isAwaited = model.elapsedNanos - shard.closedElapsedNanos < 2 * stream.retentionNanosMin;
                Long place = model.lane.remove(shard.id);
                boolean isRequired = shard.id.stream().equals(model.laneRequires);
                if ((place != null && isAwaited) || (isRequired && !shard.records.isEmpty())) {
                    assertThat(place).as(what + ", the lane's place").isEqualTo(shard.next());
                }
                if (isAwaited && followed.contains(stream.name)) {
                    assertThat(model.heard.getOrDefault(shard.id, new BitSet()).cardinality())
                            .as(what + ", the numbers that the reader in commit order has heard of")
                            .isEqualTo(shard.records.size());
                }
            }
        }
    }

    private void checkShard(ShardLog log, LogModel.Stream stream, LogModel.Shard shard) {
        LossLedger ledger;
        List<LogEntry> entries;
        List<ShardEpoch> epochs;
        try {
            // Again if the keeper moved the horizon in between: then the gap comes in two parts.
            do {
                ledger = log.ledger(shard.id);
                epochs = log.epochs(shard.id);
                entries = LogReader.all(log, shard.id, new StartingPosition.AtSequenceNumber(1));
            } while (!ledger.equals(log.ledger(shard.id)));
        } catch (StreamLogException e) {
            assertThat(log.admin().describe(stream.name).orElseThrow().shards())
                    .as(e.toString())
                    .noneMatch(listed -> listed.id().equals(shard.id));
            shard.isGone = true;
            return;
        }
        long horizon = 1;
        if (!entries.isEmpty() && entries.get(0) instanceof Gap gap) {
            assertThat(gap.fromInclusive())
                    .as("I4: the first number is 1: " + gap)
                    .isEqualTo(1);
            horizon = gap.toExclusive();
        }
        checkHorizon(shard, horizon, ledger);
        List<StreamRecord> records = LogReader.records(entries);
        long next = horizon;
        for (StreamRecord record : records) {
            assertThat(record.sequenceNumber()).as("I4: dense in " + shard.id).isEqualTo(next);
            checkRecord(shard, record);
            next++;
        }
        assertThat(next).as("I4: everything is there in " + shard.id).isEqualTo(shard.next());
        assertThat(entries).hasSize(records.size() + (horizon > 1 ? 1 : 0));
        if (stream.rejects) {
            assertThat(ledger.evicted()).isZero();
            assertThat(stream.shards.values().stream()
                            .mapToLong(one -> one.retainedBytes(one.horizon))
                            .sum())
                    .as("what " + stream.name + " keeps")
                    .isLessThanOrEqualTo(stream.bytesMax);
        }
        checkEpochs(epochs, shard);
    }

    private static void checkHorizon(LogModel.Shard shard, long horizon, LossLedger ledger) {
        assertThat(horizon)
                .as("the horizon of " + shard.id + " never goes back")
                .isGreaterThanOrEqualTo(shard.horizon);
        assertThat(horizon)
                .as("I13, Retain 1: how far the horizon of " + shard.id + " may be (age " + shard.mayExpireTo
                        + ", bytes " + shard.mayEvictTo + ")")
                .isLessThanOrEqualTo(Math.max(shard.mayExpireTo, shard.mayEvictTo));
        shard.horizon = horizon;
        assertThat(ledger.balances()).as("I7: " + ledger).isTrue();
        assertThat(ledger.appended()).as("I7: " + ledger).isEqualTo(shard.records.size());
        assertThat(ledger.retained()).as("I7: " + ledger).isEqualTo(shard.next() - horizon);
        assertThat(ledger.corrupt()).as("I7: " + ledger).isZero();
        if (shard.mayEvictTo == 1) {
            assertThat(ledger.evicted())
                    .as("I7: only its age can have taken it: " + ledger)
                    .isZero();
        }
        if (shard.mayExpireTo == 1) {
            assertThat(ledger.expired())
                    .as("I7: nothing was old enough: " + ledger)
                    .isZero();
        }
    }

    /** I4, I8, I11: what a reader was given once, it is given for ever, and a number means one record per epoch. */
    private void checkRecord(LogModel.Shard shard, StreamRecord record) {
        LogModel.Stored expected = shard.record(record.sequenceNumber());
        String what = "I4: record " + record.sequenceNumber() + " of " + shard.id;
        assertThat(record.data().utf8()).as(what).isEqualTo(expected.text);
        assertThat(record.partitionKey()).as(what).isEqualTo(expected.key);
        BigInteger hashKey = record.explicitHashKey() == null
                ? null
                : record.explicitHashKey().value();
        assertThat(hashKey).as(what).isEqualTo(expected.hashKey);
        if (expected.arrivalMillis == 0) {
            expected.arrivalMillis = record.arrivalTimeMillis();
            expected.lsn = expected.lsn == 0 ? record.position().lsn() : expected.lsn;
            expected.epoch = expected.epoch == 0 ? record.epoch() : expected.epoch;
            String before =
                    given.putIfAbsent(shard.id + "/" + record.epoch() + "/" + record.sequenceNumber(), expected.text);
            assertThat(before == null || before.equals(expected.text))
                    .as("I4, I11: another record than before under " + what + " in epoch " + record.epoch())
                    .isTrue();
        }
        assertThat(record.arrivalTimeMillis()).as("I8: " + what).isEqualTo(expected.arrivalMillis);
        assertThat(record.arrivalTimeMillis()).as("I8: " + what).isGreaterThanOrEqualTo(OpenedLogs.BUILD_MILLIS);
        assertThat(record.position().lsn()).as("I3: " + what).isEqualTo(expected.lsn);
        assertThat(record.epoch()).as("I11: " + what).isEqualTo(expected.epoch);
    }

    private static void checkEpochs(List<ShardEpoch> epochs, LogModel.Shard shard) {
        List<ShardEpoch> expected = new ArrayList<>();
        for (long number = 1; number < shard.next(); number++) {
            long epoch = shard.record(number).epoch;
            ShardEpoch last = expected.isEmpty() ? null : expected.get(expected.size() - 1);
            if (epoch == 0) {
                return; // gone before anybody read it
            }
            if (last != null && last.epoch() == epoch) {
                expected.set(expected.size() - 1, new ShardEpoch(epoch, last.firstSequenceNumber(), number + 1));
            } else {
                expected.add(new ShardEpoch(epoch, number, number + 1));
            }
        }
        assertThat(epochs).as("I11: the epochs of " + shard.id).isEqualTo(expected);
    }

    private static List<StreamRecord> commitOrder(ShardLog log, LogModel model) {
        Set<StreamName> streams = new TreeSet<>();
        model.streams.values().forEach(stream -> streams.add(stream.name));
        List<LogEntry> entries = new ArrayList<>();
        try (var cursor = log.cursor(streams, LogPosition.TRIM_HORIZON)) {
            boolean atEnd;
            do {
                var batch = cursor.read(100_000);
                entries.addAll(batch.entries());
                atEnd = batch.atEnd();
            } while (!atEnd);
        }
        return LogReader.records(entries);
    }

    /** P2, I8, I14: over all shards, the order of storing; a child's records never before its parent's. */
    private static void checkCommitOrder(List<StreamRecord> records, LogModel model) {
        List<Map.Entry<ShardId, Long>> expected = model.commitOrder.stream()
                .filter(one -> one.getValue() >= model.shard(one.getKey()).horizon && !model.shard(one.getKey()).isGone)
                .toList();
        List<Map.Entry<ShardId, Long>> found = records.stream()
                .map(record -> Map.entry(record.shard(), record.sequenceNumber()))
                .filter(one -> one.getValue() >= model.shard(one.getKey()).horizon && !model.shard(one.getKey()).isGone)
                .toList();
        assertThat(found).as("P2: the order of commits").isEqualTo(expected);
        long time = 0;
        for (StreamRecord record : records) {
            assertThat(record.arrivalTimeMillis()).as("I8: time goes on").isGreaterThanOrEqualTo(time);
            time = record.arrivalTimeMillis();
        }
    }

    /** P5: no place goes back, and none is ahead of what was committed. */
    private static void checkPlaces(ShardLog log, LogModel model) {
        assertThat(log.state(LogModelRun.CURSOR).map(Payload::utf8).orElse(""))
                .as("the state, and with it the units")
                .isEqualTo(model.cursor);
        for (LogModel.Stream stream : model.streams.values()) {
            for (LogModel.Shard shard : stream.listed()) {
                Long expected = model.lane.get(shard.id);
                Long found = log.checkpoint(LogModelRun.LANE, LogModelRun.scope(shard.id))
                        .map(place -> ((Checkpoint.InShard) place).nextSequenceNumber())
                        .orElse(null);
                boolean isListed = log.admin().describe(stream.name).orElseThrow().shards().stream()
                        .anyMatch(one -> one.id().equals(shard.id));
                if (isListed) {
                    assertThat(found).as("the lane's place in " + shard.id).isEqualTo(expected);
                }
            }
        }
        @Nullable
        LogPosition place = log.checkpoint(LogModelRun.FOLLOWER, LogModelRun.FOLLOWED)
                .map(one -> ((Checkpoint.InCommitOrder) one).next())
                .orElse(null);
        assertThat(place == null ? LogPosition.TRIM_HORIZON : place)
                .as("the place in commit order")
                .isEqualTo(model.follower);
        assertThat(log.admin().required().keySet())
                .as("I13: who is required")
                .hasSize(model.laneRequires == null ? 0 : 1);
    }

    /** P3: every number that was evicted is in one record of {@code _gaps}. */
    private static void checkGapsToldOnce(ShardLog log, LogModel model) {
        for (LogModel.Stream stream : model.streams.values()) {
            for (LogModel.Shard shard : stream.listed()) {
                long before;
                long told;
                try {
                    do {
                        before = log.ledger(shard.id).evicted();
                        told = evictedInGaps(log, shard);
                    } while (before != log.ledger(shard.id).evicted());
                } catch (StreamLogException e) {
                    continue; // it has just expired
                }
                assertThat(told)
                        .as("P3: evicted from " + shard.id + ", told in _gaps")
                        .isEqualTo(before);
            }
        }
    }

    private static long evictedInGaps(ShardLog log, LogModel.Shard shard) {
        long told = 0;
        BitSet numbers = new BitSet();
        for (StreamRecord record : LogReader.records(
                LogReader.all(log, new ShardId(StreamName.GAPS, 0), new StartingPosition.AtSequenceNumber(1)))) {
            Matcher gap = EVICTED.matcher(record.data().utf8());
            if (gap.find()
                    && gap.group(1).equals(shard.id.stream().value())
                    && Integer.parseInt(gap.group(2)) == shard.id.number()) {
                int from = Integer.parseInt(gap.group(3));
                int to = Integer.parseInt(gap.group(4));
                assertThat(numbers.get(from, to).isEmpty())
                        .as("P3: told twice: " + record)
                        .isTrue();
                numbers.set(from, to);
                told += Long.parseLong(gap.group(5));
            }
        }
        return told;
    }
}
