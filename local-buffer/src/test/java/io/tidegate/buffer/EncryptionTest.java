package io.tidegate.buffer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.tidegate.core.runtime.FakeClock;
import io.tidegate.core.stream.AppendUnit;
import io.tidegate.core.stream.Attributes;
import io.tidegate.core.stream.Checkpoint;
import io.tidegate.core.stream.CheckpointScope;
import io.tidegate.core.stream.CheckpointUpdate;
import io.tidegate.core.stream.ConsumerName;
import io.tidegate.core.stream.Gap;
import io.tidegate.core.stream.GapReason;
import io.tidegate.core.stream.LogEntry;
import io.tidegate.core.stream.LogStatus;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StartingPosition;
import io.tidegate.core.stream.StateUpdate;
import io.tidegate.core.stream.StreamLogException;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamRecord;
import io.tidegate.core.stream.StreamSettings;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Logs that are encrypted, on and off, under one key after another; invariants E1 to E5 of the design note. */
class EncryptionTest {
    private static final StreamName STREAM = new StreamName("press");
    private static final ShardId SHARD = new ShardId(STREAM, 0);
    private static final StartingPosition TRIM = new StartingPosition.TrimHorizon();

    @TempDir
    Path directory;

    private final FakeClock clock = new FakeClock(1_800_000_000_000L);
    private int opened;

    private Path home() {
        return directory.resolve("home");
    }

    private Path files() {
        return home().resolve("log");
    }

    private ShardLog open(LogEncryption encryption) {
        return open(home(), encryption);
    }

    private ShardLog open(Path home, LogEncryption encryption) {
        ShardLogSettings settings =
                OpenedLogs.settings(home).withSegmentBytes(64 << 10).withEncryption(encryption);
        return OpenedLogs.open(settings, clock, new Random(++opened));
    }

    private static void create(ShardLog log) {
        log.admin().create(StreamSettings.of(StreamName.GAPS));
        log.admin().create(StreamSettings.of(STREAM));
    }

    /** One commit per record, of about half a KiB. */
    private static void append(ShardLog log, int from, int to) throws Exception {
        for (int i = from; i < to; i++) {
            LogReader.commit(log, AppendUnit.of(NewRecord.of(STREAM, "k", Payload.ofUtf8(text(i)))));
        }
    }

    private static String text(int number) {
        return "<" + number + ">" + "x".repeat(500);
    }

    private static List<String> texts(int from, int to) {
        return IntStream.range(from, to).mapToObj(EncryptionTest::text).toList();
    }

    private static List<String> read(ShardLog log) {
        return LogReader.texts(LogReader.all(log, SHARD, TRIM));
    }

    private void awaitSealed(ShardLog log, int number) {
        await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> {
            log.lookNow();
            assertThat(SegmentFile.isInWalMode(SegmentFile.path(files(), number)))
                    .isFalse();
        });
    }

    private static String allBytes(Path log) throws IOException {
        StringBuilder all = new StringBuilder();
        Keys.content(log).forEach((name, bytes) -> bytes.forEach(one -> all.append((char) (one & 0xff))));
        return all.toString();
    }

    private void writeMarked(LogEncryption encryption) throws Exception {
        try (ShardLog log = open(encryption)) {
            log.admin().create(StreamSettings.of(new StreamName("marker-stream")));
            NewRecord record = NewRecord.of(
                            new StreamName("marker-stream"), "MARKER-key", Payload.ofUtf8("MARKER-data"))
                    .withAttributes(Attributes.of(Map.of("marker-attribute", "MARKER-value")));
            CheckpointScope scope = new CheckpointScope.OneShard(new ShardId(new StreamName("marker-stream"), 0));
            for (int i = 0; i < 200; i++) {
                LogReader.commit(
                        log,
                        new AppendUnit(
                                List.of(record.withDeviceNumber((long) i)),
                                List.of(new CheckpointUpdate(
                                        new ConsumerName("marker-consumer"),
                                        scope,
                                        new Checkpoint.InShard(1, Payload.ofUtf8("MARKER-opaque")))),
                                List.of(new StateUpdate(
                                        "marker-state", Payload.ofUtf8("MARKER-state" + "y".repeat(400)))),
                                List.of()));
            }
            await().until(() -> log.status().segments() >= 2);
            Keys.copyAsCrashed(log, home(), directory.resolve("while-open"));
        }
    }

    @Test
    void nothingThatUsersSent_isReadableInAnyFile_norWhileItIsOpen() throws Exception {
        writeMarked(Keys.keys(1));
        for (Path log : List.of(files(), directory.resolve("while-open/log"))) {
            assertThat(allBytes(log)).doesNotContainIgnoringCase("marker");
        }
        assertThat(LogCheck.run(files(), Keys.keys(1)).findings()).isEmpty();
    }

    @Test
    void withoutEncryption_theSameIsThere() throws Exception {
        writeMarked(LogEncryption.none());
        assertThat(allBytes(files()))
                .contains(
                        "marker-stream", "MARKER-key", "MARKER-data", "MARKER-value", "MARKER-opaque", "MARKER-state");
    }

    private void refusedAndUntouched(Path home, LogEncryption encryption, String wantedKey) throws Exception {
        Map<String, List<Byte>> before = Keys.content(home.resolve("log"));
        assertThatThrownBy(() -> open(home, encryption).close())
                .isInstanceOf(StreamLogException.class)
                .hasMessageContaining("0000000")
                .hasMessageContaining(wantedKey)
                .hasMessageContaining("log.encryption.keys")
                .satisfies(e ->
                        assertThat(((StreamLogException) e).category()).isEqualTo(StreamLogException.Category.FATAL));
        assertThat(Keys.content(home.resolve("log"))).isEqualTo(before);
    }

    @Test
    void wrongOrMissingKey_isNamed_andTouchesNothing_alsoAfterACrash() throws Exception {
        Path crashed = directory.resolve("crashed");
        try (ShardLog log = open(Keys.keys(1))) {
            create(log);
            append(log, 1, 200);
            Keys.copyAsCrashed(log, home(), crashed);
            append(log, 200, 300);
        }
        String wanted = Keys.key(1).id();
        for (Path home : List.of(home(), crashed)) {
            refusedAndUntouched(home, Keys.keys(2), wanted);
            refusedAndUntouched(home, LogEncryption.none(), wanted);
            refusedAndUntouched(home, Keys.keys(3, 2).forOldSegmentsOnly(), wanted);
        }
        try (ShardLog log = open(Keys.keys(1))) {
            assertThat(read(log)).isEqualTo(texts(1, 300));
        }
        try (ShardLog log = open(crashed, Keys.keys(1))) {
            assertThat(read(log)).isEqualTo(texts(1, 200));
        }
        assertThat(LogCheck.run(files(), Keys.keys(1)).findings()).isEmpty();
        assertThat(LogCheck.run(crashed.resolve("log"), Keys.keys(1)).findings())
                .isEmpty();
    }

    /** With a damaged snapshot nothing says which key is wanted but the blocks. */
    @Test
    void wrongKey_besideADamagedSnapshot_isStillNoDamage() throws Exception {
        try (ShardLog log = open(Keys.keys(1))) {
            create(log);
            append(log, 1, 10);
        }
        try (Connection segment = Sql.openWritable(SegmentFile.path(files(), 1))) {
            Sql.run(segment, "UPDATE snapshot SET crc = crc + 1");
        }
        assertThatThrownBy(() -> open(Keys.keys(2)).close())
                .isInstanceOf(StreamLogException.class)
                .hasMessageContaining(Keys.key(1).id());
        assertThat(SegmentFile.list(files())).containsExactly(1);
    }

    @Test
    void onAndOff_andRotation_concernNewSegments_andOldOnesKeepTheirKey() throws Exception {
        String one = Keys.key(1).id();
        String two = Keys.key(2).id();
        try (ShardLog log = open(LogEncryption.none())) {
            create(log);
            append(log, 1, 11);
            assertThat(log.status().encryption()).isEqualTo(LogStatus.Encryption.NONE);
        }
        try (ShardLog log = open(Keys.keys(1))) {
            append(log, 11, 21);
            LogStatus.Encryption status = log.status().encryption();
            assertThat(status.key()).isEqualTo(one);
            assertThat(status.segmentsByKey()).isEqualTo(Map.of(one, 1));
            assertThat(log.status().segments()).isEqualTo(2);
        }
        assertThat(allBytes(files())).contains("<10>").doesNotContain("<11>");
        try (ShardLog log = open(Keys.keys(2, 1))) {
            append(log, 21, 31);
            assertThat(log.status().encryption().segmentsByKey()).isEqualTo(Map.of(one, 1, two, 1));
        }
        refusedAndUntouched(home(), Keys.keys(2), one);
        refusedAndUntouched(home(), Keys.keys(1), two);
        try (ShardLog log = open(Keys.keys(2, 1).forOldSegmentsOnly())) {
            append(log, 31, 41);
            assertThat(log.status().encryption().key()).isNull();
            assertThat(read(log)).isEqualTo(texts(1, 41));
        }
        assertThat(allBytes(files())).contains("<10>", "<31>").doesNotContain("<11>", "<30>");
        assertThat(SegmentFile.list(files())).containsExactly(1, 2, 3, 4);
        try (ShardLog log = open(Keys.keys(1, 2))) {
            assertThat(read(log)).isEqualTo(texts(1, 41));
        }
        assertThat(LogCheck.run(files(), Keys.keys(1, 2)).findings()).isEmpty();
    }

    @Test
    void aRewrittenSegment_isUnderTheCurrentKey_andReadsAsBefore() throws Exception {
        try (ShardLog log = open(Keys.keys(1))) {
            create(log);
            append(log, 1, 150);
            awaitSealed(log, 1);
        }
        LogEncryption both = Keys.keys(2, 1);
        try (SegmentRewrite rewrite = new SegmentRewrite(files(), 1, run -> true, Compression.NONE, both)) {
            rewrite.run(1);
        }
        assertThat(SegmentKeys.look(files()).byName()).containsEntry(Keys.key(2).id(), 1);
        try (ShardLog log = open(both)) {
            assertThat(read(log)).isEqualTo(texts(1, 150));
        }
        assertThat(LogCheck.run(files(), both).findings()).isEmpty();
        try (SegmentRewrite rewrite =
                new SegmentRewrite(files(), 1, run -> true, Compression.NONE, both.forOldSegmentsOnly())) {
            rewrite.run(1);
        }
        try (Connection segment = Sql.openImmutable(SegmentFile.path(files(), 1))) {
            assertThat(SegmentKeys.of(segment)).hasValue(0);
        }
        assertThat(LogCheck.run(files(), both).findings()).isEmpty();
    }

    /** Puts a block's bytes into the place of another's, and makes the CRC right. */
    private void graft(int fromSegment, long fromLsn, int toSegment, long toLsn, boolean isPlain) throws Exception {
        StoredBlock from = stored(fromSegment, fromLsn);
        StoredBlock to = stored(toSegment, toLsn);
        StoredBlock grafted = new StoredBlock(
                        to.header(), from.control(), to.directory(), from.codec(), from.rawLength(), from.body())
                .under(isPlain ? 0 : from.keyId(), from.control(), from.body());
        try (Connection segment = Sql.openWritable(SegmentFile.path(files(), toSegment))) {
            Sql.run(segment, "DELETE FROM block WHERE lsn = " + toLsn);
            try (PreparedStatement insert = segment.prepareStatement(BlockRows.INSERT)) {
                BlockRows.bind(insert, grafted);
                insert.executeUpdate();
            }
        }
    }

    private StoredBlock stored(int segment, long lsn) throws Exception {
        try (Connection connection = Sql.openWritable(SegmentFile.path(files(), segment));
                Statement statement = connection.createStatement();
                ResultSet row =
                        statement.executeQuery("SELECT " + BlockRows.COLUMNS + " FROM block WHERE lsn = " + lsn)) {
            assertThat(row.next()).isTrue();
            return BlockRows.read(row);
        }
    }

    private static long lsn(ShardLog log, int number) {
        return LogReader.records(LogReader.all(log, SHARD, new StartingPosition.AtSequenceNumber(number)))
                .get(0)
                .position()
                .lsn();
    }

    private int segmentOf(long lsn) throws Exception {
        for (int number : SegmentFile.list(files())) {
            try (Connection connection = Sql.openWritable(SegmentFile.path(files(), number))) {
                if (Sql.number(connection, "SELECT count(*) FROM block WHERE lsn = " + lsn) == 1) {
                    return number;
                }
            }
        }
        throw new AssertionError("no segment has commit " + lsn);
    }

    @Test
    void changedAndMovedBlocks_withTheirChecksumsMadeRight_areDamage_andNeverServed() throws Exception {
        long[] lsns = new long[400];
        try (ShardLog log = open(Keys.keys(1))) {
            create(log);
            append(log, 1, 400);
            for (int number = 1; number < 400; number++) {
                lsns[number] = number == 1 ? lsn(log, 1) : lsns[number - 1] + 1;
            }
            awaitSealed(log, 3);
        }
        // The same LSN in another segment, other LSNs of the same segment, and the bytes of a block without encryption.
        int first = segmentOf(lsns[10]);
        int second = segmentOf(lsns[200]);
        assertThat(second).isGreaterThan(first).isLessThanOrEqualTo(3);
        StoredBlock original = stored(first, lsns[10]);
        graft(second, lsns[200], first, lsns[10], false);
        graft(first, lsns[20], first, lsns[21], false);
        plant(second, lsns[201], Keys.keys(1).decryptor(second, java.util.OptionalLong.empty()));
        assertThat(stored(first, lsns[10]).body()).isNotEqualTo(original.body());
        try (ShardLog log = open(Keys.keys(1))) {
            List<LogEntry> entries = LogReader.all(log, SHARD, TRIM);
            List<Long> lost = new ArrayList<>();
            for (LogEntry entry : entries) {
                if (entry instanceof Gap gap) {
                    assertThat(gap.reason()).isEqualTo(GapReason.CORRUPT);
                    for (long number = gap.fromInclusive(); number < gap.toExclusive(); number++) {
                        lost.add(number);
                    }
                } else if (entry instanceof StreamRecord record) {
                    assertThat(record.data().utf8()).isEqualTo(text((int) record.sequenceNumber()));
                }
            }
            assertThat(lost).containsExactly(10L, 21L, 201L);
            assertThat(LogReader.records(entries)).hasSize(396);
        }
    }

    /** A block as whoever has no key would write it: plain, and complete. */
    private void plant(int segment, long lsn, Decryptor decryptor) throws Exception {
        StoredBlock plain = decryptor.block(stored(segment, lsn));
        try (Connection connection = Sql.openWritable(SegmentFile.path(files(), segment))) {
            Sql.run(connection, "DELETE FROM block WHERE lsn = " + lsn);
            try (PreparedStatement insert = connection.prepareStatement(BlockRows.INSERT)) {
                BlockRows.bind(insert, plain);
                insert.executeUpdate();
            }
        }
    }

    @Test
    void check_withoutTheKey_verifiesChecksums_andSaysWhatItDidNot() throws Exception {
        try (ShardLog log = open(Keys.keys(1))) {
            create(log);
            append(log, 1, 200);
            awaitSealed(log, 1);
        }
        LogCheck.Report blind = LogCheck.run(files());
        LogCheck.Report whole = LogCheck.run(files(), Keys.keys(1));
        assertThat(blind.findings()).isEmpty();
        assertThat(blind.notDecrypted()).isEqualTo(Map.of(Keys.key(1).id(), whole.segments()));
        assertThat(blind.blocks()).isEqualTo(whole.blocks());
        assertThat(blind.records()).isEqualTo(whole.records());
        assertThat(whole.notDecrypted()).isEmpty();
        try (Connection segment = Sql.openWritable(SegmentFile.path(files(), 1))) {
            Sql.run(
                    segment,
                    "UPDATE block SET time_ms = time_ms + 1 WHERE lsn = 20",
                    "DELETE FROM block WHERE lsn = 30");
        }
        assertThat(LogCheck.run(files()).findings())
                .extracting(LogCheck.Finding::invariant)
                .containsExactly("I2", "I3", "I5");
    }

    @Test
    void exportAndStats_needTheKey_andNameIt() throws Exception {
        try (ShardLog log = open(Keys.keys(1))) {
            create(log);
            append(log, 1, 20);
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (LogEncryption wrong : List.of(LogEncryption.none(), Keys.keys(2))) {
            assertThatThrownBy(() -> LogExport.run(files(), wrong, LogExport.Selection.all(), out))
                    .isInstanceOf(StreamLogException.class)
                    .hasMessageContaining(Keys.key(1).id())
                    .hasMessageContaining("--key FILE");
            assertThatThrownBy(() -> LogStatistics.of(files(), wrong))
                    .hasMessageContaining(Keys.key(1).id());
        }
        assertThat(out.size()).isZero();
        LogExport.run(files(), Keys.keys(1), LogExport.Selection.all(), out);
        assertThat(out.toString(StandardCharsets.UTF_8)).contains("\"sequenceNumber\":\"19\"");
        assertThat(LogStatistics.of(files(), Keys.keys(1)).segmentsByKey())
                .isEqualTo(Map.of(Keys.key(1).id(), 1));
    }

    @Test
    void aFlippedBit_isDamageAsEver_andTheRestIsRead() throws Exception {
        try (ShardLog log = open(Keys.keys(1))) {
            create(log);
            append(log, 1, 200);
            awaitSealed(log, 1);
        }
        byte[] body = stored(1, 20).body();
        byte[] file = Files.readAllBytes(SegmentFile.path(files(), 1));
        String all = new String(file, StandardCharsets.ISO_8859_1);
        int at = all.indexOf(new String(body, 60, 100, StandardCharsets.ISO_8859_1));
        file[at] ^= 1;
        Files.write(SegmentFile.path(files(), 1), file);
        try (ShardLog log = open(Keys.keys(1))) {
            List<LogEntry> entries = LogReader.all(log, SHARD, TRIM);
            assertThat(LogReader.records(entries)).hasSize(198);
            assertThat(entries).hasSize(199);
            await().atMost(Duration.ofSeconds(30)).until(() -> log.ledger(SHARD).corrupt() == 1);
        }
    }
}
