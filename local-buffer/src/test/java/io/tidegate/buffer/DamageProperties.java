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
 * Damages the files of a log at random and opens it, twice; then damages it once more, and opens it twice again: nothing
 * corrupt is ever returned, every acknowledged record is returned or in a gap that says why, also to readers that start
 * again at a place that they have stored before, no number and no LSN is used again, the log goes on at once, and the
 * second opening says what the first has said.
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

    /** A write-ahead log that ends with damage looks as a power cut leaves it; 4 KiB can hit two commits of one page each. */
    private static final int UNSURE_COMMITS = 2;

    /** The records before those commits. */
    private final Map<ShardId, Integer> beforeLastCommits = new HashMap<>();

    /** A place in commit order that a reader has stored, and how many records of each shard it has had by then. */
    private record Stored(LogPosition position, Map<ShardId, Integer> had) {}

    private final List<Stored> stored = new ArrayList<>();
    private long lastLsn;

    /** One damaged log: what has been acknowledged since, and what has been found. */
    private static final class Damaged {
        final Path home;
        final boolean isWal;
        final Map<ShardId, List<Long>> after = new HashMap<>();
        final Map<ShardId, List<Long>> served = new HashMap<>();
        long lastLsn;
        int openings;

        Damaged(Path home, boolean isWal, long lastLsn) {
            this.home = home;
            this.isWal = isWal;
            this.lastLsn = lastLsn;
        }
    }

    private static ShardLog open(Path home, long seed, LogEncryption encryption) {
        ShardLogSettings settings =
                OpenedLogs.settings(home).withSegmentBytes(96 << 10).withEncryption(encryption);
        return OpenedLogs.open(settings, new SystemClock(), new Random(seed));
    }

    /** Several sealed segments, the first ones not encrypted, and a live one whose write-ahead log is as a crash leaves it. */
    private Path writeBase(Random random) throws Exception {
        Path home = directory.resolve("base");
        Path copy = directory.resolve("copy");
        try (ShardLog log = open(home, 1, LogEncryption.none())) {
            log.admin().create(StreamSettings.of(StreamName.GAPS));
            log.admin().create(StreamSettings.of(STREAM).withShards(2));
            for (int i = 0; i < 60; i++) {
                commit(log, STREAM, random);
            }
        }
        try (ShardLog log = open(home, 3, Keys.keys(1))) {
            for (int i = 0; i < 60; i++) {
                commit(log, STREAM, random);
                if (i % 25 == 20) {
                    Map<ShardId, Integer> had = new HashMap<>();
                    written.forEach((shard, records) -> had.put(shard, records.size()));
                    stored.add(new Stored(new LogPosition(lastLsn + 1, 0), had));
                }
            }
            log.admin().create(StreamSettings.of(LATE));
            for (int i = 0; i < 12; i++) {
                if (i <= 12 - UNSURE_COMMITS) {
                    beforeLastCommits.clear();
                    written.forEach((shard, records) -> beforeLastCommits.put(shard, records.size()));
                }
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
            Keys.copy(home, copy);
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
        lastLsn = committed.lsn();
        for (int i = 0; i < records.size(); i++) {
            AppendResult.Placed place = committed.places().get(i);
            List<byte[]> shard = written.computeIfAbsent(place.shard(), none -> new ArrayList<>());
            assertThat(place.sequenceNumber()).isEqualTo(shard.size() + 1);
            shard.add(records.get(i).data().toBytes());
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
                    .filter(file -> file.toFile().length() > 0)
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
            Keys.copy(base, home);
            StringBuilder what = new StringBuilder("seed " + seed + ", round " + round);
            try {
                for (int i = 1 + random.nextInt(2); i > 0; i--) {
                    what.append(", ").append(damage(home.resolve("log"), random));
                }
                boolean isWal = what.indexOf("-wal") >= 0;
                Damaged damaged = new Damaged(home, isWal, lastLsn - (isWal ? UNSURE_COMMITS : 0));
                verify(damaged, round);
                what.append("; then ").append(damage(home.resolve("log"), random));
                damaged.served.clear();
                verify(damaged, round);
            } catch (AssertionError | RuntimeException e) {
                throw new AssertionError(what.toString(), e);
            }
            delete(home);
        }
        Files.writeString(
                Files.createDirectories(Path.of("target")).resolve("damage-summary.txt"),
                ROUNDS + " damaged logs from seed " + seed
                        + ", each damaged twice: nothing wrong was returned, nothing is missing without a"
                        + " gap, no number was used twice\n");
    }

    private static void delete(Path home) throws IOException {
        try (Stream<Path> paths = Files.walk(home)) {
            for (Path path : paths.sorted((one, other) -> other.compareTo(one)).toList()) {
                Files.delete(path);
            }
        }
    }

    private void verify(Damaged damaged, int round) throws Exception {
        for (int twice = 0; twice < 2; twice++) {
            long begun = clock.monotonicNanos();
            try (ShardLog log = open(damaged.home, 4L + round * 4L + damaged.openings++, Keys.keys(1))) {
                for (StreamName stream : List.of(STREAM, LATE)) {
                    log.admin().create(StreamSettings.of(stream).withShards(stream.equals(STREAM) ? 2 : 1));
                    appendAfter(log, stream, damaged);
                }
                assertThat(Duration.ofNanos(clock.monotonicNanos() - begun)).isLessThan(RESUME_MAX);
                for (ShardId shard : written.keySet()) {
                    verify(log, shard, damaged);
                }
            }
        }
        assertThat(LogCheck.run(damaged.home.resolve("log"), Keys.keys(1)).findings())
                .allMatch(LogCheck.Finding::accounted);
    }

    private void appendAfter(ShardLog log, StreamName stream, Damaged damaged) throws Exception {
        AppendResult.Committed committed =
                LogReader.commit(log, AppendUnit.of(NewRecord.of(stream, "after", Payload.ofUtf8("after"))));
        AppendResult.Placed place = committed.places().get(0);
        List<Long> before = damaged.after.computeIfAbsent(place.shard(), none -> new ArrayList<>());
        assertThat(place.sequenceNumber())
                .isGreaterThan(
                        before.isEmpty() ? acknowledged(place.shard(), damaged.isWal) : before.get(before.size() - 1));
        before.add(place.sequenceNumber());
        assertThat(committed.lsn()).isGreaterThan(damaged.lastLsn);
        damaged.lastLsn = committed.lsn();
    }

    private int acknowledged(ShardId shard, boolean isWal) {
        return isWal
                ? beforeLastCommits.getOrDefault(shard, 0)
                : written.getOrDefault(shard, List.of()).size();
    }

    private void verify(ShardLog log, ShardId shard, Damaged damaged) {
        List<Long> served = verifyByShard(log, shard, damaged);
        int sure = acknowledged(shard, damaged.isWal);
        assertThat(damaged.served.computeIfAbsent(shard, none -> served))
                .as("what the opening before has served")
                .isEqualTo(served);
        verifyInOrder(log, shard, LogPosition.TRIM_HORIZON, 0, damaged);
        for (Stored place : stored) {
            verifyInOrder(
                    log, shard, place.position(), Math.min(sure, place.had().getOrDefault(shard, 0)), damaged);
        }
        assertThat(log.ledger(shard).balances()).isTrue();
    }

    /** Returns the numbers of the records that were written before the damage. */
    private List<Long> verifyByShard(ShardLog log, ShardId shard, Damaged damaged) {
        List<byte[]> expected = written.getOrDefault(shard, List.of());
        int sure = acknowledged(shard, damaged.isWal);
        List<Long> served = new ArrayList<>();
        Set<Long> after = new HashSet<>(damaged.after.getOrDefault(shard, List.of()));
        long next = 1;
        for (LogEntry entry : LogReader.all(log, shard, new StartingPosition.AtSequenceNumber(1))) {
            if (entry instanceof Gap gap) {
                assertThat(gap.fromInclusive()).isEqualTo(next);
                assertThat(gap.reason()).isIn(GapReason.CORRUPT, GapReason.RENUMBERED);
                next = gap.toExclusive();
                long end = next;
                after.removeIf(number -> number >= gap.fromInclusive() && number < end);
            } else {
                StreamRecord record = (StreamRecord) entry;
                assertThat(record.sequenceNumber()).isEqualTo(next);
                verifyData(record, expected, sure);
                if (next <= expected.size()) {
                    served.add(next);
                }
                after.remove(next);
                next++;
            }
        }
        assertThat(next).isGreaterThan(sure);
        assertThat(after).as("acknowledged after the damage").isEmpty();
        return served;
    }

    /** A reader in commit order that has had so many records before hears of all others. */
    private void verifyInOrder(ShardLog log, ShardId shard, LogPosition from, int had, Damaged damaged) {
        List<byte[]> expected = written.getOrDefault(shard, List.of());
        int sure = acknowledged(shard, damaged.isWal);
        Set<Long> seen = new HashSet<>();
        Set<Long> after = new HashSet<>(damaged.after.getOrDefault(shard, List.of()));
        for (LogEntry entry : LogReader.all(log, shard.stream(), from)) {
            if (entry.shard().equals(shard) && entry instanceof StreamRecord record) {
                assertThat(seen.add(record.sequenceNumber())).isTrue();
                assertThat(record.sequenceNumber()).isGreaterThan(had);
                verifyData(record, expected, sure);
                after.remove(record.sequenceNumber());
            } else if (entry.shard().equals(shard) && entry instanceof Gap gap) {
                for (long number = gap.fromInclusive(); number < Math.min(gap.toExclusive(), sure + 1); number++) {
                    seen.add(number);
                }
                after.removeIf(number -> number >= gap.fromInclusive() && number < gap.toExclusive());
            }
        }
        for (long number = had + 1L; number <= sure; number++) {
            assertThat(seen).as("from " + from).contains(number);
        }
        assertThat(after).as("acknowledged after the damage, from " + from).isEmpty();
    }

    private static void verifyData(StreamRecord record, List<byte[]> expected, int sure) {
        if (record.sequenceNumber() <= sure) {
            byte[] data = expected.get((int) record.sequenceNumber() - 1);
            assertThat(Arrays.equals(record.data().toBytes(), data)).isTrue();
        }
    }
}
