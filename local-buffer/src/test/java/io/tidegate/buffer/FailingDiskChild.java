package io.tidegate.buffer;

import io.tidegate.core.runtime.SystemClock;
import io.tidegate.core.stream.AppendResult;
import io.tidegate.core.stream.AppendUnit;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamSettings;
import java.nio.file.Path;

/** Appends a number of large records and prints every acknowledgement: {@code sequence-number reading epoch}. */
final class FailingDiskChild {
    static final StreamName STREAM = new StreamName("failing");

    private FailingDiskChild() {}

    public static void main(String[] arguments) throws Exception {
        Orphans.endWithParent();
        ShardLog log = OpenedLogs.open(
                OpenedLogs.settings(Path.of(arguments[0])).withCompression(Compression.NONE), new SystemClock());
        log.admin().create(StreamSettings.of(STREAM));
        for (int reading = 1; reading <= Integer.parseInt(arguments[1]); reading++) {
            NewRecord record = NewRecord.of(STREAM, "k", Payload.ofUtf8(reading + "-" + "x".repeat(40_000)))
                    .withDeviceNumber((long) reading);
            AppendResult result = LogReader.append(log, AppendUnit.of(record));
            if (result instanceof AppendResult.Committed committed) {
                System.out.println("stored " + committed.places().get(0).sequenceNumber() + " " + reading + " "
                        + log.status().epoch());
            } else {
                System.out.println("not stored " + result);
            }
        }
        // Without closing anything, as in a power cut.
        Runtime.getRuntime().halt(0);
    }
}
