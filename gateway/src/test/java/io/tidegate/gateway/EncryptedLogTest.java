package io.tidegate.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.tidegate.buffer.LogEncryption;
import io.tidegate.buffer.MasterKey;
import io.tidegate.buffer.ShardLog;
import io.tidegate.buffer.ShardLogSettings;
import io.tidegate.core.runtime.Clock;
import io.tidegate.core.runtime.ClockSync;
import io.tidegate.core.runtime.EffectiveClock;
import io.tidegate.core.runtime.SystemClock;
import io.tidegate.core.stream.AppendUnit;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;

/** Key files on the command line and in the configuration, and an encrypted log under the tools. */
class EncryptedLogTest {
    @TempDir
    Path directory;

    private String newKey(String name) {
        CommandRun made = CommandRun.of("keys", "new", directory.resolve(name).toString(), "--output", "json");
        assertThat(made.exitCode()).isZero();
        return JsonMapper.shared().readTree(made.out()).path("key").asString();
    }

    private GatewayConfig load(String text) throws IOException {
        return ConfigLoader.load(Files.writeString(directory.resolve("gateway.yaml"), text), Map.of());
    }

    @Test
    void keys_areMadeOnce_andShownByTheirId() throws Exception {
        String file = directory.resolve("log.key").toString();
        String id = newKey("log.key");
        assertThat(id).matches("[0-9a-f]{16}");
        assertThat(CommandRun.of("keys", "show", file).out()).contains("key " + id);
        String secret = Files.readString(Path.of(file)).strip();
        CommandRun again = CommandRun.of("keys", "new", file);
        assertThat(again.exitCode()).isEqualTo(2);
        assertThat(again.err()).contains("it exists").doesNotContain(secret);
        assertThat(CommandRun.of("keys", "show", file).out()).doesNotContain(secret);
        assertThat(CommandRun.of("keys", "show", directory.resolve("none.key").toString())
                        .exitCode())
                .isEqualTo(2);
        assertThat(newKey("other.key")).isNotEqualTo(id);
    }

    @Test
    void configuration_namesKeys_newestFirst_andTellsOfOneThatIsMissingOrOpenToOthers() throws Exception {
        String first = newKey("a.key");
        newKey("b.key");
        GatewayConfig config = load("log: {encryption: {keys: [a.key, b.key]}}");
        try (LogEncryption encryption = config.log().encryption().open()) {
            assertThat(encryption.currentKey()).hasValue(first);
        }
        GatewayConfig off = load("log: {encryption: {keys: [a.key], enabled: false}}");
        try (LogEncryption encryption = off.log().encryption().open()) {
            assertThat(encryption.currentKey()).isEmpty();
        }
        Files.setPosixFilePermissions(directory.resolve("b.key"), PosixFilePermissions.fromString("rw-r--r--"));
        List<ConfigProblem> problems = catchThrowableOfType(
                        ConfigException.class, () -> load("log: {encryption: {keys: [b.key, c.key]}}"))
                .problems();
        assertThat(problems)
                .extracting(ConfigProblem::message)
                .anyMatch(message -> message.contains("b.key: others may use it"))
                .anyMatch(message -> message.contains("c.key: there is no such file"));
    }

    @Test
    void tools_takeTheKey_andSayWhichTheyNeed() throws Exception {
        String id = newKey("log.key");
        String key = directory.resolve("log.key").toString();
        String home = directory.resolve("home").toString();
        Clock clock = new SystemClock();
        try (LogEncryption encryption = LogEncryption.of(List.of(MasterKey.read(Path.of(key))));
                ShardLog log = ShardLog.open(
                        ShardLogSettings.of(Path.of(home, "log"), "encrypted").withEncryption(encryption),
                        clock,
                        new EffectiveClock(clock, ClockSync.TRUSTED, 1_790_000_000_000L),
                        new Random(1))) {
            log.admin().create(StreamSettings.of(StreamName.TELEMETRY));
            NewRecord record = NewRecord.of(StreamName.TELEMETRY, "k", Payload.ofUtf8("{\"temp\":41}"));
            log.append(AppendUnit.of(record)).get(60, TimeUnit.SECONDS);
        }
        CommandRun blind = CommandRun.of("log", "check", "--home", home);
        assertThat(blind.exitCode()).isZero();
        assertThat(blind.out()).contains(id, "--key FILE", "as far as can be seen without the key");
        assertThat(CommandRun.of("log", "check", "--home", home, "--key", key).out())
                .contains("sound")
                .doesNotContain(id);
        for (String tool : List.of("stats", "export")) {
            assertThat(CommandRun.of("log", tool, "--home", home))
                    .satisfies(result -> assertThat(result.exitCode()).isEqualTo(2))
                    .satisfies(result -> assertThat(result.err()).contains(id, "--key FILE"));
        }
        assertThat(CommandRun.of("log", "stats", "--home", home, "--key", key).out())
                .contains("1 segments encrypted with key " + id);
        assertThat(CommandRun.of("log", "export", "--home", home, "--key", key).out())
                .contains("{\"temp\":41}");
    }
}
