package io.tidegate.buffer;

import io.tidegate.core.runtime.SystemClock;
import io.tidegate.core.stream.AppendResult;
import io.tidegate.core.stream.AppendUnit;
import io.tidegate.core.stream.Gap;
import io.tidegate.core.stream.LogCursor;
import io.tidegate.core.stream.LogEntry;
import io.tidegate.core.stream.LogPosition;
import io.tidegate.core.stream.LossLedger;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.ReadBatch;
import io.tidegate.core.stream.ShardCursor;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StartingPosition;
import io.tidegate.core.stream.StreamLogException;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamRecord;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;

/**
 * Opens a log, reads all of it in both ways, again and again where that fails, and appends a record after each try. Says
 * {@code stored NUMBER}, {@code retry}, and of each way {@code record WAY NUMBER}, {@code gap WAY FROM TO RECORDS REASON};
 * at last {@code ledger APPENDED RETAINED CORRUPT}.
 */
final class ReadFaultChild {
    static final StreamName STREAM = new StreamName("press");
    static final ShardId SHARD = new ShardId(STREAM, 0);
    static final long SEGMENT_BYTES = 64 << 10;

    private static final int BATCH_BYTES = 100_000;
    private static final int TRIES_MAX = 100;
    private static final long PAUSE_NANOS = 20_000_000;

    private ReadFaultChild() {}

    public static void main(String[] arguments) throws Exception {
        Orphans.endWithParent();
        try (ShardLog log = OpenedLogs.open(
                OpenedLogs.settings(Path.of(arguments[0])).withSegmentBytes(SEGMENT_BYTES), new SystemClock())) {
            append(log);
            List<LogEntry> byShard;
            try (ShardCursor cursor = log.cursor(SHARD, new StartingPosition.AtSequenceNumber(1))) {
                byShard = read(log, () -> cursor.read(BATCH_BYTES));
            }
            List<LogEntry> inOrder;
            try (LogCursor cursor = log.cursor(Set.of(STREAM), LogPosition.TRIM_HORIZON)) {
                inOrder = read(log, () -> cursor.read(BATCH_BYTES));
            }
            say("shard", byShard);
            say("order", inOrder);
            LossLedger ledger = log.ledger(SHARD);
            System.out.println("ledger " + ledger.appended() + " " + ledger.retained() + " " + ledger.corrupt());
        }
        System.out.println("closed");
        Runtime.getRuntime().halt(0);
    }

    private static void append(ShardLog log) throws Exception {
        AppendResult.Committed stored =
                LogReader.commit(log, AppendUnit.of(NewRecord.of(STREAM, "k", Payload.ofUtf8("after"))));
        System.out.println("stored " + stored.places().get(0).sequenceNumber());
    }

    /** One reader, that goes on after each failure. */
    private static List<LogEntry> read(ShardLog log, Callable<ReadBatch> reading) throws Exception {
        List<LogEntry> entries = new ArrayList<>();
        for (int failures = 0; failures < TRIES_MAX; ) {
            try {
                ReadBatch batch = reading.call();
                entries.addAll(batch.entries());
                if (batch.atEnd()) {
                    return entries;
                }
            } catch (StreamLogException e) {
                failures++;
                System.out.println("retry");
                append(log);
                LockSupport.parkNanos(PAUSE_NANOS);
            }
        }
        throw new AssertionError("the log cannot be read");
    }

    private static void say(String way, List<LogEntry> entries) {
        for (LogEntry entry : entries) {
            if (entry instanceof StreamRecord record) {
                System.out.println("record " + way + " " + record.sequenceNumber());
            } else if (entry instanceof Gap gap) {
                System.out.println("gap " + way + " " + gap.fromInclusive() + " " + gap.toExclusive() + " "
                        + gap.records() + " " + gap.reason());
            }
        }
    }
}
