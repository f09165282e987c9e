package io.tidegate.buffer;

import io.tidegate.core.runtime.SystemClock;
import io.tidegate.core.stream.AppendUnit;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.StreamLogException;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamSettings;
import java.nio.file.Path;

/** Opens a log, appends one record that could be compressed, and says what came of it. */
final class WithoutZstdChild {
    private WithoutZstdChild() {}

    public static void main(String[] arguments) throws Exception {
        StreamName stream = new StreamName("packed");
        try (ShardLog log = OpenedLogs.open(OpenedLogs.settings(Path.of(arguments[0])), new SystemClock())) {
            log.admin().create(StreamSettings.of(stream));
            LogReader.commit(log, AppendUnit.of(NewRecord.of(stream, "k", Payload.ofUtf8("x".repeat(10_000)))));
            System.out.println("stored 10000");
        } catch (StreamLogException e) {
            System.out.println(e.getMessage());
        }
        // Without closing anything that a failed opening left.
        Runtime.getRuntime().halt(0);
    }
}
