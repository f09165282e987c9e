package io.tidegate.capture;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidegate.core.runtime.SystemClock;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamSettings;
import io.tidegate.support.InMemoryLog;
import java.io.BufferedReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** kill -9 of a process that records two cameras. */
class CrashIT {
    @TempDir
    Path home;

    @Test
    void everyFragmentThatTheLogHas_isThereWithItsCrc_afterKills() throws Exception {
        List<String> records = new ArrayList<>();
        Random random = new Random(3);
        for (int round = 0; round < 3; round++) {
            records.addAll(recordAndKill(3 + random.nextInt(3), Set.copyOf(records)));
        }
        SystemClock clock = new SystemClock();
        InMemoryLog log = InMemoryLog.create(clock);
        log.admin().create(StreamSettings.of(StreamName.VIDEO));
        try (VideoStore store = VideoStore.open(VideoStoreSettings.of(home), log, clock, random)) {
            for (String record : Tools.ofType(records, "fragment")) {
                Tools.assertServed(store, record);
            }
        }
        for (Path segment : Tools.segments(home)) {
            Tools.assertPlayable(segment);
        }
    }

    /**
     * Records until so many records were printed that are not known yet (the child's log starts empty, so a restart
     * puts again what is in the files), kills, and returns all that were printed.
     */
    private List<String> recordAndKill(int count, Set<String> known) throws Exception {
        Process child = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx96m",
                        "-cp",
                        System.getProperty("java.class.path"),
                        RecordingChild.class.getName(),
                        home.toString())
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        Thread hook = new Thread(child::destroyForcibly);
        Runtime.getRuntime().addShutdownHook(hook);
        List<String> lines = new ArrayList<>();
        try (BufferedReader out = child.inputReader(StandardCharsets.UTF_8)) {
            for (String line = out.readLine(); line != null; line = out.readLine()) {
                if (line.startsWith("RECORD ")) {
                    lines.add(line.substring("RECORD ".length()));
                }
                if (lines.stream().filter(l -> !known.contains(l)).count() >= count) {
                    child.toHandle().destroyForcibly(); // unlike the process object, it leaves the pipe open
                }
            }
        }
        assertThat(child.waitFor(30, TimeUnit.SECONDS)).isTrue();
        Runtime.getRuntime().removeShutdownHook(hook);
        assertThat(child.exitValue()).as("killed").isEqualTo(137);
        assertThat(lines).hasSizeGreaterThanOrEqualTo(count);
        return lines;
    }
}
