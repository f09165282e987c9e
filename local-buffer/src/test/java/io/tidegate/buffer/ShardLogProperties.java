package io.tidegate.buffer;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidegate.core.runtime.FakeClock;
import io.tidegate.core.stream.AppendResult;
import io.tidegate.core.stream.AppendUnit;
import io.tidegate.core.stream.Expectation;
import io.tidegate.core.stream.Gap;
import io.tidegate.core.stream.LogEntry;
import io.tidegate.core.stream.LogPosition;
import io.tidegate.core.stream.LossLedger;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.ShardDescription;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StartingPosition;
import io.tidegate.core.stream.StateUpdate;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamRecord;
import io.tidegate.core.stream.StreamSettings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Random operations against a model that follows docs/design/0001-shard-log.md; a seed can be replayed with
 * {@code -Dseed=}.
 */
class ShardLogProperties {
    private static final StreamName STREAM = new StreamName("model");
    private static final int SHARDS = 3;
    private static final int STEPS = 150;
    private static final Duration RETENTION = Duration.ofDays(1);

    @TempDir
    Path home;

    private final FakeClock clock = new FakeClock(1_800_000_000_000L);

    @SuppressWarnings("NullAway.Init") // opened first of all
    private ShardLog log;

    private Random random = new Random(0);
    private final List<MasterKey> keys = new ArrayList<>();
    private long seed;

    /** What the log must hold, kept in the simplest way. */
    private static final class Model {
        record Stored(String key, String text, long nanos) {}

        record Seen(long number, String text, int shard) {}

        final Map<Integer, List<Stored>> shards = new HashMap<>();
        final List<String> commitOrder = new ArrayList<>();
        final Map<String, List<Seen>> windows = new HashMap<>();
        final Map<String, Integer> shardOfKey = new HashMap<>();
        final Map<Integer, Long> horizons = new HashMap<>();
        String state = "";
    }

    private final Model model = new Model();

    static List<Long> seeds() {
        Long one = Long.getLong("seed");
        return one == null ? List.of(1L, 2L, 3L) : List.of(one);
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void anyOperations_leaveWhatTheModelSays(long seed) throws Exception {
        this.seed = seed;
        random = new Random(seed);
        open();
        log.admin().create(StreamSettings.of(STREAM).withShards(SHARDS).withRetention(RETENTION));
        try {
            for (int step = 0; step < STEPS; step++) {
                step();
            }
            verify();
        } catch (AssertionError e) {
            throw new AssertionError("seed " + seed, e);
        } finally {
            log.close();
        }
        LogEncryption all = LogEncryption.of(keys);
        assertThat(LogCheck.run(home.resolve("log"), all).findings())
                .as("seed " + seed)
                .isEmpty();
    }

    private void open() {
        Compression compression = random.nextBoolean() ? Compression.ZSTD : Compression.NONE;
        ShardLogSettings settings = ShardLogSettings.of(home.resolve("log"), "model")
                .withSegmentBytes(64 << 10)
                .withMemory(1 << 20, 50_000)
                .withDuplicateKeysMax(1000)
                .withCompression(compression)
                .withEncryption(encryption());
        log = OpenedLogs.open(settings, clock);
    }

    /** In two of three seeds: with one key, with none, or with a new one, and the old ones. */
    private LogEncryption encryption() {
        if (seed % 3 == 1) {
            return LogEncryption.none();
        }
        if (keys.isEmpty() || random.nextInt(3) == 0) {
            byte[] secret = new byte[MasterKey.BYTES];
            random.nextBytes(secret);
            keys.add(0, MasterKey.of(secret));
        }
        LogEncryption encryption = LogEncryption.of(keys);
        return random.nextInt(4) == 0 ? encryption.forOldSegmentsOnly() : encryption;
    }

    private void step() throws Exception {
        switch (random.nextInt(21)) {
            case 0 -> {
                log.close();
                open();
            }
            case 1 ->
                clock.setWall(clock.wallMillis()
                        + Duration.ofDays(random.nextInt(4000) - 2000).toMillis());
            case 2, 3 -> clock.advance(Duration.ofHours(random.nextInt(12)));
            case 4 -> log.lookNow();
            case 5 -> verify();
            case 6 -> reshard();
            default -> append();
        }
    }

    private void reshard() {
        int open = log.admin().describe(STREAM).orElseThrow().openShards().size();
        int count = Math.min(5, Math.max((open + 1) / 2, 1 + random.nextInt(2 * open)));
        log.admin().updateShardCount(STREAM, count);
        assertThat(log.admin().describe(STREAM).orElseThrow().openShards()).hasSize(count);
        model.shardOfKey.clear();
    }

    private boolean isListed(int shard) {
        return log.admin().describe(STREAM).orElseThrow().shards().stream()
                .anyMatch(one -> one.id().number() == shard);
    }

    private void append() throws Exception {
        List<NewRecord> records = new ArrayList<>();
        for (int i = 0; i < 1 + random.nextInt(5); i++) {
            records.add(record());
        }
        boolean expectsRightly = random.nextInt(4) > 0;
        String next = Integer.toString(random.nextInt(1000));
        Payload expected = model.state.isEmpty() ? null : Payload.ofUtf8(model.state);
        AppendUnit unit = new AppendUnit(
                records,
                List.of(),
                List.of(new StateUpdate("cursor", Payload.ofUtf8(next))),
                List.of(new Expectation.StateIs("cursor", expectsRightly ? expected : Payload.ofUtf8("wrong"))));
        AppendResult result = LogReader.append(log, unit);
        if (!expectsRightly) {
            assertThat(result).isInstanceOf(AppendResult.Conflict.class);
            return;
        }
        model.state = next;
        List<AppendResult.Placed> places = ((AppendResult.Committed) result).places();
        for (int i = 0; i < records.size(); i++) {
            apply(records.get(i), places.get(i));
        }
    }

    private NewRecord record() {
        String key = "key-" + random.nextInt(10);
        List<Model.Seen> window = model.windows.getOrDefault(key, List.of());
        if (!window.isEmpty() && random.nextInt(4) == 0) {
            Model.Seen again = window.get(random.nextInt(window.size()));
            return NewRecord.of(STREAM, key, Payload.ofUtf8(again.text())).withDeviceNumber(again.number());
        }
        String text = random.nextInt(1_000_000) + "x".repeat(random.nextInt(3000));
        NewRecord record = NewRecord.of(STREAM, key, Payload.ofUtf8(text));
        return random.nextBoolean() ? record : record.withDeviceNumber((long) random.nextInt(200));
    }

    private void apply(NewRecord record, AppendResult.Placed place) {
        String key = record.partitionKey();
        String text = record.data().utf8();
        int shard = place.shard().number();
        if (!place.duplicate()) {
            assertThat(model.shardOfKey.computeIfAbsent(key, first -> shard)).isEqualTo(shard);
        }
        Long number = record.deviceNumber();
        List<Model.Seen> window = model.windows.computeIfAbsent(key, first -> new ArrayList<>());
        if (number != null) {
            List<Model.Seen> first = window.subList(Math.max(0, window.size() - 64), window.size()).stream()
                    .filter(seen -> seen.number() == number && seen.text().equals(text))
                    .toList();
            if (place.duplicate()) {
                assertThat(first).extracting(Model.Seen::shard).contains(shard);
                assertThat(model.shards
                                .getOrDefault(shard, List.of())
                                .get((int) place.sequenceNumber() - 1)
                                .text())
                        .isEqualTo(text);
                return;
            }
            // A first copy in a shard that has expired is none any more.
            assertThat(first).noneMatch(seen -> isListed(seen.shard()));
            window.add(new Model.Seen(number, text, shard));
        }
        List<Model.Stored> stored = model.shards.computeIfAbsent(shard, first -> new ArrayList<>());
        assertThat(place.duplicate()).isFalse();
        assertThat(place.sequenceNumber()).isEqualTo(stored.size() + 1);
        stored.add(new Model.Stored(key, text, clock.monotonicNanos()));
        model.commitOrder.add(text);
    }

    private void verify() {
        assertThat(log.state("cursor").map(Payload::utf8).orElse("")).isEqualTo(model.state);
        List<ShardId> listed = log.admin().describe(STREAM).orElseThrow().shards().stream()
                .map(ShardDescription::id)
                .toList();
        for (ShardId shard : listed) {
            if (isListed(shard.number())) {
                verify(shard, model.shards.getOrDefault(shard.number(), List.of()));
            }
        }
        model.shards.forEach((shard, stored) -> {
            if (!listed.contains(new ShardId(STREAM, shard))) {
                long ageNanos =
                        clock.monotonicNanos() - stored.get(stored.size() - 1).nanos();
                assertThat(ageNanos).isGreaterThanOrEqualTo(RETENTION.toNanos());
            }
        });
        List<String> inCommitOrder = LogReader.texts(LogReader.all(log, STREAM, LogPosition.TRIM_HORIZON));
        assertThat(model.commitOrder).containsSubsequence(inCommitOrder);
    }

    private void verify(ShardId id, List<Model.Stored> stored) {
        LossLedger ledger = log.ledger(id);
        assertThat(ledger.balances()).isTrue();
        assertThat(ledger.appended()).isEqualTo(stored.size());
        // Read again if the keeper moved the horizon in between: then the gap comes in two parts.
        List<LogEntry> entries;
        long before;
        do {
            before = log.ledger(id).retained();
            entries = LogReader.all(log, id, new StartingPosition.AtSequenceNumber(1));
        } while (log.ledger(id).retained() != before);
        long horizon = 1;
        if (!entries.isEmpty() && entries.get(0) instanceof Gap gap) {
            horizon = gap.toExclusive();
            assertThat(gap.fromInclusive()).isEqualTo(1);
        }
        assertThat(horizon).isGreaterThanOrEqualTo(model.horizons.getOrDefault(id.number(), 1L));
        model.horizons.put(id.number(), horizon);
        List<StreamRecord> records = LogReader.records(entries);
        assertThat(records).hasSize((int) (stored.size() - horizon + 1));
        for (StreamRecord record : records) {
            assertThat(record.sequenceNumber()).isEqualTo(horizon++);
            assertThat(record.data().utf8())
                    .isEqualTo(stored.get((int) record.sequenceNumber() - 1).text());
        }
        // What is gone was older than the stream keeps, by the time that went by and not by the wall clock.
        long gone = model.horizons.get(id.number()) - 1;
        if (gone > 0) {
            long ageNanos = clock.monotonicNanos() - stored.get((int) gone - 1).nanos();
            assertThat(ageNanos).isGreaterThanOrEqualTo(RETENTION.toNanos());
        }
    }
}
