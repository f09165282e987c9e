package io.tidegate.buffer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tidegate.core.runtime.ClockSync;
import io.tidegate.core.runtime.EffectiveClock;
import io.tidegate.core.runtime.SystemClock;
import io.tidegate.core.stream.AppendResult;
import io.tidegate.core.stream.AppendUnit;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StartingPosition;
import io.tidegate.core.stream.StateUpdate;
import io.tidegate.core.stream.StreamLogException;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamSettings;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

class SalvageTest {
    private static final StreamName STREAM = new StreamName("press");
    private static final ShardId SHARD = new ShardId(STREAM, 0);
    private static final int PAGE = PageImages.PAGE_BYTES;

    private final SystemClock clock = new SystemClock();

    @TempDir
    Path directory;

    private LogEncryption encryption = LogEncryption.none();

    private ShardLog open(Path home, long seed) {
        return OpenedLogs.open(
                OpenedLogs.settings(home).withSegmentBytes(64 << 10).withEncryption(encryption),
                clock,
                new Random(seed));
    }

    private SalvageReport salvage(Path home, Path target) {
        EffectiveClock effective = new EffectiveClock(clock, ClockSync.TRUSTED, OpenedLogs.BUILD_MILLIS);
        return LogSalvage.run(
                home.resolve("log"),
                target,
                new LogSalvage.Owner("gateway-under-test", clock, effective, new Random(99), encryption));
    }

    private static byte[] noise(int bytes, int seed) {
        byte[] noise = new byte[bytes];
        new Random(seed).nextBytes(noise);
        return noise;
    }

    /** Records 1 to n, one per commit, of which each is its own noise. */
    private static void append(ShardLog log, int records, int bytes) throws Exception {
        for (int i = 1; i <= records; i++) {
            LogReader.commit(log, AppendUnit.of(NewRecord.of(STREAM, "k", Payload.wrap(noise(bytes, i)))));
        }
    }

    private List<Long> numbers(Path home, int bytes) {
        List<Long> numbers = new ArrayList<>();
        try (ShardLog log = open(home, 1_000)) {
            LogReader.records(LogReader.all(log, SHARD, new StartingPosition.AtSequenceNumber(1)))
                    .forEach(record -> {
                        assertThat(record.data().toBytes()).isEqualTo(noise(bytes, (int) record.sequenceNumber()));
                        numbers.add(record.sequenceNumber());
                    });
        }
        return numbers;
    }

    @Test
    void encryptedLog_isSalvagedWithItsKeys_underTheNewest_andNotAtAllWithoutThem() throws Exception {
        Path home = directory.resolve("home");
        encryption = Keys.keys(1);
        try (ShardLog log = open(home, 1)) {
            log.admin().create(StreamSettings.of(STREAM));
            append(log, 100, 900);
        }
        encryption = Keys.keys(2);
        assertThatThrownBy(() -> salvage(home, directory.resolve("none")))
                .isInstanceOf(StreamLogException.class)
                .hasMessageContaining(Keys.key(1).id());
        assertThat(directory.resolve("none")).doesNotExist();
        encryption = Keys.keys(2, 1);
        overwrite(SegmentFile.path(home.resolve("log"), 1), 0, new byte[100]); // SQLite cannot open it any more

        SalvageReport report = salvage(home, directory.resolve("new"));

        assertThat(report.records()).isEqualTo(100);
        encryption = Keys.keys(2);
        assertThat(numbers(directory.resolve("new"), 900)).hasSize(100);
        assertThat(LogCheck.run(directory.resolve("new/log"), encryption).findings())
                .allMatch(LogCheck.Finding::accounted);
    }

    private static void overwrite(Path file, long at, byte[] bytes) throws Exception {
        try (RandomAccessFile target = new RandomAccessFile(file.toFile(), "rw")) {
            target.seek(at);
            target.write(bytes);
        }
    }

    @Test
    void soundLog_isWholeInTheNewOne_withItsState_andItsNumbersGoOnFarBeyond() throws Exception {
        Path home = directory.resolve("home");
        Payload twice = Payload.ofUtf8("twice");
        NewRecord numbered = NewRecord.of(STREAM, "device", twice).withDeviceNumber(7L);
        try (ShardLog log = open(home, 1)) {
            log.admin().create(StreamSettings.of(StreamName.GAPS));
            log.admin().create(StreamSettings.of(STREAM));
            append(log, 200, 900);
            LogReader.commit(
                    log,
                    new AppendUnit(
                            List.of(numbered),
                            List.of(),
                            List.of(new StateUpdate("rule/place", Payload.ofUtf8("here"))),
                            List.of()));
        }
        Path target = directory.resolve("new");

        SalvageReport report = salvage(home, target);

        assertThat(report.isComplete()).isTrue();
        assertThat(report.records()).isEqualTo(201);
        assertThat(report.segments()).allSatisfy(segment -> {
            assertThat(segment.badPages()).isEmpty();
            assertThat(segment.isStateWhole()).isTrue();
        });
        assertThat(LogCheck.run(target.resolve("log")).findings()).isEmpty();
        try (ShardLog log = open(target, 2)) {
            assertThat(log.state("rule/place").orElseThrow().utf8()).isEqualTo("here");
            AppendResult.Placed again =
                    LogReader.commit(log, AppendUnit.of(numbered)).places().get(0);
            assertThat(again.sequenceNumber()).isEqualTo(201); // a second copy: where the first one is
            AppendResult.Placed next = LogReader.commit(
                            log, AppendUnit.of(NewRecord.of(STREAM, "k", Payload.ofUtf8("next"))))
                    .places()
                    .get(0);
            assertThat(next.sequenceNumber()).isEqualTo(202 + (1L << 32));
        }
    }

    @Test
    void writeAheadLogWithoutHeader_andWithABadFrame_givesEveryOtherCommit() throws Exception {
        Path home = directory.resolve("home");
        Path copy = directory.resolve("copy");
        try (ShardLog log = OpenedLogs.open(home)) {
            log.admin().create(StreamSettings.of(STREAM));
            append(log, 40, 9_000);
            SalvageProperties.copy(home, copy);
        }
        Path wal = SegmentFile.walPath(SegmentFile.path(copy.resolve("log"), 1));
        byte[] frames = Files.readAllBytes(wal);
        byte[] middle = Arrays.copyOfRange(noise(9_000, 20), 5_000, 5_016);
        int at = find(frames, middle);
        assertThat(at).isPositive();
        overwrite(wal, at, new byte[16]);
        overwrite(wal, 0, new byte[32]);

        SalvageReport report = salvage(copy, directory.resolve("new"));

        assertThat(numbers(directory.resolve("new"), 9_000))
                .hasSize(39)
                .doesNotContain(20L)
                .startsWith(1L)
                .endsWith(40L);
        assertThat(report.isComplete()).isFalse();
        assertThat(report.shards().get(0).missing()).containsExactly(new SalvageReport.Missing(20, 20, 1, true));
    }

    @Test
    void pageThatIsBadInTheDatabase_isTakenFromTheWriteAheadLog() throws Exception {
        Path home = directory.resolve("home");
        Path copy = directory.resolve("copy");
        try (ShardLog log = OpenedLogs.open(home)) {
            log.admin().create(StreamSettings.of(STREAM));
            append(log, 40, 9_000);
            // Copied back, and still in the log: as a checkpoint leaves it.
            try (Connection other = Sql.openWritable(SegmentFile.path(home.resolve("log"), 1))) {
                Sql.number(other, "PRAGMA wal_checkpoint(PASSIVE)");
                SalvageProperties.copy(home, copy);
            }
        }
        Path file = SegmentFile.path(copy.resolve("log"), 1);
        assertThat(Files.size(file)).isGreaterThan(300_000);
        overwrite(file, 0, noise((int) Files.size(file), 5));

        assertThat(salvage(copy, directory.resolve("new")).isComplete()).isTrue();
        assertThat(numbers(directory.resolve("new"), 9_000)).hasSize(40);
    }

    private static int find(byte[] all, byte[] wanted) {
        for (int at = 0; at + wanted.length <= all.length; at++) {
            if (Arrays.equals(all, at, at + wanted.length, wanted, 0, wanted.length)) {
                return at;
            }
        }
        return -1;
    }

    /** The end that a later segment states for a segment: what was written beyond it never was. */
    @Test
    void commitsBeyondACut_doNotComeBack() throws Exception {
        Path home = directory.resolve("home");
        try (ShardLog log = open(home, 1)) {
            log.admin().create(StreamSettings.of(STREAM));
            append(log, 150, 900);
        }
        Path log = home.resolve("log");
        try (SegmentSalvage second = SegmentSalvage.look(SegmentFile.path(log, 2), LogEncryption.none());
                Connection first = Sql.openWritable(SegmentFile.path(log, 1));
                PreparedStatement insert = first.prepareStatement(BlockRows.INSERT)) {
            SegmentSalvage.Found found = second.blocks(Set.of()).iterator().next();
            StoredBlock true2 = second.read(found).orElseThrow();
            byte[] other = true2.body().clone();
            other[other.length - 1] ^= 1; // another record under the same number
            BlockRows.bind(
                    insert,
                    new StoredBlock(
                            true2.header(),
                            true2.control(),
                            true2.directory(),
                            true2.codec(),
                            true2.rawLength(),
                            other));
            insert.executeUpdate();
        }
        // Only what the second segment itself has says where the first one ends.
        overwrite(SegmentFile.path(log, 2), 2 * PAGE, new byte[PAGE]);

        salvage(home, directory.resolve("new"));

        assertThat(numbers(directory.resolve("new"), 900)).hasSize(150);
    }

    /** Somebody who sends bytes that look like a commit of ours must not get it into the log, whatever is damaged. */
    @Test
    void bytesOfARecordThatLookLikeACommit_areNone() throws Exception {
        Path strange = directory.resolve("strange");
        try (ShardLog log = open(strange, 500)) {
            log.admin().create(StreamSettings.of(STREAM));
            append(log, 30, 300);
        }
        byte[] forged = cell(SegmentFile.path(strange.resolve("log"), 1), 20);
        Path home = directory.resolve("home");
        byte[] data = noise(9_000, 1);
        // In the last page of the record, which leads to no other.
        System.arraycopy(forged, 0, data, data.length - forged.length - 20, forged.length);
        try (ShardLog log = open(home, 1)) {
            log.admin().create(StreamSettings.of(STREAM));
            LogReader.commit(log, AppendUnit.of(NewRecord.of(STREAM, "k", Payload.wrap(data))));
        }
        Path file = SegmentFile.path(home.resolve("log"), 1);
        byte[] pages = Files.readAllBytes(file);
        int at = find(pages, forged);
        assertThat(at).isPositive();
        // The page on which the record begins: what is left of it belongs to nothing any more.
        overwrite(file, (long) find(pages, Arrays.copyOf(data, 16)) / PAGE * PAGE, new byte[PAGE]);

        SalvageReport report = salvage(home, directory.resolve("new"));

        assertThat(report.records()).isZero();
        assertThat(numbers(directory.resolve("new"), 300)).isEmpty();
    }

    /** The bytes of the row of a commit, as they stand in a leaf page. */
    private static byte[] cell(Path file, long lsn) throws Exception {
        try (SegmentSalvage segment = SegmentSalvage.look(file, LogEncryption.none())) {
            SegmentSalvage.Found found = segment.blocks(Set.of()).stream()
                    .filter(block -> block.lsn() == lsn)
                    .findFirst()
                    .orElseThrow();
            byte[] page = Files.readAllBytes(file);
            int from = (int) (found.place().image().offset() + found.place().offset());
            StoredRow row =
                    StoredRow.at(Arrays.copyOfRange(page, from, from + PAGE), 0).orElseThrow();
            assertThat(row.overflowPage()).isZero();
            return Arrays.copyOfRange(page, from, from + row.localOffset() + row.localBytes());
        }
    }

    @Test
    void logInUse_orTargetThatIsThere_isRefused() throws Exception {
        Path home = directory.resolve("home");
        try (ShardLog log = open(home, 1)) {
            log.admin().create(StreamSettings.of(STREAM));
            assertThatThrownBy(() -> salvage(home, directory.resolve("new")))
                    .isInstanceOf(StreamLogException.class)
                    .hasMessageContaining("in use");
        }
        Files.createDirectories(directory.resolve("there/already"));
        assertThatThrownBy(() -> salvage(home, directory.resolve("there")))
                .isInstanceOf(StreamLogException.class)
                .hasMessageContaining("is there already");
        assertThat(salvage(home, directory.resolve("new")).isComplete()).isTrue();
    }

    @Test
    void logOfWhichNothingIsLeft_saysSo_andLeavesNothing() throws Exception {
        Path log = Files.createDirectories(directory.resolve("home/log"));
        Files.write(SegmentFile.path(log, 1), noise(10 * PAGE, 1));
        assertThatThrownBy(() -> salvage(directory.resolve("home"), directory.resolve("new")))
                .isInstanceOf(StreamLogException.class)
                .hasMessageContaining("nothing in");
        assertThat(directory.resolve("new")).doesNotExist();
        assertThat(directory.resolve("new.unfinished")).doesNotExist();
    }

    /** Bytes of all kinds, most of them close to what is right, in all three files: the reader comes to an end. */
    @Test
    @Timeout(value = 120, unit = TimeUnit.SECONDS)
    void whateverTheFilesHold_theReaderComesToAnEnd_andThrowsNothing() throws Exception {
        Path home = directory.resolve("home");
        Path copy = directory.resolve("copy");
        try (ShardLog log = OpenedLogs.open(home)) {
            log.admin().create(StreamSettings.of(STREAM));
            append(log, 2, 5_000);
            append(log, 5, 100);
            SalvageProperties.copy(home, copy);
        }
        Path sound = SegmentFile.path(copy.resolve("log"), 1);
        byte[] frames = Files.readAllBytes(SegmentFile.walPath(sound));
        byte[] pages = Files.readAllBytes(SegmentFile.path(home.resolve("log"), 1));
        Path file = directory.resolve("00000001.seg");
        long found = 0;
        for (int round = 0; round < 1_000; round++) {
            Random random = new Random(round);
            Files.write(file, changed(pages, random));
            Files.write(SegmentFile.walPath(file), changed(frames, random));
            Files.write(file.resolveSibling("00000001.seg-journal"), changed(frames, random));
            try (SegmentSalvage segment = SegmentSalvage.look(file, LogEncryption.none())) {
                for (SegmentSalvage.Found block : segment.blocks(segment.epochs())) {
                    found += segment.read(block).isPresent() ? 1 : 0;
                }
                assertThat(segment.badPages().size()).isLessThanOrEqualTo(segment.pages());
            }
        }
        assertThat(found).isGreaterThan(1_000);
    }

    private static byte[] changed(byte[] bytes, Random random) {
        byte[] changed = bytes.clone();
        int kind = random.nextInt(10);
        if (kind == 0) {
            random.nextBytes(changed);
            for (int page = 0; page < changed.length; page += PAGE) {
                changed[page] = random.nextBoolean() ? 13 : changed[page];
            }
            return changed;
        }
        if (kind == 1) {
            return Arrays.copyOf(changed, random.nextInt(changed.length));
        }
        for (int i = random.nextInt(40); i > 0; i--) {
            int page = random.nextInt(changed.length / PAGE) * PAGE;
            // Rather where numbers and lengths are than where data is.
            int at = page + (random.nextBoolean() ? random.nextInt(64) : random.nextInt(PAGE));
            changed[Math.min(at, changed.length - 1)] = (byte) (random.nextBoolean() ? random.nextInt(256) : -1);
        }
        return changed;
    }
}
