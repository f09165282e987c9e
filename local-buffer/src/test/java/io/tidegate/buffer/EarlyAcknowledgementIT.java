package io.tidegate.buffer;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidegate.core.runtime.SystemClock;
import io.tidegate.core.stream.AppendUnit;
import io.tidegate.core.stream.Gap;
import io.tidegate.core.stream.GapReason;
import io.tidegate.core.stream.LogEntry;
import io.tidegate.core.stream.LogPosition;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StartingPosition;
import io.tidegate.core.stream.StateUpdate;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamRecord;
import io.tidegate.core.stream.StreamSettings;
import java.io.BufferedReader;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is acknowledged before its commit, by a real process that is killed or stopped. */
class EarlyAcknowledgementIT {
    private static final ShardId SHARD = new ShardId(ReceivedChild.STREAM, 0);
    private static final ShardId GAPS = new ShardId(StreamName.GAPS, 0);
    /** The smallest record weighs 128 bytes and its key. */
    private static final long RECORDS_MAX = ReceivedChild.BYTES_MAX / 129;

    @TempDir
    Path home;

    private int opened;

    private ShardLog open() throws Exception {
        ShardLog log = OpenedLogs.open(OpenedLogs.settings(home), new SystemClock(), new Random(++opened));
        log.admin().create(StreamSettings.of(StreamName.GAPS));
        // After the first commit, which tells what was found.
        LogReader.commit(
                log, new AppendUnit(List.of(), List.of(), List.of(new StateUpdate("test", Payload.EMPTY)), List.of()));
        return log;
    }

    private Process start(String... more) throws Exception {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx128m",
                "-cp",
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                ReceivedChild.class.getName(),
                home.toString()));
        command.addAll(List.of(more));
        return new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }

    private static void end(Process child) throws InterruptedException {
        child.destroyForcibly();
        assertThat(child.waitFor(Duration.ofSeconds(30).toMillis(), TimeUnit.MILLISECONDS))
                .isTrue();
    }

    private static List<LogEntry> inCommitOrder(ShardLog log) {
        return LogReader.all(log, ReceivedChild.STREAM, LogPosition.TRIM_HORIZON);
    }

    private static List<LogEntry> told(ShardLog log) {
        return LogReader.all(log, GAPS, new StartingPosition.TrimHorizon());
    }

    @Test
    void killedProcess_leavesAnInexactGap_thatIsNoSmallerThanWhatIsLost() throws Exception {
        open().close(); // so that _gaps is there
        Process child = start();
        long acknowledged = 0;
        try (BufferedReader out = child.inputReader()) {
            // Nothing is early before the mark is on the disk; from then on hundreds are, within one commit's second.
            for (int early = 0; early < 300; ) {
                String line = out.readLine();
                assertThat(line).isNotNull();
                if (line.matches("early [0-9]+")) {
                    acknowledged = Long.parseLong(line.substring("early ".length()));
                    early++;
                }
            }
            child.destroyForcibly();
        } finally {
            end(child);
        }
        try (ShardLog log = open()) {
            List<LogEntry> entries = inCommitOrder(log);
            List<Gap> gaps = entries.stream()
                    .filter(Gap.class::isInstance)
                    .map(Gap.class::cast)
                    .toList();
            long stored =
                    entries.stream().filter(StreamRecord.class::isInstance).count();
            assertThat(gaps).singleElement().satisfies(gap -> {
                assertThat(gap.reason()).isEqualTo(GapReason.UNSYNCED);
                assertThat(gap.exact()).isFalse();
                assertThat(gap.fromInclusive()).isEqualTo(gap.toExclusive()).isEqualTo(stored + 1);
                assertThat(gap.records()).isEqualTo(RECORDS_MAX);
            });
            assertThat(acknowledged).isGreaterThan(stored);
            assertThat(acknowledged - stored).isLessThanOrEqualTo(RECORDS_MAX);
            assertThat(told(log)).singleElement().satisfies(entry -> assertThat(
                            ((StreamRecord) entry).data().utf8())
                    .contains("\"reason\":\"unsynced\"", "\"exact\":false", "\"records\":" + RECORDS_MAX));
            assertThat(log.ledger(SHARD).balances()).isTrue();
        }
        // Told once: this time it was closed, and nothing is open.
        try (ShardLog log = open()) {
            assertThat(told(log)).hasSize(1);
            assertThat(inCommitOrder(log).stream().filter(Gap.class::isInstance))
                    .hasSize(1);
        }
        assertThat(LogCheck.run(home.resolve("log")).findings()).isEmpty();
    }

    @Test
    void stoppedProcess_leavesNoGap_andNothingIsLost() throws Exception {
        open().close();
        Process child = start("2000");
        try (BufferedReader out = child.inputReader()) {
            String line = out.readLine();
            while (line != null && !line.equals("closed")) {
                line = out.readLine();
            }
            assertThat(line).isEqualTo("closed");
        } finally {
            end(child);
        }
        try (ShardLog log = open()) {
            assertThat(inCommitOrder(log)).hasSize(2000).allMatch(StreamRecord.class::isInstance);
            assertThat(told(log)).isEmpty();
        }
    }
}
