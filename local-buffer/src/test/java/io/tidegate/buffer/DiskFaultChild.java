package io.tidegate.buffer;

import io.tidegate.core.runtime.SystemClock;
import io.tidegate.core.stream.AppendResult;
import io.tidegate.core.stream.AppendUnit;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StartingPosition;
import io.tidegate.core.stream.StreamLogException;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamSettings;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;

/**
 * For each home whose name it reads: appends one reading after the other, each until it is stored, until it reads a
 * line; then closes the log. Says {@code stored READING NUMBER EPOCH}, {@code refused READING},
 * {@code unknown READING}, {@code closed HOME}; and under a home {@code read-...}, when a reading is not stored at once,
 * {@code readable RECORDS} in all or {@code unreadable REASON}.
 */
final class DiskFaultChild {
    static final StreamName STREAM = new StreamName("failing");
    private static final int BYTES = 3000;
    private static final long PAUSE_NANOS = 1_000_000;
    private static final long RETRY_NANOS = 20_000_000;

    private DiskFaultChild() {}

    /** Small segments, that are sealed soon; or large ones, that are checkpointed while they are live. */
    private static ShardLogSettings settings(Path home) {
        boolean isLarge = home.getFileName().toString().startsWith("live-");
        return OpenedLogs.settings(home).withSegmentBytes(isLarge ? 16 << 20 : 256 << 10);
    }

    static NewRecord record(long reading) {
        byte[] bytes = new byte[BYTES];
        new Random(reading).nextBytes(bytes);
        byte[] head = (reading + ":").getBytes(StandardCharsets.UTF_8);
        System.arraycopy(head, 0, bytes, 0, head.length);
        return NewRecord.of(STREAM, "k", Payload.wrap(bytes)).withDeviceNumber(reading);
    }

    static long reading(Payload data) {
        String text = data.slice(0, 20).utf8();
        return Long.parseLong(text.substring(0, text.indexOf(':')));
    }

    public static void main(String[] arguments) throws Exception {
        Orphans.endWithParent();
        Path root = Path.of(arguments[0]);
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String name = in.readLine(); name != null; name = in.readLine()) {
            ShardLog log =
                    OpenedLogs.open(settings(root.resolve(name)), new SystemClock(), new Random(name.hashCode()));
            log.admin().create(StreamSettings.of(STREAM));
            for (long reading = 1; !in.ready(); reading++) {
                appendUntilStored(log, reading, name.startsWith("read-"), in);
                LockSupport.parkNanos(PAUSE_NANOS);
            }
            log.close();
            in.readLine();
            System.out.println("closed " + name);
        }
        // Without closing what the log keeps open for ever.
        Runtime.getRuntime().halt(0);
    }

    private static void appendUntilStored(ShardLog log, long reading, boolean reads, BufferedReader in)
            throws Exception {
        boolean isToRead = reads;
        while (true) {
            AppendResult result = LogReader.append(log, AppendUnit.of(record(reading)));
            if (result instanceof AppendResult.Committed committed) {
                System.out.println("stored " + reading + " "
                        + committed.places().get(0).sequenceNumber() + " "
                        + log.status().epoch());
                return;
            }
            System.out.println((result instanceof AppendResult.Unknown ? "unknown " : "refused ") + reading);
            if (isToRead) {
                isToRead = false;
                System.out.println(whatCanBeRead(log));
            }
            if (in.ready()) {
                return;
            }
            LockSupport.parkNanos(RETRY_NANOS);
        }
    }

    private static String whatCanBeRead(ShardLog log) {
        try {
            ShardId shard = new ShardId(STREAM, 0);
            return "readable "
                    + LogReader.records(LogReader.all(log, shard, new StartingPosition.TrimHorizon()))
                            .size();
        } catch (StreamLogException e) {
            return "unreadable " + e.getMessage();
        }
    }
}
