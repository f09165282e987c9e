package io.tidegate.hardware.bench;

import io.tidegate.buffer.CommitInterval;
import io.tidegate.buffer.Compression;
import io.tidegate.core.stream.AppendUnit;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** How many bytes reach the device per byte of data, in a log that has grown beyond its first segment. */
final class DeviceBytes {
    private static final long WARM_UP_BYTES = 40L << 20;

    private final LoopDisk disk;
    private final Telemetry telemetry;

    DeviceBytes(LoopDisk disk, Telemetry telemetry) {
        this.disk = disk;
        this.telemetry = telemetry;
    }

    /**
     * @param bytes of data that are stored while it is counted
     */
    double measure(Compression compression, int recordsPerCommit, long bytes) throws Exception {
        Path home = Files.createDirectory(disk.directory().resolve("bytes"));
        List<AppendUnit> units = MeasuredLog.units(telemetry.groups(recordsPerCommit));
        long unitBytes = (long) recordsPerCommit * telemetry.size();
        long commits = bytes / unitBytes;
        try (MeasuredLog log =
                MeasuredLog.open(home, compression, CommitInterval.AT_ONCE).withStream()) {
            // In large commits: only to be where a log is that is not new.
            log.append(MeasuredLog.units(telemetry.groups(1000)), WARM_UP_BYTES / (1000L * telemetry.size()), 4);
            long before = disk.bytesWritten();
            log.append(units, commits, 1);
            return (double) (disk.bytesWritten() - before) / (commits * unitBytes);
        } finally {
            Scratch.delete(home);
        }
    }
}
