package io.tidegate.buffer;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidegate.core.stream.AppendResult;
import io.tidegate.core.stream.AppendUnit;
import io.tidegate.core.stream.Checkpoint;
import io.tidegate.core.stream.CheckpointScope;
import io.tidegate.core.stream.CheckpointUpdate;
import io.tidegate.core.stream.ConsumerName;
import io.tidegate.core.stream.Expectation;
import io.tidegate.core.stream.FullPolicy;
import io.tidegate.core.stream.Gap;
import io.tidegate.core.stream.HashKey;
import io.tidegate.core.stream.LogEntry;
import io.tidegate.core.stream.LogPosition;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StartingPosition;
import io.tidegate.core.stream.StateUpdate;
import io.tidegate.core.stream.StreamLogException;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamRecord;
import io.tidegate.core.stream.StreamSelection;
import io.tidegate.core.stream.StreamSettings;
import java.math.BigInteger;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;

/**
 * One life of a log and of its {@link LogModel}: random operations from a seed, and after each of them the invariants.
 *
 * <p>Confined to one thread.
 */
final class LogModelRun implements AutoCloseable {
    static final String CURSOR = "cursor";
    static final ConsumerName LANE = new ConsumerName("lane");
    static final ConsumerName FOLLOWER = new ConsumerName("follower");
    /** Resharded; the lane may be required for it. */
    private static final StreamName AGED = new StreamName("aged");
    /** Keeps so many bytes. */
    private static final StreamName BOUNDED = new StreamName("bounded");
    /** Rejects when it is full. */
    private static final StreamName STRICT = new StreamName("strict");
    /** Comes and goes. */
    private static final StreamName PASSING = new StreamName("passing");

    static final CheckpointScope FOLLOWED =
            new CheckpointScope.CommitOrder(Set.of(AGED, BOUNDED, STRICT, StreamName.GAPS));
    private static final long HOUR = Duration.ofHours(1).toNanos();
    private static final int STRICT_BYTES = 40_000;
    private static final int SHARDS_MAX = 6;
    private static final int KEYS = 9;
    private static final int WINDOWS_MAX = 20;

    private final Random random;
    private final LogModelMachine machine;
    private final LogModelInvariants invariants =
            new LogModelInvariants(((CheckpointScope.CommitOrder) FOLLOWED).streams());
    private LogModel model = new LogModel(WINDOWS_MAX);
    private ShardLog log;
    /** What the last unit would change that was answered as unknown; only the next opening tells. */
    private @Nullable Attempt unknown;

    private LogModelMachine.@Nullable Copy oldCopy;
    private @Nullable LogModel oldModel;
    private long units;
    private String last = "";

    private record Attempt(String cursor, Runnable apply) {}

    private record Offered(
            LogModel.Shard shard,
            LogModel.Stored record,
            @Nullable Long number,
            LogModel.@Nullable Seen first) {}

    LogModelRun(Path disk, long seed) throws Exception {
        random = new Random(seed);
        machine = new LogModelMachine(disk, random, WINDOWS_MAX);
        log = machine.open();
        create(AGED, StreamSettings.of(AGED).withShards(3).withRetention(Duration.ofHours(24)));
        create(BOUNDED, StreamSettings.of(BOUNDED).withShards(2).withRetainedBytesMax(60_000));
        create(
                STRICT,
                StreamSettings.of(STRICT)
                        .withRetention(Duration.ofHours(24))
                        .withRetainedBytesMax(STRICT_BYTES)
                        .withOnFull(FullPolicy.REJECT));
        log.admin()
                .create(StreamSettings.of(StreamName.GAPS)
                        .withRetention(StreamSettings.RETENTION_MAX)
                        .withRecordBytesMax(1 << 20));
        log.admin().create(StreamSettings.of(StreamName.CLOCK));
        append();
        follow();
    }

    static CheckpointScope scope(ShardId shard) {
        return new CheckpointScope.OneShard(shard);
    }

    /** How often what was done, for the summary. */
    Map<String, Integer> counts() {
        return machine.counts();
    }

    void step() throws Exception {
        model.allow();
        last = operation();
        machine.count(last);
        model.allow();
        try {
            invariants.check(log, model);
            invariants.checkMayHaveGone(model);
        } catch (AssertionError e) {
            throw new AssertionError("after " + last, e);
        }
    }

    private String operation() throws Exception {
        int choice = random.nextInt(42);
        if (choice < 18) {
            return append();
        }
        return switch (choice) {
            case 18, 19 -> follow();
            case 20, 21, 22 -> lane();
            case 23, 24 -> passes(1 + random.nextInt(90));
            case 25 -> {
                machine.jump();
                yield "clock jump";
            }
            case 26, 27 -> restart(false);
            case 28, 29 -> restart(true);
            case 30 -> copy();
            case 31 -> restore();
            case 32 -> machine.isFull() ? heal() : machine.fill();
            default -> machine.isFull() ? append() : change(choice);
        };
    }

    /** Not while the disk is full: then each of these is refused, as the others show. */
    private String change(int choice) throws Exception {
        return switch (choice) {
            case 33, 34, 35 -> retain();
            case 36, 37, 38 -> reshard();
            case 39 -> createOrDelete();
            case 40 -> configure();
            default -> require();
        };
    }

    private String passes(int minutes) {
        model.advance(machine.advance(Duration.ofMinutes(minutes)));
        return "time passes";
    }

    // ---- records, state and places

    private String append() throws Exception {
        List<NewRecord> records = new ArrayList<>();
        List<Offered> offered = new ArrayList<>();
        for (int i = 1 + random.nextInt(5); i > 0; i--) {
            records.add(record());
        }
        boolean expectsRightly = random.nextInt(8) > 0;
        AppendResult result = offer(records, List.of(), expectsRightly, () -> offered.forEach(this::store), offered);
        return "append " + result.getClass().getSimpleName();
    }

    private NewRecord record() {
        List<StreamName> names =
                model.streams.values().stream().map(stream -> stream.name).toList();
        StreamName stream = names.get(random.nextInt(names.size()));
        String key = "key-" + random.nextInt(KEYS);
        List<LogModel.Seen> window = model.windows.getOrDefault(stream + "/" + key, List.of());
        if (!window.isEmpty() && random.nextInt(3) == 0) {
            LogModel.Seen again = window.get(random.nextInt(window.size()));
            return NewRecord.of(stream, key, Payload.ofUtf8(again.text())).withDeviceNumber(again.number());
        }
        String text = units + ":" + random.nextInt(1_000_000) + "x".repeat(random.nextInt(3000));
        NewRecord record = NewRecord.of(stream, key, Payload.ofUtf8(text));
        if (random.nextInt(5) == 0) {
            record = record.withExplicitHashKey(new HashKey(new BigInteger(128, random)));
        }
        return random.nextBoolean() ? record : record.withDeviceNumber((long) random.nextInt(200));
    }

    private void store(Offered one) {
        if (one.first == null) {
            model.store(one.shard, one.record, one.number);
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
        String next = Long.toString(++units);
        Payload now = model.cursor.isEmpty() ? null : Payload.ofUtf8(model.cursor);
        AppendUnit unit = new AppendUnit(
                records,
                checkpoints,
                List.of(new StateUpdate(CURSOR, Payload.ofUtf8(next))),
                List.of(new Expectation.StateIs(CURSOR, expectsRightly ? now : Payload.ofUtf8("wrong"))));
        AppendResult result = LogReader.append(log, unit);
        for (NewRecord record : records) {
            offered.add(predict(record, offered, result));
        }
        Runnable all = () -> {
            apply.run();
            model.cursor = next;
            model.committed();
        };
        if (result instanceof AppendResult.Committed committed) {
            assertThat(expectsRightly).isTrue();
            checkPlaced(committed, offered);
            all.run();
            unknown = null; // "Commit" 8: what was not answered is beyond the cut
        } else if (result instanceof AppendResult.Conflict) {
            assertThat(expectsRightly).isFalse();
        } else if (result instanceof AppendResult.Unknown) {
            assertThat(machine.isFull()).as("a unit is unknown: " + result).isTrue();
            unknown = new Attempt(next, all);
        } else {
            checkRefusal((AppendResult.Refused) result, records, checkpoints);
            // It may be tried again after a second.
            model.advance(machine.advance(Duration.ofSeconds(2)));
        }
        return result;
    }

    /** Where "Commit" 2 puts it: a second copy where the first one is, anything else behind the newest of its shard. */
    private Offered predict(NewRecord record, List<Offered> before, AppendResult result) {
        Long number = record.deviceNumber();
        String text = record.data().utf8();
        LogModel.Seen first = null;
        if (number != null) {
            first = model.firstCopy(record.stream(), record.partitionKey(), number, text);
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
        if (first != null && model.has(first.shard()) && isStored && !isListed(first.shard())) {
            first = null; // a first copy whose shard has expired is none any more
        } else if (first != null && model.shard(first.shard()).isGone) {
            first = null;
        }
        BigInteger hashKey = record.explicitHashKey() == null
                ? null
                : record.explicitHashKey().value();
        LogModel.Shard shard = model.stream(record.stream()).route(record.partitionKey(), hashKey);
        LogModel.Stored stored = new LogModel.Stored(record.partitionKey(), hashKey, text, model);
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

    private boolean isListed(ShardId shard) {
        return log.admin().describe(shard.stream()).orElseThrow().shards().stream()
                .anyMatch(one -> one.id().equals(shard));
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
            one.record.epoch = log.status().epoch();
        }
    }

    private void checkRefusal(
            AppendResult.Refused refused, List<NewRecord> records, List<CheckpointUpdate> checkpoints) {
        if (machine.isFull()) {
            return;
        }
        long more = records.stream()
                .filter(record -> record.stream().equals(STRICT))
                .mapToLong(
                        record -> record.data().length() + record.partitionKey().length())
                .sum();
        long kept = model.stream(STRICT).shards.values().stream()
                .mapToLong(shard -> shard.retainedBytes(shard.horizon))
                .sum();
        boolean isExpiredPlace = checkpoints.stream()
                .anyMatch(one -> one.scope() instanceof CheckpointScope.OneShard shard && !isListed(shard.shard()));
        assertThat((more > 0 && kept + more > STRICT_BYTES) || isExpiredPlace)
                .as("refused: " + refused + ", " + kept + " and " + more + " bytes")
                .isTrue();
    }

    /** Reads on in commit order: each number is heard of once, as a record or in a gap. */
    private String follow() throws Exception {
        Map<ShardId, BitSet> heard = new HashMap<>();
        model.heard.forEach((shard, numbers) -> heard.put(shard, (BitSet) numbers.clone()));
        Set<StreamName> streams = ((CheckpointScope.CommitOrder) FOLLOWED).streams();
        LogPosition position;
        try (var cursor = log.cursor(streams, model.follower)) {
            boolean atEnd;
            do {
                var batch = cursor.read(20_000);
                batch.entries().forEach(entry -> hear(entry, heard));
                atEnd = batch.atEnd();
            } while (!atEnd);
            position = cursor.position();
        }
        for (LogModel.Stream stream : model.streams.values()) {
            for (LogModel.Shard shard : streams.contains(stream.name) ? stream.listed() : List.<LogModel.Shard>of()) {
                assertThat(heard.getOrDefault(shard.id, new BitSet()).cardinality())
                        .as("Read: what a reader in commit order has heard of " + shard.id)
                        .isEqualTo(shard.records.size());
            }
        }
        CheckpointUpdate update =
                new CheckpointUpdate(FOLLOWER, FOLLOWED, new Checkpoint.InCommitOrder(position, Payload.EMPTY));
        offer(
                List.of(),
                List.of(update),
                true,
                () -> {
                    model.follower = position;
                    model.heard.clear();
                    model.heard.putAll(heard);
                },
                new ArrayList<>());
        return "follow";
    }

    private static void hear(LogEntry entry, Map<ShardId, BitSet> heard) {
        BitSet numbers = heard.computeIfAbsent(entry.shard(), first -> new BitSet());
        long from = entry instanceof Gap gap ? gap.fromInclusive() : ((StreamRecord) entry).sequenceNumber();
        long to = entry instanceof Gap gap ? gap.toExclusive() : from + 1;
        assertThat(numbers.get((int) from, (int) to).cardinality())
                .as("Read: heard of twice: " + entry)
                .isZero();
        numbers.set((int) from, (int) to);
    }

    /** Reads on in one shard and confirms some of it. */
    private String lane() throws Exception {
        List<LogModel.Shard> listed = model.stream(AGED).listed();
        LogModel.Shard shard = listed.get(random.nextInt(listed.size()));
        long next = model.lane.getOrDefault(shard.id, 1L);
        try {
            int most = random.nextBoolean() ? Integer.MAX_VALUE : random.nextInt(5);
            for (LogEntry entry : LogReader.all(log, shard.id, new StartingPosition.AtSequenceNumber(next))) {
                if (most-- > 0) {
                    boolean isGap = entry instanceof Gap;
                    assertThat(isGap ? ((Gap) entry).fromInclusive() : ((StreamRecord) entry).sequenceNumber())
                            .as("Read: the lane goes on where it was in " + shard.id)
                            .isEqualTo(next);
                    next = isGap ? ((Gap) entry).toExclusive() : next + 1;
                }
            }
        } catch (StreamLogException e) {
            assertThat(isListed(shard.id)).as(e.toString()).isFalse();
            return "lane too late";
        }
        long confirmed = next;
        offer(
                List.of(),
                List.of(new CheckpointUpdate(LANE, scope(shard.id), new Checkpoint.InShard(confirmed, Payload.EMPTY))),
                true,
                () -> model.lane.put(shard.id, confirmed),
                new ArrayList<>());
        return "lane";
    }

    // ---- streams

    private void create(StreamName name, StreamSettings settings) {
        assertThat(log.admin().create(settings)).isTrue();
        LogModel.Stream stream = new LogModel.Stream(name, settings.retention().toNanos());
        stream.bytesMax = settings.retainedBytesMax();
        stream.rejects = settings.onFull() == FullPolicy.REJECT;
        model.streams.put(name.value(), stream);
        int first = model.deleted.getOrDefault(name.value(), 0);
        LogModelShards.adopt(log, model, stream, first, LogModelShards.evenly(settings.shards()));
    }

    private String createOrDelete() {
        if (!model.streams.containsKey(PASSING.value())) {
            create(PASSING, StreamSettings.of(PASSING).withShards(1 + random.nextInt(2)));
            return "create";
        }
        log.admin().delete(PASSING);
        model.delete(PASSING);
        model.committed();
        return "delete";
    }

    private String configure() {
        LogModel.Stream stream = model.stream(random.nextBoolean() ? AGED : BOUNDED);
        StreamSettings settings =
                log.admin().describe(stream.name).orElseThrow().settings();
        if (stream.name.equals(AGED)) {
            stream.retain((24 + random.nextInt(48)) * HOUR);
            settings = settings.withRetention(Duration.ofNanos(stream.retentionNanos));
        } else {
            stream.bytesMax = random.nextInt(4) == 0 ? StreamSettings.UNLIMITED : 30_000 + random.nextInt(60_000);
            settings = settings.withRetainedBytesMax(stream.bytesMax);
        }
        log.admin().configure(settings);
        return "configure";
    }

    private String require() {
        model.laneRequires = model.laneRequires == null ? AGED : null;
        log.admin().require(model.laneRequires == null ? Map.of() : Map.of(LANE, new StreamSelection(Set.of(AGED))));
        return "require";
    }

    private String reshard() {
        LogModel.Stream stream = model.stream(random.nextInt(4) == 0 ? BOUNDED : AGED);
        return LogModelShards.reshard(log, model, stream, random, SHARDS_MAX);
    }

    /** Hours go by and the keeper looks: what is old and confirmed goes, and what is over the bytes. */
    private String retain() {
        model.advance(machine.advance(Duration.ofHours(random.nextInt(14))));
        model.allow();
        Awaitility.await().atMost(Duration.ofSeconds(20)).untilAsserted(() -> {
            log.lookNow();
            invariants.check(log, model);
            for (LogModel.Stream stream : model.streams.values()) {
                assertThat(LogModel.isWithinBytes(stream) || stream.rejects)
                        .as("Retain 1: " + stream.name + " keeps more than it may")
                        .isTrue();
                for (LogModel.Shard shard : stream.listed()) {
                    assertThat(shard.horizon)
                            .as("Retain 1: what is old in " + shard.id + " has gone")
                            .isGreaterThanOrEqualTo(model.mustExpireTo(stream, shard));
                }
            }
        });
        return "retain";
    }

    // ---- restarts and disks

    private String restart(boolean isAbrupt) throws Exception {
        LogModelMachine.Copy left = isAbrupt ? machine.copy() : null;
        log.close();
        if (left != null) {
            machine.restore(left);
        }
        reopen();
        return isAbrupt ? "abrupt restart" : "restart";
    }

    /** Not while nobody knows what became of a unit: it would be unknown again when the copy comes back. */
    private String copy() throws Exception {
        if (unknown != null) {
            return append();
        }
        oldCopy = machine.copy();
        oldModel = model.copy();
        return "copy";
    }

    private void reopen() throws Exception {
        model.reopened();
        machine.whileItIsOff();
        log = machine.open();
        Attempt open = unknown;
        unknown = null;
        String cursor = log.state(CURSOR).map(Payload::utf8).orElse("");
        if (open != null && cursor.equals(open.cursor)) {
            open.apply.run();
        }
    }

    /** The directory as it was some time ago; what has happened since has not. */
    private String restore() throws Exception {
        LogModelMachine.Copy copy = oldCopy;
        LogModel was = oldModel;
        if (copy == null || was == null || machine.isFull()) {
            return append();
        }
        log.close();
        machine.restore(copy);
        unknown = null;
        model = was.copy();
        reopen();
        return "restore";
    }

    /** The end of a full disk: within 5 s records are taken again. */
    private String heal() throws Exception {
        machine.makeRoom();
        Awaitility.await().atMost(Duration.ofSeconds(5)).until(() -> {
            log.lookNow();
            model.advance(machine.advance(Duration.ofSeconds(2)));
            List<Offered> offered = new ArrayList<>();
            NewRecord record = NewRecord.of(BOUNDED, "after", Payload.ofUtf8("after " + units));
            return offer(List.of(record), List.of(), true, () -> offered.forEach(this::store), offered)
                    instanceof AppendResult.Committed;
        });
        machine.healed();
        return "room again";
    }

    @Override
    public void close() throws Exception {
        try {
            if (machine.isFull()) {
                heal();
            }
        } finally {
            log.close();
        }
        assertThat(LogCheck.run(machine.directory()).findings()).isEmpty();
    }
}
