package io.tidegate.buffer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.tidegate.core.stream.LogEntry;
import io.tidegate.core.stream.StreamLogException;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.sql.Connection;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Check, export and statistics of an encrypted log, with its key and without; damage in one. */
class EncryptedToolsTest extends EncryptedLog {
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
            Sql.run(segment, "UPDATE block SET time_ms = time_ms + 1 WHERE lsn = 20");
        }
        assertThat(LogCheck.run(files()).findings())
                .extracting(LogCheck.Finding::invariant)
                .containsExactly("I2");
        try (Connection segment = Sql.openWritable(SegmentFile.path(files(), 1))) {
            Sql.run(segment, "DELETE FROM block WHERE lsn = 30");
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
