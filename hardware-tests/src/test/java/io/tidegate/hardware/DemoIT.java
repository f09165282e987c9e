package io.tidegate.hardware;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The demo judges itself by the accounts of its devices; here it is run as a user runs it. */
class DemoIT {
    @TempDir
    Path directory;

    @Test
    void demo_losesDuplicatesAndReordersNothing_throughAnOutage() throws Exception {
        Path output = directory.resolve("demo.out");
        Process demo = new ProcessBuilder(
                        TidegateProcess.TREE.resolve("bin/tidegate").toString(),
                        "demo",
                        "--for",
                        "60s",
                        "--output",
                        "json",
                        "--home",
                        directory.resolve("demo").toString())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        Runtime.getRuntime().addShutdownHook(new Thread(demo::destroyForcibly));
        boolean ended = demo.waitFor(180, TimeUnit.SECONDS);
        demo.descendants().forEach(ProcessHandle::destroyForcibly);
        demo.destroyForcibly();
        String printed = java.nio.file.Files.readString(output);
        assertThat(ended).as(printed).isTrue();
        assertThat(demo.exitValue()).as(printed).isZero();
        String last = printed.strip().substring(printed.strip().lastIndexOf('\n') + 1);
        JsonNode result = JsonMapper.shared().readTree(last);
        for (String field : new String[] {"missing", "duplicated", "reordered", "fragmentsMissing"}) {
            assertThat(result.path(field).asInt(-1)).as(field).isZero();
        }
        assertThat(result.path("devices").asInt()).isEqualTo(12);
        assertThat(result.path("outages").asInt()).isPositive();
        assertThat(result.path("acknowledged").asInt()).isPositive();
        assertThat(result.path("backlogPeak").asInt()).isPositive();
        assertThat(result.path("fragments").asInt()).isPositive();
    }
}
