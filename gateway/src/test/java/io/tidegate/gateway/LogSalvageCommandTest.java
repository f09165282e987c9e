package io.tidegate.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidegate.buffer.ShardLog;
import io.tidegate.buffer.ShardLogSettings;
import io.tidegate.core.runtime.ClockSync;
import io.tidegate.core.runtime.EffectiveClock;
import io.tidegate.core.runtime.SystemClock;
import io.tidegate.core.stream.AppendUnit;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamSettings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;

class LogSalvageCommandTest {
    @TempDir
    Path directory;

    private String out = "";
    private String err = "";

    private int run(String... arguments) {
        CommandRun done = CommandRun.of(arguments);
        out = done.out();
        err = done.err();
        return done.exitCode();
    }

    private Path writeLog() throws Exception {
        Path home = Files.createDirectories(directory.resolve("home"));
        SystemClock clock = new SystemClock();
        try (ShardLog log = ShardLog.open(
                ShardLogSettings.of(home.resolve("log"), "g"),
                clock,
                new EffectiveClock(clock, ClockSync.TRUSTED, Gateway.BUILD_MILLIS),
                new Random(1))) {
            log.admin().create(StreamSettings.of(StreamName.TELEMETRY));
            for (int i = 1; i <= 5; i++) {
                log.append(AppendUnit.of(
                                NewRecord.of(StreamName.TELEMETRY, "k", Payload.ofUtf8("{\"reading\":" + i + "}"))))
                        .get(30, TimeUnit.SECONDS);
            }
        }
        return home;
    }

    @Test
    void logThatSqliteCannotOpen_isSalvaged_andExportedFromTheNewOne() throws Exception {
        Path home = writeLog();
        // No SQLite opens a file without its header.
        Files.write(home.resolve("log/00000001.seg"), new byte[4096], StandardOpenOption.WRITE);
        assertThat(run("log", "check", "--home", home.toString())).isEqualTo(1);
        Path target = directory.resolve("rescued");

        int exitCode = run("log", "salvage", "--home", home.toString(), "--to", target.toString());

        assertThat(err).isEmpty();
        assertThat(exitCode).isZero();
        assertThat(out)
                .contains("bad pages: 1")
                .contains("telemetry/shardId-000000000000: 5 records, from 1 to 5")
                .contains("5 records salvaged to " + target)
                .contains("move " + home.resolve("log") + " away");
        assertThat(run("log", "check", "--home", target.toString())).isZero();
        assertThat(run("log", "export", "--home", target.toString())).isZero();
        List<String> lines =
                out.lines().filter(line -> line.contains("\"reading\"")).toList();
        assertThat(lines).hasSize(5);
        assertThat(lines.get(4)).contains("\"sequenceNumber\":\"5\"").endsWith("\"data\":{\"reading\":5}}");
    }

    @Test
    void targetThatIsThere_andHomeWithoutALog_are2() throws Exception {
        Path home = writeLog();
        assertThat(run("log", "salvage", "--home", home.toString(), "--to", home.toString()))
                .isEqualTo(2);
        assertThat(err).contains("is there already");
        assertThat(run("log", "salvage", "--home", directory.resolve("none").toString(), "--to", "x"))
                .isEqualTo(2);
        assertThat(run("log", "salvage", "--home", home.toString())).isEqualTo(2);
    }

    @Test
    void json_saysTheSame() throws Exception {
        Path home = writeLog();
        Path target = directory.resolve("rescued");
        assertThat(run("log", "salvage", "--home", home.toString(), "--to", target.toString(), "--output", "json"))
                .isZero();
        assertThat(JsonMapper.shared().readTree(out))
                .isEqualTo(JsonMapper.shared()
                        .readTree("""
                            {"complete":true,"records":5,"leftOut":0,
                             "segments":[{"number":1,"pages":%d,"commits":7,"stateWhole":true,"badPages":[]}],
                             "shards":[{"shard":"telemetry/shardId-000000000000","records":5,"first":1,"last":5,
                                        "missing":[]}]}
                            """.formatted(Files.size(home.resolve("log/00000001.seg")) / 4096)));
    }

    @Test
    void pageNumbers_areShownAsStretches() {
        assertThat(LogSalvageView.ranges(List.of(1, 3, 4, 5, 9))).isEqualTo("1, 3-5, 9");
    }
}
