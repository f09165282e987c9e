package io.tidegate.buffer;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidegate.core.stream.AppendResult;
import io.tidegate.core.stream.AppendUnit;
import io.tidegate.core.stream.CheckpointScope;
import io.tidegate.core.stream.CheckpointUpdate;
import io.tidegate.core.stream.Expectation;
import io.tidegate.core.stream.HashKey;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.StateUpdate;
import io.tidegate.core.stream.StreamName;
import java.math.BigInteger;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Appends units to a log and says beforehand, from its model, what must become of them.
 *
 * <p>Confined to one thread.
 */
final class LogModelUnits {
    private static final int KEYS = 9;

    private final LogModelLife life;
    private final StreamName strict;
    private final int strictBytes;
    /** What the last unit would change that was answered as unknown; only the next opening tells. */
    private @Nullable Attempt unknown;

    private long count;

    private record Attempt(String cursor, Runnable apply) {}

    /** A record of a unit, with where it goes, or its first copy. */
    private record Offered(
            LogModel.Shard shard,
            LogModel.Stored record,
            @Nullable Long number,
            LogModel.@Nullable Seen first) {}

    LogModelUnits(LogModelLife life, StreamName strict, int strictBytes) {
        this.life = life;
        this.strict = strict;
        this.strictBytes = strictBytes;
    }

    String append() throws Exception {
        List<NewRecord> records = new ArrayList<>();
        List<Offered> offered = new ArrayList<>();
        for (int i = 1 + life.random.nextInt(5); i > 0; i--) {
            records.add(record());
        }
        boolean expectsRightly = life.random.nextInt(8) > 0;
        AppendResult result = offer(records, List.of(), expectsRightly, () -> offered.forEach(this::store), offered);
        return "append " + result.getClass().getSimpleName();
    }

    /** Places of readers, and what the model learns with them. */
    AppendResult confirm(CheckpointUpdate update, Runnable apply) throws Exception {
        return offer(List.of(), List.of(update), true, apply, new ArrayList<>());
    }

    AppendResult append(NewRecord record) throws Exception {
        List<Offered> offered = new ArrayList<>();
        return offer(List.of(record), List.of(), true, () -> offered.forEach(this::store), offered);
    }

    boolean isAnyUnknown() {
        return unknown != null;
    }

    /** An older log is there now. */
    void forgetUnknown() {
        unknown = null;
    }

    /** The log was opened again: what was unknown is there or is not. */
    void resolve() {
        Attempt open = unknown;
        unknown = null;
        String cursor = life.log.state(LogModelRun.CURSOR).map(Payload::utf8).orElse("");
        if (open != null && cursor.equals(open.cursor)) {
            open.apply.run();
        }
    }

    private NewRecord record() {
        List<StreamName> names =
                life.model.streams.values().stream().map(stream -> stream.name).toList();
        StreamName stream = names.get(life.random.nextInt(names.size()));
        String key = "key-" + life.random.nextInt(KEYS);
        List<LogModel.Seen> window = life.model.windows.getOrDefault(stream + "/" + key, List.of());
        if (!window.isEmpty() && life.random.nextInt(3) == 0) {
            LogModel.Seen again = window.get(life.random.nextInt(window.size()));
            return NewRecord.of(stream, key, Payload.ofUtf8(again.text())).withDeviceNumber(again.number());
        }
        String text = count + ":" + life.random.nextInt(1_000_000) + "x".repeat(life.random.nextInt(3000));
        NewRecord record = NewRecord.of(stream, key, Payload.ofUtf8(text));
        if (life.random.nextInt(5) == 0) {
            record = record.withExplicitHashKey(new HashKey(new BigInteger(128, life.random)));
        }
        return life.random.nextBoolean() ? record : record.withDeviceNumber((long) life.random.nextInt(200));
    }

    private void store(Offered one) {
        if (one.first == null) {
            life.model.store(one.shard, one.record, one.number);
        }
    }

    /** Appends one unit; what it changes in the model happens if it is stored. */
    private AppendResult offer(
            List<NewRecord> records,
            List<CheckpointUpdate> checkpoints,
            boolean expectsRightly,
            Runnable apply,
            List<Offered> offered)
            throws Exception {
        String next = Long.toString(++count);
        Payload now = life.model.cursor.isEmpty() ? null : Payload.ofUtf8(life.model.cursor);
        AppendUnit unit = new AppendUnit(
                records,
                checkpoints,
                List.of(new StateUpdate(LogModelRun.CURSOR, Payload.ofUtf8(next))),
                List.of(new Expectation.StateIs(LogModelRun.CURSOR, expectsRightly ? now : Payload.ofUtf8("wrong"))));
        AppendResult result = LogReader.append(life.log, unit);
        for (NewRecord record : records) {
            offered.add(predict(record, offered, result));
        }
        Runnable all = () -> {
            apply.run();
            life.model.cursor = next;
            life.model.committed();
        };
        if (result instanceof AppendResult.Committed committed) {
            assertThat(expectsRightly).isTrue();
            checkPlaced(committed, offered);
            all.run();
            unknown = null; // "Commit" 8: what was not answered is beyond the cut
        } else if (result instanceof AppendResult.Conflict) {
            assertThat(expectsRightly).isFalse();
        } else if (result instanceof AppendResult.Unknown) {
            assertThat(life.machine.isFull()).as("a unit is unknown: " + result).isTrue();
            unknown = new Attempt(next, all);
        } else {
            checkRefusal((AppendResult.Refused) result, records, checkpoints);
            // It may be tried again after a second.
            life.model.advance(life.machine.advance(Duration.ofSeconds(2)));
        }
        return result;
    }

    /** Where "Commit" 2 puts it: a second copy where the first one is, anything else behind the newest of its shard. */
    private Offered predict(NewRecord record, List<Offered> before, AppendResult result) {
        Long number = record.deviceNumber();
        String text = record.data().utf8();
        LogModel.Seen first = null;
        if (number != null) {
            first = life.model.firstCopy(record.stream(), record.partitionKey(), number, text);
            for (int i = 0; i < before.size(); i++) {
                Offered other = before.get(i);
                boolean isSame = other.first == null
                        && number.equals(other.number)
                        && other.record.text.equals(text)
                        && other.record.key.equals(record.partitionKey())
                        && other.shard.id.stream().equals(record.stream());
                if (isSame) {
                    first = new LogModel.Seen(number, text, other.shard.id, numberOf(i, before));
                }
            }
        }
        boolean isStored = result instanceof AppendResult.Committed committed
                && !committed.places().get(before.size()).duplicate();
        if (first != null && life.model.has(first.shard()) && isStored && !life.isListed(first.shard())) {
            first = null; // a first copy whose shard has expired is none any more
        } else if (first != null && life.model.shard(first.shard()).isGone) {
            first = null;
        }
        BigInteger hashKey = record.explicitHashKey() == null
                ? null
                : record.explicitHashKey().value();
        LogModel.Shard shard = life.model.stream(record.stream()).route(record.partitionKey(), hashKey);
        LogModel.Stored stored = new LogModel.Stored(record.partitionKey(), hashKey, text, life.model);
        return new Offered(shard, stored, number, first);
    }

    /** What the record at a place in its unit gets, if it is stored. */
    private static long numberOf(int index, List<Offered> unit) {
        LogModel.Shard shard = unit.get(index).shard;
        return shard.next()
                + unit.subList(0, index).stream()
                        .filter(other -> other.first == null && other.shard.id.equals(shard.id))
                        .count();
    }

    private void checkPlaced(AppendResult.Committed committed, List<Offered> offered) {
        assertThat(committed.places()).hasSize(offered.size());
        for (int i = 0; i < offered.size(); i++) {
            Offered one = offered.get(i);
            AppendResult.Placed place = committed.places().get(i);
            assertThat(place.duplicate()).as("I12: " + one).isEqualTo(one.first != null);
            assertThat(place.shard()).as("P2: " + one).isEqualTo(one.first == null ? one.shard.id : one.first.shard());
            assertThat(place.sequenceNumber())
                    .as("I4: " + one)
                    .isEqualTo(one.first == null ? numberOf(i, offered) : one.first.sequenceNumber());
            one.record.lsn = committed.lsn();
            one.record.epoch = life.log.status().epoch();
        }
    }

    private void checkRefusal(
            AppendResult.Refused refused, List<NewRecord> records, List<CheckpointUpdate> checkpoints) {
        if (life.machine.isFull()) {
            return;
        }
        long more = records.stream()
                .filter(record -> record.stream().equals(strict))
                .mapToLong(
                        record -> record.data().length() + record.partitionKey().length())
                .sum();
        long kept = life.model.stream(strict).shards.values().stream()
                .mapToLong(shard -> shard.retainedBytes(shard.horizon))
                .sum();
        boolean isExpiredPlace = checkpoints.stream()
                .anyMatch(
                        one -> one.scope() instanceof CheckpointScope.OneShard shard && !life.isListed(shard.shard()));
        assertThat((more > 0 && kept + more > strictBytes) || isExpiredPlace)
                .as("refused: " + refused + ", " + kept + " and " + more + " bytes")
                .isTrue();
    }
}
