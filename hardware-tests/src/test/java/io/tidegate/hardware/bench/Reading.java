package io.tidegate.hardware.bench;

import io.tidegate.buffer.CommitInterval;
import io.tidegate.buffer.Compression;
import io.tidegate.core.stream.LogCursor;
import io.tidegate.core.stream.LogEntry;
import io.tidegate.core.stream.LogPosition;
import io.tidegate.core.stream.ReadBatch;
import io.tidegate.core.stream.StreamRecord;
import java.nio.file.Path;
import java.util.Set;

/** What it costs to read records from the files, from the first to the last, in commit order. */
final class Reading {
    private static final int BYTES_PER_READ = 1 << 20;
    private static final LogPosition START = new LogPosition(0, 0);

    private Reading() {}

    static void write(Path home, Compression compression, Telemetry telemetry, long records) throws Exception {
        int group = 1000;
        try (MeasuredLog log =
                MeasuredLog.open(home, compression, CommitInterval.AT_ONCE).withStream()) {
            log.append(MeasuredLog.units(telemetry.groups(group)), records / group, 4);
        }
    }

    /** Opens the log anew and reads all of it; records per second and microseconds of the reader's CPU per record. */
    static Contender.Cost read(Path home, Compression compression, long records) {
        try (MeasuredLog log = MeasuredLog.open(home, compression, CommitInterval.AT_ONCE);
                LogCursor cursor = log.log().cursor(Set.of(Telemetry.STREAM), START)) {
            Stopwatch watch = Stopwatch.start();
            long read = 0;
            long bytes = 0;
            ReadBatch batch;
            do {
                batch = cursor.read(BYTES_PER_READ);
                for (LogEntry entry : batch.entries()) {
                    if (entry instanceof StreamRecord record) {
                        read++;
                        bytes += record.data().length();
                    }
                }
            } while (!batch.atEnd());
            Contender.Cost cost = watch.cost(read);
            if (read != records || bytes == 0) {
                throw new IllegalStateException("expected " + records + " records, read " + read);
            }
            return cost;
        }
    }
}
