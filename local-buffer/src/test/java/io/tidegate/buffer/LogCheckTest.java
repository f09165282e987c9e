package io.tidegate.buffer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.tidegate.core.runtime.SystemClock;
import io.tidegate.core.stream.AppendUnit;
import io.tidegate.core.stream.LossLedger;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StartingPosition;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamSettings;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LogCheckTest {
    private static final StreamName STREAM = new StreamName("press");
    private static final ShardId SHARD = new ShardId(STREAM, 0);
    private static final StartingPosition TRIM = new StartingPosition.TrimHorizon();

    @TempDir
    Path home;

    private Path directory;

    private ShardLog open() {
        return OpenedLogs.open(OpenedLogs.settings(home).withSegmentBytes(64 << 10), new SystemClock());
    }

    /** 300 records in four or more segments, all but the newest sealed. */
    @BeforeEach
    void write() throws Exception {
        directory = home.resolve("log");
        try (ShardLog log = open()) {
            log.admin().create(StreamSettings.of(STREAM));
            for (int i = 1; i <= 300; i++) {
                LogReader.commit(
                        log, AppendUnit.of(NewRecord.of(STREAM, "k", Payload.ofUtf8("<" + i + ">" + "x".repeat(500)))));
            }
            int segments = SegmentFile.list(directory).size();
            assertThat(segments).isGreaterThan(3);
            await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> {
                log.lookNow();
                for (int segment = 1; segment < segments; segment++) {
                    assertThat(SegmentFile.isInWalMode(SegmentFile.path(directory, segment)))
                            .isFalse();
                }
            });
        }
    }

    private int flip(String text) throws IOException {
        for (int segment : SegmentFile.list(directory)) {
            Path file = SegmentFile.path(directory, segment);
            byte[] bytes = Files.readAllBytes(file);
            int at = new String(bytes, StandardCharsets.ISO_8859_1).indexOf(text);
            if (at >= 0) {
                bytes[at + text.length()] ^= 1;
                Files.write(file, bytes);
                return segment;
            }
        }
        throw new AssertionError("no segment holds " + text);
    }

    /** Names, sizes and times of all files. */
    private Map<String, String> files() throws IOException {
        Map<String, String> files = new TreeMap<>();
        try (Stream<Path> paths = Files.list(directory)) {
            for (Path path : paths.sorted(Comparator.naturalOrder()).toList()) {
                files.put(path.getFileName().toString(), Files.size(path) + " " + Files.getLastModifiedTime(path));
            }
        }
        return files;
    }

    @Test
    void check_ofALogThatNobodyHasOpen_changesAndAddsNoFile() throws Exception {
        Map<String, String> before = files();
        LogCheck.Report report = LogCheck.run(directory);
        assertThat(report.findings()).isEmpty();
        assertThat(report.records()).isEqualTo(300);
        assertThat(files()).isEqualTo(before);
    }

    @Test
    void check_besideAWriter_addsNoFile_andTheWriterGoesOn() throws Exception {
        try (ShardLog log = open()) {
            LogReader.commit(log, AppendUnit.of(NewRecord.of(STREAM, "k", Payload.ofUtf8("more"))));
            List<String> before = new ArrayList<>(files().keySet());
            LogCheck.Report report = LogCheck.run(directory);
            assertThat(report.findings()).isEmpty();
            assertThat(report.records()).isEqualTo(301);
            assertThat(files().keySet()).containsExactlyElementsOf(before);
            LogReader.commit(log, AppendUnit.of(NewRecord.of(STREAM, "k", Payload.ofUtf8("and more"))));
        }
    }

    @Test
    void damage_isAProblemUntilReadersHaveBeenTold_thenAccountedFor() throws Exception {
        int segment = flip("<10>");
        LogCheck.Report fresh = LogCheck.run(directory);
        assertThat(fresh.isSound()).isFalse();
        assertThat(fresh.findings()).hasSize(1).allSatisfy(finding -> {
            assertThat(finding.invariant()).isEqualTo("I2");
            assertThat(finding.where())
                    .contains("segment " + segment)
                    .contains(SegmentFile.path(directory, segment).toString());
            assertThat(finding.what()).contains(SHARD + " record 10");
            assertThat(finding.advice()).contains("have not been told yet");
        });
        try (ShardLog log = open()) {
            LogReader.all(log, SHARD, TRIM);
            await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> assertThat(log.ledger(SHARD))
                    .isEqualTo(new LossLedger(SHARD, 300, 299, 0, 0, 1)));
            assertThat(LogCheck.run(directory).isSound()).isTrue();
        }
        LogCheck.Report told = LogCheck.run(directory);
        assertThat(told.isSound()).isTrue();
        assertThat(told.findings()).hasSize(1).allSatisfy(finding -> {
            assertThat(finding.accounted()).isTrue();
            assertThat(finding.what()).contains(SHARD + " record 10");
        });
    }

    @Test
    void damageOfTheNewestSegment_isAProblemUntilTheLogHasBeenOpened() throws Exception {
        flip("<300>");
        assertThat(LogCheck.run(directory).isSound()).isFalse();
        open().close();
        assertThat(LogCheck.run(directory).findings()).hasSize(1).allMatch(LogCheck.Finding::accounted);
    }

    @Test
    void missingSegment_isAProblemUntilTheLogHasBeenOpened() throws Exception {
        Files.delete(SegmentFile.path(directory, 2));
        LogCheck.Report fresh = LogCheck.run(directory);
        assertThat(fresh.isSound()).isFalse();
        assertThat(fresh.findings()).hasSize(1).allSatisfy(finding -> assertThat(finding.what())
                .contains("is missing")
                .contains(SHARD + " records"));
        try (ShardLog log = open()) {
            await().atMost(Duration.ofSeconds(30))
                    .untilAsserted(() -> assertThat(log.ledger(SHARD).corrupt()).isPositive());
        }
        assertThat(LogCheck.run(directory).findings()).hasSize(1).allMatch(LogCheck.Finding::accounted);
    }

    @Test
    void damage_isCountedBeforeAnybodyReadsThere() throws Exception {
        flip("<10>");
        try (ShardLog log = open()) {
            await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> assertThat(log.ledger(SHARD))
                    .isEqualTo(new LossLedger(SHARD, 300, 299, 0, 0, 1)));
        }
        assertThat(LogCheck.run(directory).isSound()).isTrue();
    }

    /** What the commit said and the copy of the state after it said is in neither: nobody knows where the next begins. */
    @Test
    void damagedEndOfASegment_andTheStateAfterIt_isNoFaultOfTheNextOne() throws Exception {
        String first = new String(Files.readAllBytes(SegmentFile.path(directory, 1)), StandardCharsets.ISO_8859_1);
        int last = IntStream.rangeClosed(1, 300)
                .filter(i -> first.contains("<" + i + ">"))
                .max()
                .orElseThrow();
        assertThat(flip("<" + last + ">")).isEqualTo(1);
        try (Connection connection = Sql.openWritable(SegmentFile.path(directory, 2))) {
            Sql.run(connection, "UPDATE snapshot SET crc = crc + 1 WHERE position = 0");
        }
        try (ShardLog log = open()) {
            assertThat(LogReader.all(log, SHARD, TRIM)).hasSize(300);
            await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> assertThat(log.ledger(SHARD))
                    .isEqualTo(new LossLedger(SHARD, 300, 299, 0, 0, 1)));
        }
        assertThat(LogCheck.run(directory).findings())
                .allSatisfy(finding -> assertThat(finding.accounted()).isTrue())
                .extracting(LogCheck.Finding::invariant)
                .containsExactlyInAnyOrder("I2", "I5");
    }
}
