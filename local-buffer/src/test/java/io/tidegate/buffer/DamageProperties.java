package io.tidegate.buffer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.tidegate.core.runtime.Clock;
import io.tidegate.core.runtime.SystemClock;
import io.tidegate.core.stream.AppendResult;
import io.tidegate.core.stream.AppendUnit;
import io.tidegate.core.stream.Gap;
import io.tidegate.core.stream.GapReason;
import io.tidegate.core.stream.LogEntry;
import io.tidegate.core.stream.LogPosition;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StartingPosition;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamRecord;
import io.tidegate.core.stream.StreamSettings;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Damages the files of a log at random and opens it: nothing corrupt is ever returned, every acknowledged record is
 * returned or in a gap that says why, no number is used again, and the log goes on at once.
 *
 * <p>{@code -Dlog.damage.rounds=500} is the long form, {@code -Dseed=} plays a run again.
 */
class DamageProperties {
    private static final int ROUNDS = Integer.getInteger("log.damage.rounds", 20);
    private static final StreamName STREAM = new StreamName("press");
    private static final StreamName LATE = new StreamName("late");
    private static final Duration RESUME_MAX = Duration.ofSeconds(5);

    @TempDir
    Path directory;

    private final Clock clock = new SystemClock();

    /** What was acknowledged. */
    private final Map<ShardId, List<byte[]>> written = new HashMap<>();

    /** The records of the last commit: a write-ahead log that ends with damage looks as a power cut leaves it. */
    private final Map<ShardId, Integer> beforeLastCommit = new HashMap<>();

    private static ShardLog open(Path home, long seed) {
        return OpenedLogs.open(
                OpenedLogs.settings(home).withSegmentBytes(96 << 10), new SystemClock(), new Random(seed));
    }

    /** Several sealed segments, and a live one whose write-ahead log is as a crash leaves it. */
    private Path writeBase(Random random) throws Exception {
        Path home = directory.resolve("base");
        Path copy = directory.resolve("copy");
        try (ShardLog log = open(home, 1)) {
            log.admin().create(StreamSettings.of(StreamName.GAPS));
            log.admin().create(StreamSettings.of(STREAM).withShards(2));
            for (int i = 0; i < 120; i++) {
                commit(log, STREAM, random);
            }
            log.admin().create(StreamSettings.of(LATE));
            for (int i = 0; i < 12; i++) {
                beforeLastCommit.clear();
                written.forEach((shard, records) -> beforeLastCommit.put(shard, records.size()));
                commit(log, i % 3 == 0 ? LATE : STREAM, random);
            }
            await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> {
                log.lookNow();
                List<Path> files = files(home.resolve("log"));
                assertThat(files.stream().filter(file -> file.toString().endsWith("-wal")))
                        .hasSize(1);
                assertThat(files.stream().filter(file -> file.toString().endsWith("-journal")))
                        .isEmpty();
            });
            copy(home, copy);
        }
        return copy;
    }

    private void commit(ShardLog log, StreamName stream, Random random) throws Exception {
        List<NewRecord> records = new ArrayList<>();
        for (int i = 1 + random.nextInt(5); i > 0; i--) {
            byte[] data = new byte[10 + random.nextInt(random.nextInt(20) == 0 ? 30_000 : 2_000)];
            random.nextBytes(data);
            records.add(NewRecord.of(stream, "key-" + random.nextInt(10), Payload.wrap(data)));
        }
        AppendResult.Committed committed = LogReader.commit(log, AppendUnit.of(records.toArray(NewRecord[]::new)));
        for (int i = 0; i < records.size(); i++) {
            AppendResult.Placed place = committed.places().get(i);
            List<byte[]> shard = written.computeIfAbsent(place.shard(), none -> new ArrayList<>());
            assertThat(place.sequenceNumber()).isEqualTo(shard.size() + 1);
            shard.add(records.get(i).data().toBytes());
        }
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> paths = Files.walk(from)) {
            for (Path path : paths.toList()) {
                Path target = to.resolve(from.relativize(path).toString());
                if (Files.isDirectory(path)) {
                    Files.createDirectories(target);
                } else {
                    Files.copy(path, target);
                }
            }
        }
    }

    private static List<Path> files(Path log) throws IOException {
        try (Stream<Path> files = Files.list(log)) {
            return files.toList();
        }
    }

    private static List<Path> damageable(Path log) throws IOException {
        try (Stream<Path> files = Files.list(log)) {
            return files.filter(file -> file.toString().endsWith(".seg")
                            || file.toString().endsWith("-wal")
                            || file.endsWith(ShardCatalog.NAME))
                    .sorted()
                    .toList();
        }
    }

    /** One bit, a few bits, a sector or a page of zeros, noise, or the end cut off. */
    private static String damage(Path log, Random random) throws IOException {
        List<Path> files = damageable(log);
        // The newest files are the ones with the difficult cases.
        Path file = random.nextInt(3) == 0
                ? files.get(files.size() - 1 - random.nextInt(Math.min(3, files.size())))
                : files.get(random.nextInt(files.size()));
        try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw")) {
            long length = bytes.length();
            long at = (long) (random.nextDouble() * Math.max(1, length));
            int kind = random.nextInt(6);
            if (kind == 5 && !file.toString().endsWith("-wal")) {
                bytes.setLength(at);
                return "cut " + file.getFileName() + " at " + at;
            }
            if (kind <= 2) {
                for (int i = kind == 0 ? 1 : 1 + random.nextInt(8); i > 0; i--) {
                    long one = kind == 2 ? (long) (random.nextDouble() * length) : Math.min(length - 1, at + i);
                    bytes.seek(one);
                    int octet = bytes.read();
                    bytes.seek(one);
                    bytes.write(octet ^ 1 << random.nextInt(8));
                }
                return "flip bits of " + file.getFileName() + " at " + at;
            }
            int size = kind == 3 ? 512 : 4096;
            byte[] block = new byte[(int) Math.min(size, length - at / size * size)];
            if (random.nextBoolean()) {
                random.nextBytes(block);
            }
            bytes.seek(at / size * size);
            bytes.write(block);
            return "overwrite " + size + " bytes of " + file.getFileName() + " at " + at / size * size;
        }
    }

    @Test
    void damagedAtRandom_noRecordIsWrongOrMissingWithoutAGap_andTheLogGoesOn() throws Exception {
        long seed = Long.getLong("seed", 20_261_124L);
        Path base = writeBase(new Random(seed));
        int first = Integer.getInteger("log.damage.first", 0);
        for (int round = first; round < first + ROUNDS; round++) {
            Random random = new Random(seed * 1_000 + round);
            Path home = directory.resolve("round-" + round);
            copy(base, home);
            StringBuilder what = new StringBuilder("seed " + seed + ", round " + round);
            for (int i = 1 + random.nextInt(2); i > 0; i--) {
                what.append(", ").append(damage(home.resolve("log"), random));
            }
            boolean isWal = what.indexOf("-wal") >= 0;
            try {
                verify(home, round, isWal);
            } catch (AssertionError | RuntimeException e) {
                throw new AssertionError(what.toString(), e);
            }
            delete(home);
        }
        Files.writeString(
                Files.createDirectories(Path.of("target")).resolve("damage-summary.txt"),
                ROUNDS + " damaged logs from seed " + seed
                        + ": nothing wrong was returned, nothing is missing without a"
                        + " gap, no number was used twice\n");
    }

    private static void delete(Path home) throws IOException {
        try (Stream<Path> paths = Files.walk(home)) {
            for (Path path : paths.sorted((one, other) -> other.compareTo(one)).toList()) {
                Files.delete(path);
            }
        }
    }

    private void verify(Path home, int round, boolean isWal) throws Exception {
        Map<ShardId, Long> appended = new HashMap<>();
        for (int opening = 0; opening < 2; opening++) {
            long begun = clock.monotonicNanos();
            try (ShardLog log = open(home, 2L + round * 2L + opening)) {
                for (StreamName stream : List.of(STREAM, LATE)) {
                    log.admin().create(StreamSettings.of(stream).withShards(stream.equals(STREAM) ? 2 : 1));
                    AppendResult.Placed place = LogReader.commit(
                                    log, AppendUnit.of(NewRecord.of(stream, "after", Payload.ofUtf8("after"))))
                            .places()
                            .get(0);
                    Long before = appended.put(place.shard(), place.sequenceNumber());
                    assertThat(place.sequenceNumber())
                            .isGreaterThan(before == null ? acknowledged(place.shard(), isWal) : before);
                }
                assertThat(Duration.ofNanos(clock.monotonicNanos() - begun)).isLessThan(RESUME_MAX);
                for (ShardId shard : written.keySet()) {
                    verify(log, shard, isWal);
                }
            }
        }
        assertThat(LogCheck.run(home.resolve("log")).findings()).allMatch(LogCheck.Finding::accounted);
    }

    private int acknowledged(ShardId shard, boolean isWal) {
        return isWal
                ? beforeLastCommit.getOrDefault(shard, 0)
                : written.getOrDefault(shard, List.of()).size();
    }

    private void verify(ShardLog log, ShardId shard, boolean isWal) {
        List<byte[]> expected = written.getOrDefault(shard, List.of());
        int sure = acknowledged(shard, isWal);
        long next = 1;
        for (LogEntry entry : LogReader.all(log, shard, new StartingPosition.AtSequenceNumber(1))) {
            if (entry instanceof Gap gap) {
                assertThat(gap.fromInclusive()).isEqualTo(next);
                assertThat(gap.reason()).isIn(GapReason.CORRUPT, GapReason.RENUMBERED);
                next = gap.toExclusive();
            } else {
                StreamRecord record = (StreamRecord) entry;
                assertThat(record.sequenceNumber()).isEqualTo(next);
                verifyData(record, expected, sure);
                next++;
            }
        }
        assertThat(next).isGreaterThan(sure);
        Set<Long> seen = new HashSet<>();
        for (LogEntry entry : LogReader.all(log, shard.stream(), LogPosition.TRIM_HORIZON)) {
            if (entry.shard().equals(shard) && entry instanceof StreamRecord record) {
                assertThat(seen.add(record.sequenceNumber())).isTrue();
                verifyData(record, expected, sure);
            } else if (entry.shard().equals(shard) && entry instanceof Gap gap) {
                for (long number = gap.fromInclusive(); number < Math.min(gap.toExclusive(), sure + 1); number++) {
                    seen.add(number);
                }
            }
        }
        for (long number = 1; number <= sure; number++) {
            assertThat(seen).contains(number);
        }
        assertThat(log.ledger(shard).balances()).isTrue();
    }

    private static void verifyData(StreamRecord record, List<byte[]> expected, int sure) {
        if (record.sequenceNumber() <= sure) {
            byte[] data = expected.get((int) record.sequenceNumber() - 1);
            assertThat(Arrays.equals(record.data().toBytes(), data)).isTrue();
        }
    }
}
