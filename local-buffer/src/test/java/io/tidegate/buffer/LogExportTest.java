package io.tidegate.buffer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.tidegate.core.runtime.SystemClock;
import io.tidegate.core.stream.AppendUnit;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StreamLogException;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamSettings;
import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LogExportTest {
    private static final StreamName STREAM = new StreamName("press");
    private static final StreamName OTHER = new StreamName("door");
    /** Not what a JSON writer would write: it must come out as it is. */
    private static final String TEXT = "{\"temp\": 4.10e1 ,\"text\":\"\\u00e4ä\",\"i\":%d}";

    @TempDir
    Path home;

    private ShardLog open() {
        return OpenedLogs.open(OpenedLogs.settings(home).withSegmentBytes(64 << 10), new SystemClock());
    }

    private List<String> export(LogExport.Selection selection) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        LogExport.Written written = LogExport.run(home.resolve("log"), LogEncryption.none(), selection, out);
        List<String> lines = out.toString(StandardCharsets.UTF_8).lines().toList();
        assertThat(lines).hasSize((int) (written.records() + written.gaps()));
        return lines;
    }

    private static void write(ShardLog log) throws Exception {
        log.admin().create(StreamSettings.of(STREAM));
        log.admin().create(StreamSettings.of(OTHER));
        for (int i = 1; i <= 200; i++) {
            LogReader.commit(
                    log,
                    AppendUnit.of(
                            NewRecord.of(STREAM, "k", Payload.ofUtf8(String.format(TEXT, i))),
                            NewRecord.of(OTHER, "k", Payload.wrap(noise(i)))));
        }
    }

    /** What does not compress, so that the log has several segments. */
    private static byte[] noise(int seed) {
        byte[] bytes = new byte[900];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    @Test
    void export_whileAGatewayGivesUpSegments_tellsThatAsWhatItIs_notAsDamage() throws Exception {
        try (ShardLog log = open()) {
            writeSegments(log);
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            OutputStream slow = new OutputStream() {
                private boolean hasBegun;

                @Override
                public void write(int octet) {
                    out.write(octet);
                }

                @Override
                public void write(byte[] bytes, int from, int length) {
                    if (!hasBegun) {
                        hasBegun = true;
                        giveUp(log);
                    }
                    out.write(bytes, from, length);
                }
            };
            LogExport.run(home.resolve("log"), LogEncryption.none(), LogExport.Selection.all(), slow);
            String lines = out.toString(StandardCharsets.UTF_8);
            assertThat(lines).contains("\"reason\":\"evicted\"").doesNotContain("corrupt");
            assertThat(LogCheck.run(home.resolve("log")).findings()).isEmpty();
        }
    }

    /** The newest two always stay. */
    private void writeSegments(ShardLog log) throws Exception {
        write(log);
        for (int i = 0; SegmentFile.list(home.resolve("log")).size() < 5; i++) {
            LogReader.commit(log, AppendUnit.of(NewRecord.of(OTHER, "k", Payload.wrap(noise(i)))));
        }
    }

    /** Everything but the newest records goes, and with it the second segment. */
    private void giveUp(ShardLog log) {
        for (StreamName stream : List.of(STREAM, OTHER)) {
            log.admin().configure(StreamSettings.of(stream).withRetainedBytesMax(1_000));
        }
        await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> {
            log.lookNow();
            assertThat(SegmentFile.path(home.resolve("log"), 2)).doesNotExist();
        });
    }

    @Test
    void whatLooksDamaged_becauseAGatewayRemovedASegmentMeanwhile_isLookedAtAgain() throws Exception {
        try (ShardLog log = open()) {
            writeSegments(log);
            List<Boolean> looks = new ArrayList<>();
            boolean isSound = LogFiles.look(
                    home.resolve("log"),
                    LogEncryption.none(),
                    files -> {
                        boolean isFirst = looks.isEmpty();
                        looks.add(isFirst);
                        if (isFirst) {
                            giveUp(log);
                        }
                        return !isFirst;
                    },
                    found -> found);
            assertThat(isSound).isTrue();
            assertThat(looks).containsExactly(true, false);
            // Where nothing has changed, what is found stands.
            assertThat(LogFiles.<Boolean>look(
                            home.resolve("log"), LogEncryption.none(), files -> !looks.add(true), found -> found))
                    .isFalse();
            assertThat(looks).hasSize(3);
        }
    }

    @Test
    void export_besideAWriter_hasEveryRecordByteForByte_inCommitOrder() throws Exception {
        try (ShardLog log = open()) {
            write(log);
            List<String> lines = export(LogExport.Selection.all());
            assertThat(lines).hasSize(400);
            for (int i = 1; i <= 200; i++) {
                assertThat(lines.get(2 * i - 2))
                        .startsWith(
                                "{\"stream\":\"press\",\"shardId\":\"shardId-000000000000\",\"sequenceNumber\":\"" + i)
                        .endsWith(",\"data\":" + String.format(TEXT, i) + "}");
                assertThat(lines.get(2 * i - 1))
                        .startsWith("{\"stream\":\"door\"")
                        .contains("\"dataBase64\":\"");
            }
        }
    }

    @Test
    void selection_byStreamNumbersAndLimit_isExact() throws Exception {
        try (ShardLog log = open()) {
            write(log);
        }
        assertThat(export(new LogExport.Selection(Set.of(STREAM), 0, 51, 61, Long.MAX_VALUE)))
                .hasSize(10)
                .allSatisfy(line -> assertThat(line).contains("\"stream\":\"press\""))
                .first()
                .asString()
                .contains("\"sequenceNumber\":\"51\"");
        assertThat(export(new LogExport.Selection(Set.of(STREAM), -1, 0, Long.MAX_VALUE, 7)))
                .hasSize(7);
        LogExport.Selection nothing = new LogExport.Selection(Set.of(new StreamName("none")), -1, 0, 10, 10);
        assertThatThrownBy(() -> export(nothing)).isInstanceOf(StreamLogException.class);
    }

    @Test
    void missingSegment_isAGapInItsPlace_toldOrNot() throws Exception {
        try (ShardLog log = open()) {
            write(log);
        }
        Files.delete(SegmentFile.path(home.resolve("log"), 2));
        List<String> before = export(new LogExport.Selection(Set.of(STREAM), -1, 0, Long.MAX_VALUE, Long.MAX_VALUE));
        assertThat(before)
                .filteredOn(line -> line.contains("\"gap\""))
                .hasSize(1)
                .first()
                .asString()
                .contains("corrupt");
        try (ShardLog log = open()) {
            ShardId shard = new ShardId(STREAM, 0);
            await().atMost(Duration.ofSeconds(30))
                    .untilAsserted(() -> assertThat(log.ledger(shard).corrupt()).isEqualTo(200 - (before.size() - 1)));
        }
        List<String> after = export(new LogExport.Selection(Set.of(STREAM), -1, 0, Long.MAX_VALUE, Long.MAX_VALUE));
        assertThat(after).hasSameSizeAs(before);
        for (int i = 0; i < after.size(); i++) {
            assertThat(cut(after.get(i))).isEqualTo(cut(before.get(i)));
        }
    }

    /** Without the time at which the loss was noticed. */
    private static String cut(String line) {
        return line.contains("\"gap\"") ? line.substring(0, line.indexOf("\"time\"")) : line;
    }

    @Test
    void statistics_countWhatIsThere() throws Exception {
        try (ShardLog log = open()) {
            write(log);
            LogStatistics.Report report = LogStatistics.of(home.resolve("log"), LogEncryption.none());
            assertThat(report.records()).isEqualTo(400);
            assertThat(report.segments()).isEqualTo(log.status().segments());
            assertThat(report.bytesOnDisk()).isGreaterThan(200 * 900);
            assertThat(report.unreadableSegments()).isZero();
            LogStatistics.Shard door = report.shards().stream()
                    .filter(shard -> shard.id().stream().equals(OTHER))
                    .findFirst()
                    .orElseThrow();
            assertThat(door.blocks()).isEqualTo(200);
            assertThat(door.payloadBytes()).isEqualTo(200 * (900 + 1));
            assertThat(door.segments()).isEqualTo(report.segments());
            assertThat(door.oldestMillis()).isPositive().isLessThanOrEqualTo(door.newestMillis());
        }
    }
}
