package io.tidegate.buffer;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidegate.core.stream.AppendResult;
import io.tidegate.core.stream.Checkpoint;
import io.tidegate.core.stream.CheckpointScope;
import io.tidegate.core.stream.CheckpointUpdate;
import io.tidegate.core.stream.ConsumerName;
import io.tidegate.core.stream.FullPolicy;
import io.tidegate.core.stream.Gap;
import io.tidegate.core.stream.LogEntry;
import io.tidegate.core.stream.LogPosition;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StartingPosition;
import io.tidegate.core.stream.StreamLogException;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamRecord;
import io.tidegate.core.stream.StreamSelection;
import io.tidegate.core.stream.StreamSettings;
import java.nio.file.Path;
import java.time.Duration;
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
    private static final int WINDOWS_MAX = 20;

    private final LogModelLife life;
    private final LogModelUnits units;
    private final LogModelInvariants invariants =
            new LogModelInvariants(((CheckpointScope.CommitOrder) FOLLOWED).streams());
    private LogModelMachine.@Nullable Copy oldCopy;
    private @Nullable LogModel oldModel;

    LogModelRun(Path disk, long seed) throws Exception {
        Random random = new Random(seed);
        LogModelMachine machine = new LogModelMachine(disk, random, WINDOWS_MAX);
        life = new LogModelLife(random, machine, machine.open(), new LogModel(WINDOWS_MAX));
        units = new LogModelUnits(life, STRICT, STRICT_BYTES);
        create(AGED, StreamSettings.of(AGED).withShards(3).withRetention(Duration.ofHours(24)));
        create(BOUNDED, StreamSettings.of(BOUNDED).withShards(2).withRetainedBytesMax(60_000));
        create(
                STRICT,
                StreamSettings.of(STRICT)
                        .withRetention(Duration.ofHours(24))
                        .withRetainedBytesMax(STRICT_BYTES)
                        .withOnFull(FullPolicy.REJECT));
        life.log
                .admin()
                .create(StreamSettings.of(StreamName.GAPS)
                        .withRetention(StreamSettings.RETENTION_MAX)
                        .withRecordBytesMax(1 << 20));
        life.log.admin().create(StreamSettings.of(StreamName.CLOCK));
        units.append();
        follow();
    }

    static CheckpointScope scope(ShardId shard) {
        return new CheckpointScope.OneShard(shard);
    }

    /** How often what was done, for the summary. */
    Map<String, Integer> counts() {
        return life.machine.counts();
    }

    void step() throws Exception {
        life.model.allow();
        String last = "nothing";
        try {
            last = operation();
            life.model.allow();
            invariants.check(life.log, life.model);
            invariants.checkMayHaveGone(life.model);
        } catch (StreamLogException e) {
            // Without room for the shared memory of its write-ahead log, a segment cannot be read.
            assertThat(life.machine.isFull() && e.category() == StreamLogException.Category.RETRY)
                    .as("after " + last + ": " + e)
                    .isTrue();
            last = "not read on a full disk";
        } catch (AssertionError e) {
            throw new AssertionError("after " + last, e);
        }
        life.machine.count(last);
    }

    private String operation() throws Exception {
        int choice = life.random.nextInt(42);
        if (choice < 18) {
            return units.append();
        }
        return switch (choice) {
            case 18, 19 -> follow();
            case 20, 21, 22 -> lane();
            case 23, 24 -> passes(1 + life.random.nextInt(90));
            case 25 -> {
                life.machine.jump();
                yield "clock jump";
            }
            case 26, 27 -> restart(false);
            case 28, 29 -> restart(true);
            case 30 -> copy();
            case 31 -> restore();
            case 32 -> life.machine.isFull() ? heal() : life.machine.fill();
            default -> life.machine.isFull() ? units.append() : change(choice);
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
        life.model.advance(life.machine.advance(Duration.ofMinutes(minutes)));
        return "time passes";
    }

    // ---- records, state and places

    /** Reads on in commit order: each number is heard of once, as a record or in a gap. */
    private String follow() throws Exception {
        Map<ShardId, BitSet> heard = new HashMap<>();
        life.model.heard.forEach((shard, numbers) -> heard.put(shard, (BitSet) numbers.clone()));
        Set<StreamName> streams = ((CheckpointScope.CommitOrder) FOLLOWED).streams();
        LogPosition position;
        try (var cursor = life.log.cursor(streams, life.model.follower)) {
            boolean atEnd;
            do {
                var batch = cursor.read(20_000);
                batch.entries().forEach(entry -> hear(entry, heard));
                atEnd = batch.atEnd();
            } while (!atEnd);
            position = cursor.position();
        }
        for (LogModel.Stream stream : life.model.streams.values()) {
            for (LogModel.Shard shard : streams.contains(stream.name) ? stream.listed() : List.<LogModel.Shard>of()) {
                assertThat(heard.getOrDefault(shard.id, new BitSet()).cardinality())
                        .as("Read: what a reader in commit order has heard of " + shard.id)
                        .isEqualTo(shard.records.size());
            }
        }
        CheckpointUpdate update =
                new CheckpointUpdate(FOLLOWER, FOLLOWED, new Checkpoint.InCommitOrder(position, Payload.EMPTY));
        units.confirm(update, () -> {
            life.model.follower = position;
            life.model.heard.clear();
            life.model.heard.putAll(heard);
        });
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
        List<LogModel.Shard> listed = life.model.stream(AGED).listed();
        LogModel.Shard shard = listed.get(life.random.nextInt(listed.size()));
        long next = life.model.lane.getOrDefault(shard.id, 1L);
        try {
            int most = life.random.nextBoolean() ? Integer.MAX_VALUE : life.random.nextInt(5);
            for (LogEntry entry : LogReader.all(life.log, shard.id, new StartingPosition.AtSequenceNumber(next))) {
                if (most-- > 0) {
                    boolean isGap = entry instanceof Gap;
                    assertThat(isGap ? ((Gap) entry).fromInclusive() : ((StreamRecord) entry).sequenceNumber())
                            .as("Read: the lane goes on where it was in " + shard.id)
                            .isEqualTo(next);
                    next = isGap ? ((Gap) entry).toExclusive() : next + 1;
                }
            }
        } catch (StreamLogException e) {
            assertThat(life.isListed(shard.id)).as(e.toString()).isFalse();
            return "lane too late";
        }
        long confirmed = next;
        units.confirm(
                new CheckpointUpdate(LANE, scope(shard.id), new Checkpoint.InShard(confirmed, Payload.EMPTY)),
                () -> life.model.lane.put(shard.id, confirmed));
        return "lane";
    }

    // ---- streams

    private void create(StreamName name, StreamSettings settings) {
        assertThat(life.log.admin().create(settings)).isTrue();
        LogModel.Stream stream = new LogModel.Stream(name, settings.retention().toNanos());
        stream.bytesMax = settings.retainedBytesMax();
        stream.rejects = settings.onFull() == FullPolicy.REJECT;
        life.model.streams.put(name.value(), stream);
        int first = life.model.deleted.getOrDefault(name.value(), 0);
        LogModelShards.adopt(life.log, life.model, stream, first, LogModelShards.evenly(settings.shards()));
    }

    private String createOrDelete() {
        if (!life.model.streams.containsKey(PASSING.value())) {
            create(PASSING, StreamSettings.of(PASSING).withShards(1 + life.random.nextInt(2)));
            return "create";
        }
        life.log.admin().delete(PASSING);
        life.model.delete(PASSING);
        life.model.committed();
        return "delete";
    }

    private String configure() {
        LogModel.Stream stream = life.model.stream(life.random.nextBoolean() ? AGED : BOUNDED);
        StreamSettings settings =
                life.log.admin().describe(stream.name).orElseThrow().settings();
        if (stream.name.equals(AGED)) {
            stream.retain((24 + life.random.nextInt(48)) * HOUR);
            settings = settings.withRetention(Duration.ofNanos(stream.retentionNanos));
        } else {
            stream.bytesMax =
                    life.random.nextInt(4) == 0 ? StreamSettings.UNLIMITED : 30_000 + life.random.nextInt(60_000);
            settings = settings.withRetainedBytesMax(stream.bytesMax);
        }
        life.log.admin().configure(settings);
        return "configure";
    }

    private String require() {
        life.model.laneRequires = life.model.laneRequires == null ? AGED : null;
        life.log
                .admin()
                .require(life.model.laneRequires == null ? Map.of() : Map.of(LANE, new StreamSelection(Set.of(AGED))));
        return "require";
    }

    private String reshard() {
        LogModel.Stream stream = life.model.stream(life.random.nextInt(4) == 0 ? BOUNDED : AGED);
        return LogModelShards.reshard(life.log, life.model, stream, life.random, SHARDS_MAX);
    }

    /** Hours go by and the keeper looks: what is old and confirmed goes, and what is over the bytes. */
    private String retain() {
        life.model.advance(life.machine.advance(Duration.ofHours(life.random.nextInt(14))));
        life.model.allow();
        Awaitility.await().atMost(Duration.ofSeconds(20)).untilAsserted(() -> {
            life.log.lookNow();
            invariants.check(life.log, life.model);
            for (LogModel.Stream stream : life.model.streams.values()) {
                assertThat(LogModel.isWithinBytes(stream) || stream.rejects)
                        .as("Retain 1: " + stream.name + " keeps more than it may")
                        .isTrue();
                for (LogModel.Shard shard : stream.listed()) {
                    assertThat(shard.horizon)
                            .as("Retain 1: what is old in " + shard.id + " has gone")
                            .isGreaterThanOrEqualTo(life.model.mustExpireTo(stream, shard));
                }
            }
        });
        return "retain";
    }

    // ---- restarts and disks

    private String restart(boolean isAbrupt) throws Exception {
        LogModelMachine.Copy left = isAbrupt ? life.machine.copy() : null;
        life.log.close();
        if (left != null) {
            life.machine.restore(left);
        }
        reopen();
        return isAbrupt ? "abrupt restart" : "restart";
    }

    /** Not while nobody knows what became of a unit: it would be unknown again when the copy comes back. */
    private String copy() throws Exception {
        if (units.isAnyUnknown()) {
            return units.append();
        }
        oldCopy = life.machine.copy();
        oldModel = life.model.copy();
        return "copy";
    }

    private void reopen() throws Exception {
        life.model.reopened();
        life.machine.whileItIsOff();
        life.log = life.machine.open();
        units.resolve();
    }

    /** The directory as it was some time ago; what has happened since has not. */
    private String restore() throws Exception {
        LogModelMachine.Copy copy = oldCopy;
        LogModel was = oldModel;
        if (copy == null || was == null || life.machine.isFull()) {
            return units.append();
        }
        life.log.close();
        life.machine.restore(copy);
        units.forgetUnknown();
        life.model = was.copy();
        reopen();
        return "restore";
    }

    /** The end of a full disk: within 5 s records are taken again. */
    private String heal() throws Exception {
        life.machine.makeRoom();
        Awaitility.await().atMost(Duration.ofSeconds(5)).until(() -> {
            life.log.lookNow();
            life.model.advance(life.machine.advance(Duration.ofSeconds(2)));
            NewRecord record = NewRecord.of(BOUNDED, "after", Payload.ofUtf8("after " + life.random.nextLong()));
            return units.append(record) instanceof AppendResult.Committed;
        });
        life.machine.healed();
        return "room again";
    }

    @Override
    public void close() throws Exception {
        try {
            if (life.machine.isFull()) {
                heal();
            }
        } finally {
            life.log.close();
        }
        assertThat(LogCheck.run(life.machine.directory()).findings()).isEmpty();
    }
}
