package io.tidegate.buffer;

import io.tidegate.core.runtime.SystemClock;
import io.tidegate.core.stream.AppendResult;
import io.tidegate.core.stream.AppendUnit;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamSettings;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Appends rounds of bulk records around an alarm, of which only the alarm stays for long: segment after segment is
 * rewritten. Prints {@code stored ROUND ALARM BULK} with the sequence numbers of the alarm and of the last bulk record.
 * Run to be killed.
 */
final class RewriteCrashChild {
    static final StreamName BULK = new StreamName("bulk");
    static final StreamName ALARMS = new StreamName("alarms");
    static final int BULK_PER_ROUND = 20;
    static final int BULK_BYTES = 2_000;
    static final long BULK_BYTES_MAX = 400_000;
    /** A quarter of a segment: rewriting it takes more than one transaction. */
    static final int ALARM_BYTES = 14_000;

    static final int SEGMENT_BYTES = 4 << 20;

    private RewriteCrashChild() {}

    static ShardLogSettings settings(Path home) {
        return OpenedLogs.settings(home).withSegmentBytes(SEGMENT_BYTES);
    }

    /** Noise that says which record it belongs to. */
    static Payload bulk(long round, int index) {
        return noise(round, index, BULK_BYTES);
    }

    static Payload alarm(long round) {
        return noise(round, BULK_PER_ROUND, ALARM_BYTES);
    }

    private static Payload noise(long round, int index, int length) {
        byte[] bytes = new byte[length];
        new Random(round * (BULK_PER_ROUND + 1) + index).nextBytes(bytes);
        ByteBuffer.wrap(bytes).putLong(round).putInt(index);
        return Payload.wrap(bytes);
    }

    public static void main(String[] arguments) throws Exception {
        Orphans.endWithParent();
        long first = Long.parseLong(arguments[1]);
        // Without closing anything: this process is killed.
        ShardLog log = OpenedLogs.open(settings(Path.of(arguments[0])), new SystemClock(), new Random(first));
        log.admin().create(StreamSettings.of(BULK).withRetainedBytesMax(BULK_BYTES_MAX));
        log.admin().create(StreamSettings.of(ALARMS).withRetention(Duration.ofDays(365)));
        for (long round = first; ; round++) {
            List<NewRecord> records = new ArrayList<>();
            for (int i = 0; i < BULK_PER_ROUND; i++) {
                records.add(NewRecord.of(BULK, "k", bulk(round, i)));
                if (i == BULK_PER_ROUND / 2) {
                    records.add(NewRecord.of(ALARMS, "a", alarm(round)));
                }
            }
            List<AppendResult.Placed> places = LogReader.commit(
                            log, new AppendUnit(records, List.of(), List.of(), List.of()))
                    .places();
            System.out.println(
                    "stored " + round + " " + places.get(BULK_PER_ROUND / 2 + 1).sequenceNumber() + " "
                            + places.get(BULK_PER_ROUND).sequenceNumber());
        }
    }
}
