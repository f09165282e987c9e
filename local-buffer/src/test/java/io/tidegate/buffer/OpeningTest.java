package io.tidegate.buffer;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidegate.core.runtime.ClockSync;
import io.tidegate.core.runtime.EffectiveClock;
import io.tidegate.core.runtime.SystemClock;
import io.tidegate.core.stream.AppendUnit;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamSettings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OpeningTest {
    private static final StreamName STREAM = new StreamName("press");
    private static final int SEGMENT_BYTES = 64 << 10;
    /** Headers, the list of shards, a summary of 200 bytes per segment. */
    private static final long BYTES_BESIDE = 32 << 10;

    /** Under which key it is, say two of its pages, however large it is. */
    private static final long BYTES_PER_SEGMENT = 2 * 4096;

    private final SystemClock clock = new SystemClock();
    private final Random random = new Random(3);

    @TempDir
    Path directory;

    /** A log with so many sealed segments, and a newest one that is never longer than a segment may be. */
    private Path log(int segments) throws Exception {
        Path home = directory.resolve("segments-" + segments);
        try (ShardLog log = OpenedLogs.open(OpenedLogs.settings(home).withSegmentBytes(SEGMENT_BYTES), clock)) {
            log.admin().create(StreamSettings.of(STREAM));
            while (log.status().segments() <= segments) {
                byte[] noise = new byte[8 << 10];
                random.nextBytes(noise);
                LogReader.commit(log, AppendUnit.of(NewRecord.of(STREAM, "k", Payload.wrap(noise))));
            }
        }
        return home;
    }

    /** What this thread has read from files, SQLite's reads among it (proc(5)). */
    private static long bytesRead() throws Exception {
        return Files.readAllLines(Path.of("/proc/thread-self/io")).stream()
                .filter(line -> line.startsWith("rchar: "))
                .mapToLong(line -> Long.parseLong(line.substring(7)))
                .findFirst()
                .orElseThrow();
    }

    private long bytesReadAtOpening(Path home) throws Exception {
        EffectiveClock effective = new EffectiveClock(clock, ClockSync.TRUSTED, OpenedLogs.BUILD_MILLIS);
        long before = bytesRead();
        LogRecovery.Opened opened = new LogRecovery(OpenedLogs.settings(home), effective).open();
        long read = bytesRead() - before;
        opened.live().close();
        opened.store().close();
        return read;
    }

    @Test
    void opening_readsTheNewestSegmentAlone_howeverMuchIsSealed() throws Exception {
        Path few = log(2);
        Path many = log(40);
        bytesReadAtOpening(few); // loads classes
        long ofFew = bytesReadAtOpening(few);
        long ofMany = bytesReadAtOpening(many);

        assertThat(ofFew).isLessThan(SEGMENT_BYTES + BYTES_BESIDE + 3 * BYTES_PER_SEGMENT);
        assertThat(ofMany).isLessThan(SEGMENT_BYTES + BYTES_BESIDE + 41 * BYTES_PER_SEGMENT);
        assertThat(sealedBytes(many)).isGreaterThan(30 * SEGMENT_BYTES);
    }

    private static long sealedBytes(Path home) throws Exception {
        Path log = home.resolve("log");
        return SegmentFile.list(log).stream()
                .limit(40)
                .mapToLong(number -> SegmentFile.bytesOnDisk(log, number))
                .sum();
    }
}
