package io.tidegate.buffer;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidegate.core.stream.LogPosition;
import io.tidegate.core.stream.ShardEpoch;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StartingPosition;
import java.io.BufferedReader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The kernel refuses to let any file grow beyond 4 MiB: SQLite sees writes fail, and calls them I/O errors. */
class FailingDiskIT {
    private static final int RECORDS = 300;
    private static final ShardId SHARD = new ShardId(FailingDiskChild.STREAM, 0);

    @TempDir
    Path home;

    @Test
    void ioErrors_endASegment_andWhatWasNotAnsweredIsStoredInTheNext_once() throws Exception {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        String classPath = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        Process child = new ProcessBuilder(
                        "bash",
                        "-c",
                        "ulimit -f 4096; exec \"$0\" \"$@\"",
                        java,
                        "-Xmx128m",
                        "-XX:-UsePerfData",
                        "-cp",
                        classPath,
                        FailingDiskChild.class.getName(),
                        home.toString(),
                        Integer.toString(RECORDS))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        List<String> lines = new ArrayList<>();
        try (BufferedReader out = child.inputReader()) {
            out.lines().filter(line -> line.matches("(not )?stored .*")).forEach(lines::add);
        } finally {
            child.destroyForcibly();
            assertThat(child.waitFor(30, TimeUnit.SECONDS)).isTrue();
        }
        assertThat(lines).hasSize(RECORDS).allMatch(line -> line.startsWith("stored "));
        long epochs =
                lines.stream().map(line -> line.split(" ", -1)[3]).distinct().count();
        assertThat(epochs).as("epochs, one per cut and one for the opening").isGreaterThan(2);

        assertThat(LogCheck.run(home.resolve("log")).findings()).isEmpty();
        try (ShardLog log = OpenedLogs.open(home)) {
            List<String> numbers =
                    LogReader.texts(LogReader.all(log, SHARD, new StartingPosition.TrimHorizon())).stream()
                            .map(text -> text.substring(0, text.indexOf('-')))
                            .toList();
            assertThat(numbers)
                    .containsExactlyElementsOf(LongStream.rangeClosed(1, RECORDS)
                            .mapToObj(Long::toString)
                            .toList());
            assertThat(LogReader.all(log, FailingDiskChild.STREAM, LogPosition.TRIM_HORIZON))
                    .hasSize(RECORDS);
            List<ShardEpoch> chain = log.epochs(SHARD);
            assertThat(chain).hasSize((int) epochs);
            for (int i = 1; i < chain.size(); i++) {
                assertThat(chain.get(i).firstSequenceNumber())
                        .isEqualTo(chain.get(i - 1).nextSequenceNumber());
            }
        }
    }
}
