package io.tidegate.buffer;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidegate.core.runtime.SystemClock;
import io.tidegate.core.stream.AppendUnit;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamSettings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How long an acknowledgement takes while old segments are rewritten. */
class RewriteLatencyTest {
    private static final StreamName BULK = new StreamName("bulk");
    private static final StreamName ALARMS = new StreamName("alarms");
    private static final int SEGMENT_BYTES = 8 << 20;
    private static final int SEGMENTS = 6;
    private static final long BULK_BYTES_MAX = 1 << 20;

    /** What is met at most is the fsync of a MiB, on a machine that may do other things. */
    private static final long LONGEST_MILLIS_MAX = 5_000;

    private static final double MEDIAN_MILLIS_MAX = 500;

    @TempDir
    Path home;

    private final SystemClock clock = new SystemClock();
    private final Random random = new Random(11);

    private record Latencies(List<Long> sortedMicros) {
        double millisAt(double share) {
            int at = (int) Math.min(sortedMicros.size() - 1.0, sortedMicros.size() * share);
            return sortedMicros.get(at) / 1000.0;
        }

        @Override
        public String toString() {
            return String.format(
                    Locale.ROOT,
                    "%d appends, p50 %.1f ms, p99 %.1f ms, longest %.1f ms",
                    sortedMicros.size(),
                    millisAt(0.5),
                    millisAt(0.99),
                    millisAt(1));
        }
    }

    private NewRecord noise(StreamName stream, int bytes) {
        byte[] data = new byte[bytes];
        random.nextBytes(data);
        return NewRecord.of(stream, "k", Payload.wrap(data));
    }

    private void fill(ShardLog log) throws Exception {
        while (log.status().segments() <= SEGMENTS) {
            List<NewRecord> records = new ArrayList<>();
            for (int i = 0; i < 100; i++) {
                records.add(noise(BULK, 2_000));
            }
            records.add(noise(ALARMS, 100));
            LogReader.commit(log, new AppendUnit(records, List.of(), List.of(), List.of()));
        }
    }

    /** One alarm after the other, each when the one before is acknowledged. */
    private Latencies measure(ShardLog log, BooleanSupplier isEnough) throws Exception {
        List<Long> micros = new ArrayList<>();
        while (!isEnough.getAsBoolean()) {
            long start = clock.monotonicNanos();
            LogReader.commit(log, AppendUnit.of(noise(ALARMS, 100)));
            micros.add((clock.monotonicNanos() - start) / 1_000);
        }
        micros.sort(null);
        return new Latencies(micros);
    }

    @Test
    void acknowledgements_goOn_whileSegmentsAreRewritten() throws Exception {
        ShardLogSettings settings = OpenedLogs.settings(home).withSegmentBytes(SEGMENT_BYTES);
        try (ShardLog log = OpenedLogs.open(settings, clock)) {
            log.admin().create(StreamSettings.of(BULK));
            log.admin().create(StreamSettings.of(ALARMS).withRetention(Duration.ofDays(365)));
            fill(log);
            long quietUntil = clock.monotonicNanos() + Duration.ofSeconds(1).toNanos();
            Latencies before = measure(log, () -> clock.monotonicNanos() >= quietUntil);

            // Of all segments but the newest two, at least three quarters.
            long bytesMax = log.status().bytesOnDisk() - (SEGMENTS - 2L) * SEGMENT_BYTES / 4 * 3;
            long deadline = clock.monotonicNanos() + Duration.ofSeconds(60).toNanos();
            BooleanSupplier isDone =
                    () -> clock.monotonicNanos() > deadline || log.status().bytesOnDisk() < bytesMax;
            log.admin().configure(StreamSettings.of(BULK).withRetainedBytesMax(BULK_BYTES_MAX));
            log.lookNow();
            long start = clock.monotonicNanos();
            Latencies during = measure(log, isDone);
            long millis = (clock.monotonicNanos() - start) / 1_000_000;
            System.out.println("Before: " + before + "; while segments of " + (SEGMENT_BYTES >> 20)
                    + " MiB were rewritten for " + millis + " ms: " + during);
            assertThat(log.status().bytesOnDisk()).as("they were rewritten").isLessThan(bytesMax);
            assertThat(log.ledger(new ShardId(BULK, 0)).evicted()).isPositive();
            assertThat(during.millisAt(0.5)).isLessThan(MEDIAN_MILLIS_MAX);
            assertThat(during.millisAt(1)).isLessThan(LONGEST_MILLIS_MAX);
        }
    }
}
