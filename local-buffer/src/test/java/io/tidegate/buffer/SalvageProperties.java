package io.tidegate.buffer;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidegate.core.runtime.Clock;
import io.tidegate.core.runtime.ClockSync;
import io.tidegate.core.runtime.EffectiveClock;
import io.tidegate.core.runtime.SystemClock;
import io.tidegate.core.stream.AppendResult;
import io.tidegate.core.stream.AppendUnit;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.ShardDescription;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StartingPosition;
import io.tidegate.core.stream.StreamDescription;
import io.tidegate.core.stream.StreamLogException;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamRecord;
import io.tidegate.core.stream.StreamSettings;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Damages the files of a log at random and salvages it: every record of a block none of whose pages was hit is there, byte
 * for byte, nothing else is, and no number is used again. On which pages a block lies says SQLite, of the undamaged log.
 *
 * <p>{@code -Dlog.salvage.rounds=500} is the long form, {@code -Dseed=} plays a run again.
 */
class SalvageProperties {
    private static final int ROUNDS = Integer.getInteger("log.salvage.rounds", 25);
    private static final int PAGE_BYTES = 4096;
    private static final StreamName STREAM = new StreamName("press");
    private static final StreamName OTHER = new StreamName("door");

    private final Clock clock = new SystemClock();

    /** What was acknowledged, and in which commit. */
    private final Map<ShardId, List<byte[]>> written = new HashMap<>();

    private final Map<ShardId, List<Long>> commits = new HashMap<>();

    /** Per segment and commit, the pages that have a part of it. */
    private final Map<Integer, Map<Long, Set<Integer>>> pages = new TreeMap<>();

    @TempDir
    Path directory;

    private Path writeBase(Random random) throws Exception {
        Path home = directory.resolve("base");
        try (ShardLog log = OpenedLogs.open(OpenedLogs.settings(home).withSegmentBytes(128 << 10), clock)) {
            log.admin().create(StreamSettings.of(StreamName.GAPS));
            log.admin().create(StreamSettings.of(STREAM).withShards(2));
            log.admin().create(StreamSettings.of(OTHER));
            for (int i = 0; i < 150; i++) {
                commit(log, i % 4 == 0 ? OTHER : STREAM, random);
            }
        }
        for (int number : SegmentFile.list(home.resolve("log"))) {
            pages.put(number, pagesOf(SegmentFile.path(home.resolve("log"), number)));
        }
        assertThat(pages).hasSizeGreaterThan(3);
        return home;
    }

    private void commit(ShardLog log, StreamName stream, Random random) throws Exception {
        List<NewRecord> records = new ArrayList<>();
        for (int i = 1 + random.nextInt(5); i > 0; i--) {
            byte[] data = new byte[10 + random.nextInt(random.nextInt(20) == 0 ? 30_000 : 1_200)];
            random.nextBytes(data);
            records.add(NewRecord.of(stream, "key-" + random.nextInt(10), Payload.wrap(data)));
        }
        AppendResult.Committed committed = LogReader.commit(log, AppendUnit.of(records.toArray(NewRecord[]::new)));
        for (int i = 0; i < records.size(); i++) {
            ShardId shard = committed.places().get(i).shard();
            written.computeIfAbsent(shard, none -> new ArrayList<>())
                    .add(records.get(i).data().toBytes());
            commits.computeIfAbsent(shard, none -> new ArrayList<>()).add(committed.lsn());
        }
    }

    /** By SQLite's own account: the leaf page of each row, and the pages that the row goes on. */
    private static Map<Long, Set<Integer>> pagesOf(Path file) throws Exception {
        Map<Long, Set<Integer>> pages = new HashMap<>();
        List<Long> lsns = new ArrayList<>();
        Map<String, Integer> byPath = new TreeMap<>();
        Map<String, Integer> cells = new TreeMap<>();
        try (Connection connection = Sql.openImmutable(file);
                Statement statement = connection.createStatement()) {
            try (ResultSet row = statement.executeQuery("SELECT lsn FROM block ORDER BY lsn")) {
                while (row.next()) {
                    lsns.add(row.getLong(1));
                }
            }
            try (ResultSet row = statement.executeQuery(
                    "SELECT path, pageno, pagetype, ncell FROM dbstat WHERE name = 'block' ORDER BY path")) {
                while (row.next()) {
                    byPath.put(row.getString(1), row.getInt(2));
                    if (row.getString(3).equals("leaf")) {
                        cells.put(row.getString(1), row.getInt(4));
                    }
                }
            }
        }
        int next = 0;
        for (Map.Entry<String, Integer> leaf : cells.entrySet()) {
            for (int cell = 0; cell < leaf.getValue(); cell++) {
                Set<Integer> of = new HashSet<>(Set.of(byPath.get(leaf.getKey())));
                String overflow = String.format("%s%03x+", leaf.getKey(), cell);
                byPath.forEach((path, page) -> {
                    if (path.startsWith(overflow)) {
                        of.add(page);
                    }
                });
                pages.put(lsns.get(next++), of);
            }
        }
        assertThat(next).isEqualTo(lsns.size());
        return pages;
    }

    /** What was done to a copy: which pages of which segment have changed, and whether the list of shards is there. */
    private static final class Damage {
        private final Map<Integer, Set<Integer>> hit = new HashMap<>();
        private final Set<Integer> gone = new HashSet<>();
        private boolean isListGone;
        private final StringBuilder words = new StringBuilder();

        void hit(int segment, long from, long to) {
            for (long page = from / PAGE_BYTES; page * PAGE_BYTES < to; page++) {
                hit.computeIfAbsent(segment, none -> new HashSet<>()).add((int) page + 1);
            }
        }

        boolean spared(int segment, Set<Integer> pages) {
            Set<Integer> changed = hit.getOrDefault(segment, Set.of());
            return !gone.contains(segment) && pages.stream().noneMatch(changed::contains);
        }
    }

    private Damage damage(Path log, Random random) throws IOException {
        Damage damage = new Damage();
        for (int i = 1 + random.nextInt(6); i > 0; i--) {
            List<Integer> numbers = SegmentFile.list(log);
            if (numbers.size() < 2) {
                break;
            }
            int number = numbers.get(random.nextInt(numbers.size()));
            damageOne(log, number, random, damage);
        }
        return damage;
    }

    private static void damageOne(Path log, int number, Random random, Damage damage) throws IOException {
        Path file = SegmentFile.path(log, number);
        long length = Files.size(file);
        int kind = random.nextInt(9);
        damage.words.append(", ").append(kind).append(" in ").append(number);
        try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw")) {
            long page = random.nextInt((int) (length / PAGE_BYTES)) * (long) PAGE_BYTES;
            switch (kind) {
                case 0 -> overwrite(bytes, page, new byte[PAGE_BYTES], number, damage);
                case 1 -> overwrite(bytes, page, noise(PAGE_BYTES, random), number, damage);
                case 2 -> overwrite(bytes, 0, noise(PAGE_BYTES, random), number, damage);
                // Another page size than the file has: only the header page has changed.
                case 3 -> overwrite(bytes, 16, new byte[] {2, 0}, number, damage);
                case 4 -> {
                    long end = (long) random.nextInt((int) length);
                    damage.hit(number, end, length);
                    bytes.setLength(end);
                }
                case 5 -> {
                    for (int flips = 1 + random.nextInt(20); flips > 0; flips--) {
                        long at = random.nextInt((int) length);
                        bytes.seek(at);
                        int before = bytes.read();
                        overwrite(bytes, at, new byte[] {(byte) (before ^ 1 << random.nextInt(8))}, number, damage);
                    }
                }
                case 6 -> {
                    int pages = Math.min(8, (int) ((length - page) / PAGE_BYTES));
                    overwrite(bytes, page, new byte[pages * PAGE_BYTES], number, damage);
                }
                case 7 -> damage.isListGone |= Files.deleteIfExists(log.resolve(ShardCatalog.NAME));
                default -> {
                    SegmentFile.delete(log, number);
                    damage.gone.add(number);
                }
            }
        }
    }

    private static void overwrite(RandomAccessFile file, long at, byte[] bytes, int number, Damage damage)
            throws IOException {
        file.seek(at);
        file.write(bytes, 0, (int) Math.min(bytes.length, file.length() - at));
        damage.hit(number, at, at + bytes.length);
    }

    private static byte[] noise(int length, Random random) {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        return bytes;
    }

    @Test
    void damagedAtRandom_everyRecordWhoseBytesSurvived_isSalvaged_andNothingElse() throws Exception {
        long seed = Long.getLong("seed", 41);
        Path base = writeBase(new Random(seed));
        int first = Integer.getInteger("log.salvage.first", 0);
        for (int round = first; round < first + ROUNDS; round++) {
            Random random = new Random(seed * 1_000 + round);
            Path home = directory.resolve("round-" + round);
            copy(base, home);
            Damage damage = damage(home.resolve("log"), random);
            try {
                verify(home, damage, round);
            } catch (AssertionError | RuntimeException e) {
                throw new AssertionError("seed " + seed + ", round " + round + damage.words, e);
            }
            delete(home);
        }
        Files.writeString(
                Files.createDirectories(Path.of("target")).resolve("salvage-summary.txt"),
                ROUNDS + " damaged logs from seed " + seed
                        + ": every record whose bytes survived was salvaged, and nothing else\n");
    }

    private void verify(Path home, Damage damage, int round) throws Exception {
        Map<String, byte[]> before = contents(home);
        Path target = home.resolve("salvaged");
        EffectiveClock effective = new EffectiveClock(clock, ClockSync.TRUSTED, OpenedLogs.BUILD_MILLIS);
        Set<Long> spared = new HashSet<>();
        pages.forEach((segment, of) -> of.forEach((lsn, on) -> {
            if (damage.spared(segment, on)) {
                spared.add(lsn);
            }
        }));
        SalvageReport report;
        try {
            report = LogSalvage.run(
                    home.resolve("log"),
                    target,
                    new LogSalvage.Owner(
                            "gateway-under-test", clock, effective, new Random(round + 100), LogEncryption.none()));
        } catch (StreamLogException e) {
            assertThat(spared).isEmpty();
            return;
        }
        assertThat(contents(home)).containsAllEntriesOf(before);
        assertThat(LogCheck.run(target.resolve("log")).findings()).allMatch(LogCheck.Finding::accounted);
        Set<Long> found = new HashSet<>();
        try (ShardLog log = OpenedLogs.open(OpenedLogs.settings(target), clock, new Random(round + 200))) {
            for (ShardDescription shard : shards(log)) {
                verify(log, shard.id(), found, damage.isListGone);
                assertThat(log.ledger(shard.id()).balances()).isTrue();
            }
            log.admin().create(StreamSettings.of(STREAM).withShards(2));
            AppendResult.Placed place = LogReader.commit(
                            log, AppendUnit.of(NewRecord.of(STREAM, "k", Payload.ofUtf8("after"))))
                    .places()
                    .get(0);
            assertThat(place.sequenceNumber())
                    .isGreaterThan(
                            written.getOrDefault(place.shard(), List.of()).size());
        }
        spared.removeIf(lsn -> commits.values().stream().noneMatch(of -> of.contains(lsn)));
        assertThat(found).containsAll(spared);
        assertThat(report.records()).isGreaterThanOrEqualTo(spared.size());
    }

    private static List<ShardDescription> shards(ShardLog log) {
        List<ShardDescription> shards = new ArrayList<>();
        for (StreamDescription stream : log.admin().list()) {
            if (!stream.settings().name().equals(StreamName.GAPS)) {
                shards.addAll(stream.shards());
            }
        }
        return shards;
    }

    /** All that is read is what was written; where a name is lost, the numbers and bytes of one shard of it. */
    private void verify(ShardLog log, ShardId shard, Set<Long> found, boolean isListGone) {
        List<StreamRecord> records =
                LogReader.records(LogReader.all(log, shard, new StartingPosition.AtSequenceNumber(1)));
        ShardId source = shard;
        if (shard.stream().value().startsWith("salvaged-") && !records.isEmpty()) {
            assertThat(isListGone).isTrue();
            source = written.keySet().stream()
                    .filter(each -> isWritten(each, records.get(0)))
                    .findFirst()
                    .orElseThrow();
        }
        for (StreamRecord record : records) {
            assertThat(isWritten(source, record)).as("%s", record).isTrue();
            found.add(commits.getOrDefault(source, List.of()).get((int) record.sequenceNumber() - 1));
        }
    }

    private boolean isWritten(ShardId shard, StreamRecord record) {
        List<byte[]> data = written.getOrDefault(shard, List.of());
        return record.sequenceNumber() <= data.size()
                && Arrays.equals(
                        data.get((int) record.sequenceNumber() - 1),
                        record.data().toBytes());
    }

    static Map<String, byte[]> contents(Path home) throws IOException {
        Map<String, byte[]> contents = new HashMap<>();
        try (Stream<Path> files = Files.walk(home)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                contents.put(home.relativize(file).toString(), Files.readAllBytes(file));
            }
        }
        return contents;
    }

    static void copy(Path from, Path to) throws IOException {
        Files.createDirectories(to.resolve("log"));
        try (Stream<Path> files = Files.list(from.resolve("log"))) {
            for (Path file : files.toList()) {
                Files.copy(file, to.resolve("log").resolve(file.getFileName()));
            }
        }
    }

    private static void delete(Path home) throws IOException {
        try (Stream<Path> paths = Files.walk(home)) {
            for (Path path : paths.sorted((one, other) -> other.compareTo(one)).toList()) {
                Files.delete(path);
            }
        }
    }
}
