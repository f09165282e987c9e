package io.tidegate.buffer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tidegate.core.runtime.SystemClock;
import io.tidegate.core.stream.LogEntry;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StartingPosition;
import io.tidegate.core.stream.StreamLogException;
import io.tidegate.core.stream.StreamRecord;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A process that appends is killed again and again; the acknowledgements that it printed are the truth. */
class CrashIT {
    private static final int ROUNDS = 3;
    private static final int READINGS_PER_ROUND = 1_000_000;

    @TempDir
    Path home;

    @Test
    void killedAtAnyMoment_everyAcknowledgedReadingIsThere_andNoNumberIsUsedTwice() throws Exception {
        Random random = new Random(Long.getLong("seed", 42));
        Map<String, Integer> acknowledged = new HashMap<>();
        for (int round = 0; round < ROUNDS; round++) {
            int acknowledgements = 200 + random.nextInt(2000);
            runAndKill(round, acknowledgements, acknowledged);
            verify(round, acknowledged);
        }
        assertThat(acknowledged).hasSizeGreaterThan(600);
    }

    private void runAndKill(int round, int acknowledgements, Map<String, Integer> acknowledged) throws Exception {
        Process child = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx128m",
                        "-cp",
                        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                        CrashChild.class.getName(),
                        home.toString(),
                        Integer.toString(round * READINGS_PER_ROUND),
                        Integer.toString(round))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try (BufferedReader answers = child.inputReader()) {
            for (int i = 0; i < acknowledgements; i++) {
                note(answers.readLine(), acknowledged);
            }
            assertThatThrownBy(() -> OpenedLogs.open(home))
                    .isInstanceOf(StreamLogException.class)
                    .hasMessageContaining("pid " + child.pid());
            child.destroyForcibly();
            noteRest(answers, acknowledged);
        } finally {
            child.destroyForcibly();
            assertThat(child.waitFor(Duration.ofSeconds(30).toMillis(), TimeUnit.MILLISECONDS))
                    .isTrue();
        }
    }

    private static void noteRest(BufferedReader answers, Map<String, Integer> acknowledged) {
        try {
            for (String line = answers.readLine(); line != null; line = answers.readLine()) {
                if (line.matches("[0-9]+ [0-9]+ [0-9]{1,7}\\z")) {
                    note(line, acknowledged);
                }
            }
        } catch (IOException e) {
            assertThat(e).hasMessageContaining("closed"); // the pipe of the killed process
        }
    }

    private static void note(String line, Map<String, Integer> acknowledged) {
        if (line == null || !line.matches("[0-9]+ [0-9]+ [0-9]+")) {
            return; // a line of the child's log
        }
        String[] fields = line.split(" ", -1);
        Integer before = acknowledged.put(fields[0] + "/" + fields[1], Integer.valueOf(fields[2]));
        assertThat(before).as("number " + line + " was used before").isNull();
    }

    private void verify(int round, Map<String, Integer> acknowledged) {
        assertThat(LogCheck.run(home.resolve("log"), Keys.keys(1, 2)).findings())
                .isEmpty();
        Map<String, Integer> stored = new HashMap<>();
        try (ShardLog log = OpenedLogs.open(CrashChild.settings(home, round), new SystemClock())) {
            for (int shard = 0; shard < CrashChild.SHARDS; shard++) {
                long expected = 1;
                ShardId id = new ShardId(CrashChild.STREAM, shard);
                for (LogEntry entry : LogReader.all(log, id, new StartingPosition.TrimHorizon())) {
                    StreamRecord record = (StreamRecord) entry;
                    assertThat(record.sequenceNumber()).isEqualTo(expected++);
                    stored.put(
                            shard + "/" + record.sequenceNumber(),
                            Integer.valueOf(record.data().utf8()));
                }
            }
        }
        assertThat(stored).containsAllEntriesOf(acknowledged);
        assertThat(LogCheck.run(home.resolve("log"), Keys.keys(1, 2)).findings())
                .isEmpty();
    }
}
