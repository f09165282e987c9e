package io.tidegate.hardware.bench;

import io.tidegate.buffer.CommitInterval;
import io.tidegate.buffer.Compression;
import io.tidegate.core.stream.AppendUnit;
import java.nio.file.Path;
import java.util.List;

/** A log with ten million records: how long opening takes, and what an append costs there. */
final class TenMillion {
    static final long RECORDS = 10_000_000;
    private static final int GROUP = 1000;
    private static final int OUTSTANDING = 8;
    private static final int STEP = 500;

    private final Path home;
    private final List<AppendUnit> units;
    private long records;

    TenMillion(Path home, Telemetry telemetry) {
        this.home = home;
        this.units = MeasuredLog.units(telemetry.groups(GROUP));
    }

    /** Returns how many records it has: fewer than ten million if the time is over before. */
    long build(double secondsMax) throws Exception {
        Stopwatch watch = Stopwatch.start();
        try (MeasuredLog log =
                MeasuredLog.open(home, Compression.ZSTD, CommitInterval.AT_ONCE).withStream()) {
            while (records < RECORDS && watch.seconds() < secondsMax) {
                log.append(units, STEP, OUTSTANDING);
                records += (long) STEP * GROUP;
            }
        }
        return records;
    }

    double openMillis() {
        Stopwatch watch = Stopwatch.start();
        try (MeasuredLog log = MeasuredLog.open(home, Compression.ZSTD, CommitInterval.AT_ONCE)) {
            double millis = watch.seconds() * 1e3;
            if (log.log().status().lastLsn() == 0) {
                throw new IllegalStateException("the log has lost its records");
            }
            return millis;
        }
    }

    /** What an append costs the writer, in microseconds of CPU per record; the log may be this one or a new one. */
    static double appendMicros(Path home, boolean isNew, Telemetry telemetry, int commits) throws Exception {
        List<AppendUnit> units = MeasuredLog.units(telemetry.groups(GROUP));
        try (MeasuredLog opened = MeasuredLog.open(home, Compression.ZSTD, CommitInterval.AT_ONCE)) {
            MeasuredLog log = isNew ? opened.withStream() : opened;
            log.append(units, commits / 4, 1);
            Stopwatch watch = log.watch();
            log.append(units, commits, 1);
            return watch.cost((long) commits * GROUP).cpuMicros();
        }
    }
}
