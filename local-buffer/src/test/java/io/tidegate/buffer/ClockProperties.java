package io.tidegate.buffer;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidegate.core.stream.AppendUnit;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StartingPosition;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamRecord;
import io.tidegate.core.stream.StreamSettings;
import io.tidegate.core.stream.TimeQuality;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Random histories of a machine's clocks against a model that follows docs/design/0009-clock.md; a seed
 * can be replayed with {@code -Dseed=}.
 */
class ClockProperties {
    private static final StreamName STREAM = new StreamName("model");
    private static final ShardId SHARD = new ShardId(STREAM, 0);
    private static final int STEPS = 100;
    private static final long BUILD = OpenedLogs.BUILD_MILLIS;
    private static final Duration RETENTION = Duration.ofDays(1);

    @TempDir
    Path home;

    /** A commit with one record, or, without a time, an era; in the order of the log. */
    private record Event(long boot, long monotonicMillis, long timeMillis, boolean synced, long offsetMillis) {
        boolean isEra() {
            return timeMillis == 0;
        }
    }

    private final List<Event> events = new ArrayList<>();
    /** Powered-on time of each record. */
    private final List<Long> appendedMillis = new ArrayList<>();

    private long poweredOnMillis;
    private long effectiveMillis = BUILD;
    private long effectiveAtMonotonicMillis;
    private Random random = new Random(0);

    @SuppressWarnings("NullAway.Init") // opened first of all
    private Boots machine;

    @SuppressWarnings("NullAway.Init") // opened first of all
    private ShardLog log;

    static List<Long> seeds() {
        Long one = Long.getLong("seed");
        return one == null ? List.of(1L, 2L, 3L) : List.of(one);
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void anyHistoryOfClocks_leavesTimesAsTheyWereGiven_andFindsByCorrectedTime(long seed) throws Exception {
        random = new Random(seed);
        machine = new Boots(OpenedLogs.settings(home).withSegmentBytes(64 << 10));
        log = machine.open();
        effectiveAtMonotonicMillis = machine.monotonicMillis();
        log.admin().create(StreamSettings.of(STREAM).withRetention(RETENTION));
        log.admin().create(StreamSettings.of(StreamName.CLOCK));
        try {
            for (int step = 0; step < STEPS; step++) {
                step();
                if (step % 25 == 24) {
                    verify();
                }
            }
            verify();
        } catch (AssertionError e) {
            throw new AssertionError("seed " + seed, e);
        } finally {
            log.close();
        }
        assertThat(LogCheck.run(home.resolve("log")).findings())
                .as("seed " + seed)
                .isEmpty();
    }

    private void step() throws Exception {
        advance();
        switch (random.nextInt(12)) {
            case 0 -> {
                log.close();
                machine.advance(Duration.ofMinutes(random.nextInt(500)));
                log = machine.open();
            }
            case 1 -> {
                // What has gone by since the last commit, a boot forgets.
                observe();
                append();
                log.close();
                machine.boot(wall());
                log = machine.open();
                effectiveAtMonotonicMillis = machine.monotonicMillis();
            }
            case 2, 3 -> machine.set(wall(), random.nextInt(3) > 0);
            case 4 -> machine.set(machine.clock().wallMillis(), !machine.isSynced());
            case 5 -> log.lookNow();
            default -> {}
        }
        // Whatever happened to the clocks is seen by a commit before the next change.
        observe();
        append();
    }

    private void advance() {
        // More than a second, so that every change may begin an era.
        Duration duration = Duration.ofMillis(1_500 + random.nextInt(random.nextInt(8) == 0 ? 20_000_000 : 100_000));
        machine.advance(duration);
        poweredOnMillis += duration.toMillis();
    }

    private long wall() {
        return switch (random.nextInt(5)) {
            case 0 -> 0;
            case 1 -> BUILD + Duration.ofDays(3650).toMillis();
            case 2 -> machine.clock().wallMillis() + random.nextInt(3_000) - 1_500;
            default -> BUILD + Duration.ofDays(random.nextInt(700)).toMillis();
        };
    }

    /** The design's effective clock and eras, in their simplest form. */
    private void observe() {
        long monotonic = machine.monotonicMillis();
        effectiveMillis += monotonic - effectiveAtMonotonicMillis;
        effectiveAtMonotonicMillis = monotonic;
        long wall = machine.clock().wallMillis();
        if (!machine.isSynced() || wall < BUILD) {
            return;
        }
        effectiveMillis = Math.max(effectiveMillis, wall);
        long offset = wall - monotonic;
        Event before = null;
        for (Event event : events) {
            before = event.isEra() && event.boot() == machine.boot() ? event : before;
        }
        if (before == null || Math.abs(before.offsetMillis() - offset) > 1_000) {
            events.add(new Event(machine.boot(), monotonic, 0, true, offset));
        }
    }

    private void append() throws Exception {
        LogReader.commit(
                log, AppendUnit.of(NewRecord.of(STREAM, "k", Payload.ofUtf8("x".repeat(random.nextInt(4_000))))));
        long wall = machine.clock().wallMillis();
        boolean isSynced = machine.isSynced() && wall >= BUILD && effectiveMillis - wall <= 1_000;
        events.add(new Event(machine.boot(), machine.monotonicMillis(), effectiveMillis, isSynced, 0));
        appendedMillis.add(poweredOnMillis);
    }

    /** Per record, when it really arrived as far as the eras say: the next one of its boot, else the last before. */
    private List<Long> corrected() {
        List<Long> corrected = new ArrayList<>();
        for (int i = 0; i < events.size(); i++) {
            Event record = events.get(i);
            if (!record.isEra()) {
                Event era = record.synced() ? null : eraFor(i);
                long time = era == null ? record.timeMillis() : record.monotonicMillis() + era.offsetMillis();
                corrected.add(Math.abs(time - record.timeMillis()) <= 1_000 ? record.timeMillis() : time);
            }
        }
        return corrected;
    }

    private @Nullable Event eraFor(int index) {
        Event before = null;
        for (int i = 0; i < events.size(); i++) {
            Event event = events.get(i);
            if (event.isEra() && event.boot() == events.get(index).boot()) {
                if (i > index) {
                    return event;
                }
                before = event;
            }
        }
        return before;
    }

    private void verify() {
        List<Event> stored = events.stream().filter(event -> !event.isEra()).toList();
        List<Long> corrected = corrected();
        List<StreamRecord> records = records();
        long horizon = records.get(0).sequenceNumber();
        if (horizon > 1) {
            assertThat(poweredOnMillis - appendedMillis.get((int) horizon - 2))
                    .isGreaterThanOrEqualTo(RETENTION.toMillis());
        }
        long last = 0;
        for (StreamRecord record : records) {
            int i = (int) record.sequenceNumber() - 1;
            Event event = stored.get(i);
            assertThat(record.arrivalTimeMillis()).isEqualTo(event.timeMillis()).isGreaterThanOrEqualTo(last);
            assertThat(record.timeQuality())
                    .as("record " + record.sequenceNumber())
                    .isEqualTo(event.synced() ? TimeQuality.SYNCED : TimeQuality.ESTIMATED);
            assertThat(log.correctedTimeMillis(record))
                    .as("corrected time of record " + record.sequenceNumber())
                    .isCloseTo(corrected.get(i), org.assertj.core.data.Offset.offset(2L));
            last = record.arrivalTimeMillis();
        }
        assertThat(records.get(records.size() - 1).sequenceNumber()).isEqualTo(stored.size());
        for (int i = 0; i < 6; i++) {
            verifyFoundByTime(corrected.get(random.nextInt(corrected.size())) + random.nextInt(3) * 10_000L - 10_005);
        }
    }

    private void verifyFoundByTime(long timeMillis) {
        // Read first and last, so that the keeper may expire in between.
        List<StreamRecord> before = records();
        List<StreamRecord> found =
                LogReader.records(LogReader.all(log, SHARD, new StartingPosition.AtTimestamp(timeMillis)));
        List<StreamRecord> after = records();
        long expected = stored(before, after).stream()
                .filter(record -> log.correctedTimeMillis(record) >= timeMillis)
                .mapToLong(StreamRecord::sequenceNumber)
                .findFirst()
                .orElse(0);
        long actual = found.isEmpty() ? 0 : found.get(0).sequenceNumber();
        if (before.size() == after.size()) {
            assertThat(actual).as("from " + timeMillis).isEqualTo(expected);
        }
    }

    private static List<StreamRecord> stored(List<StreamRecord> before, List<StreamRecord> after) {
        return before.size() <= after.size() ? before : after;
    }

    private List<StreamRecord> records() {
        return LogReader.records(LogReader.all(log, SHARD, new StartingPosition.TrimHorizon()));
    }
}
