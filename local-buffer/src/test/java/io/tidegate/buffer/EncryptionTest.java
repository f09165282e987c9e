package io.tidegate.buffer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tidegate.core.stream.Gap;
import io.tidegate.core.stream.GapReason;
import io.tidegate.core.stream.LogEntry;
import io.tidegate.core.stream.LogStatus;
import io.tidegate.core.stream.StreamLogException;
import io.tidegate.core.stream.StreamRecord;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Logs that are encrypted, on and off, under one key after another; invariants E1 to E5 of the design note. */
class EncryptionTest extends EncryptedLog {
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
}
