package io.tidegate.buffer;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidegate.core.runtime.SystemClock;
import io.tidegate.core.stream.AppendResult;
import io.tidegate.core.stream.AppendUnit;
import io.tidegate.core.stream.Gap;
import io.tidegate.core.stream.GapReason;
import io.tidegate.core.stream.LogEntry;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StartingPosition;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamRecord;
import io.tidegate.core.stream.StreamSettings;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;

/** A log with records that say their numbers, and ways to damage its files. */
abstract class DamagedLog {
    static final StreamName STREAM = new StreamName("press");
    static final ShardId SHARD = new ShardId(STREAM, 0);
    static final StartingPosition TRIM = new StartingPosition.TrimHorizon();

    @TempDir
    Path home;

    ShardLog open() {
        return OpenedLogs.open(OpenedLogs.settings(home).withSegmentBytes(64 << 10), new SystemClock());
    }

    /** One commit per record; the text says the number. */
    static void append(ShardLog log, int from, int to) throws Exception {
        for (int i = from; i < to; i++) {
            AppendResult.Committed committed = LogReader.commit(
                    log, AppendUnit.of(NewRecord.of(STREAM, "k", Payload.ofUtf8("<" + i + ">" + "x".repeat(500)))));
            assertThat(committed.places().get(0).sequenceNumber()).isEqualTo(i);
        }
    }

    ShardLog create() {
        ShardLog log = open();
        log.admin().create(StreamSettings.of(StreamName.GAPS));
        log.admin().create(StreamSettings.of(STREAM));
        return log;
    }

    /** Flips one bit in the data of a record, in whatever segment it is. */
    void flip(int number) throws IOException {
        byte[] text = ("<" + number + ">").getBytes(StandardCharsets.UTF_8);
        for (int segment : SegmentFile.list(home.resolve("log"))) {
            Path file = SegmentFile.path(home.resolve("log"), segment);
            byte[] bytes = Files.readAllBytes(file);
            int at = new String(bytes, StandardCharsets.ISO_8859_1)
                    .indexOf(new String(text, StandardCharsets.ISO_8859_1));
            if (at >= 0) {
                bytes[at + text.length] ^= 1;
                Files.write(file, bytes);
                return;
            }
        }
        throw new AssertionError("no segment holds record " + number);
    }

    static List<Long> numbers(List<LogEntry> entries) {
        return LogReader.records(entries).stream()
                .map(StreamRecord::sequenceNumber)
                .toList();
    }

    static List<Long> gapStarts(List<LogEntry> entries) {
        return entries.stream()
                .filter(Gap.class::isInstance)
                .map(entry -> ((Gap) entry).fromInclusive())
                .toList();
    }

    static List<GapReason> gapReasons(List<LogEntry> entries) {
        return entries.stream()
                .filter(Gap.class::isInstance)
                .map(entry -> ((Gap) entry).reason())
                .toList();
    }

    static AppendResult.Committed commit(ShardLog log, String text) throws Exception {
        return LogReader.commit(log, AppendUnit.of(NewRecord.of(STREAM, "k", Payload.ofUtf8(text))));
    }

    void destroy(int segment) throws IOException {
        Path file = SegmentFile.path(home.resolve("log"), segment);
        byte[] bytes = Files.readAllBytes(file);
        Arrays.fill(bytes, 0, 4096, (byte) 0x55);
        Files.write(file, bytes);
    }

    void destroySnapshot(int segment) throws Exception {
        try (Connection connection = Sql.openWritable(SegmentFile.path(home.resolve("log"), segment))) {
            Sql.run(connection, "UPDATE snapshot SET crc = crc + 1 WHERE position = 0");
        }
    }
}
