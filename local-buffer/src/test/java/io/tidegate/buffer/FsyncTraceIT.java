package io.tidegate.buffer;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A trace of system calls: what a killed process cannot show, because the page cache outlives it. */
class FsyncTraceIT {
    private static final int RECORDS = 10;

    @TempDir
    Path home;

    @Test
    void everyAcknowledgement_followsAnFsyncOfTheWriteAheadLog() throws Exception {
        Path trace = home.resolve("trace");
        Process child = new ProcessBuilder(
                        "strace",
                        "-f",
                        "-y",
                        "-e",
                        "trace=fsync,fdatasync,write",
                        "-o",
                        trace.toString(),
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx128m",
                        "-cp",
                        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                        FailingDiskChild.class.getName(),
                        home.toString(),
                        Integer.toString(RECORDS))
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        try {
            assertThat(child.waitFor(90, TimeUnit.SECONDS)).isTrue();
        } finally {
            child.destroyForcibly();
        }
        int acknowledged = 0;
        boolean isSynced = false;
        String syncing = "";
        List<String> calls = Files.readAllLines(trace);
        for (String call : calls) {
            String thread = call.substring(0, call.indexOf(' '));
            if (call.matches(".*\\bf(data)?sync\\(.*\\.seg-wal>.*")) {
                isSynced = !call.endsWith("<unfinished ...>");
                syncing = isSynced ? "" : thread;
            } else if (thread.equals(syncing) && call.contains("sync resumed>")) {
                isSynced = true;
                syncing = "";
            } else if (call.contains("write(1<") && call.contains("\"stored ")) {
                assertThat(isSynced).as("an fsync before " + call).isTrue();
                isSynced = false;
                acknowledged++;
            }
        }
        assertThat(acknowledged).isEqualTo(RECORDS);
    }
}
