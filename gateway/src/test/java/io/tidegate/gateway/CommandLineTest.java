package io.tidegate.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidegate.core.runtime.FakeClock;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamSettings;
import io.tidegate.gateway.http.HttpParts;
import io.tidegate.gateway.http.HttpServer;
import io.tidegate.gateway.http.HttpSettings;
import io.tidegate.support.InMemoryLog;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Commands against a real HTTP server over a log in memory, and their exit codes (C9). */
class CommandLineTest {
    @TempDir
    Path directory;

    @Test
    void usage_thatIsWrong_is2_andNamesWhatIsNear() {
        assertThat(CommandRun.of("stauts")).satisfies(result -> {
            assertThat(result.exitCode()).isEqualTo(2);
            assertThat(result.err()).contains("stauts").contains("status").doesNotContain("\tat ");
        });
        assertThat(CommandRun.of("put", "--key", "a").exitCode()).isEqualTo(2);
        assertThat(CommandRun.of("status", "--output", "xml").exitCode()).isEqualTo(2);
        assertThat(CommandRun.of("config").exitCode()).isEqualTo(2);
        assertThat(CommandRun.of("status", "--url", "localhost").exitCode()).isEqualTo(2);
    }

    @Test
    void help_ofEveryCommand_is0() {
        for (String command :
                new String[] {"run", "central", "put", "tap", "status", "streams", "config", "identity", "keys"}) {
            assertThat(CommandRun.of(command, "--help"))
                    .as(command)
                    .satisfies(result -> assertThat(result.exitCode()).isZero())
                    .satisfies(result -> assertThat(result.out()).contains("Usage: tidegate " + command));
        }
    }

    @Test
    void gateway_thatDoesNotAnswer_is3() throws IOException {
        int port;
        try (ServerSocket socket = new ServerSocket(0)) {
            port = socket.getLocalPort();
        }
        assertThat(CommandRun.of("status", "--url", "http://127.0.0.1:" + port)).satisfies(result -> {
            assertThat(result.exitCode()).isEqualTo(3);
            assertThat(result.err()).startsWith("tidegate: no gateway answers at http://127.0.0.1:" + port);
        });
        assertThat(CommandRun.of("tap", "--home", directory.toString()).exitCode())
                .isEqualTo(3);
    }

    @Test
    void wrongConfiguration_is2_inOneLine_forCheckAndForRun() throws IOException {
        Path file = directory.resolve("gateway.yaml");
        Files.writeString(file, "htpp:\n  port: 1\n");
        String line = file + ":1:1: found the unknown key 'htpp', expected one of cameras, coap, gateway, http, log,"
                + " mqtt, routes, rules, streams, uplinks, video; did you mean 'http'?\n";
        assertThat(CommandRun.of("config", "check", "--config", file.toString()))
                .isEqualTo(new CommandRun(2, "", line));
        assertThat(CommandRun.of("run", "--home", directory.toString())).isEqualTo(new CommandRun(2, "", line));
        assertThat(directory.toFile().list()).containsExactly("gateway.yaml");
        JsonNode json = JsonMapper.shared()
                .readTree(CommandRun.of("config", "check", "--config", file.toString(), "--output", "json")
                        .out());
        assertThat(json.path("problems").path(0).path("column").asInt()).isEqualTo(1);
    }

    @Test
    void central_offLoopback_withoutTokens_is2() {
        assertThat(CommandRun.of("central", "--home", directory.toString(), "--listen", "0.0.0.0:0"))
                .satisfies(result -> assertThat(result.exitCode()).isEqualTo(2))
                .satisfies(result -> assertThat(result.err()).contains("--tokens FILE"));
    }

    private void assertStreamsAreChanged(String home) {
        assertThat(CommandRun.of("streams", "create", "press", "--home", home).exitCode())
                .isZero();
        assertThat(CommandRun.of("streams", "scale", "press", "--shards", "2", "--home", home)
                        .out())
                .contains("shardId-000000000000   closed", "shardId-000000000002   open");
        assertThat(CommandRun.of("streams", "scale", "press", "--shards", "5", "--home", home))
                .satisfies(result -> assertThat(result.exitCode()).isEqualTo(1))
                .satisfies(result -> assertThat(result.err()).contains("can go to 1 up to 4 in one step, not to 5"));
        assertThat(CommandRun.of("streams", "split", "press", "1", "--at", "1", "--home", home)
                        .err())
                .contains("is not both greater than one plus the shard's StartingHashKey 0");
        assertThat(CommandRun.of("streams", "merge", "press", "2", "1", "--home", home)
                        .err())
                .contains("are not an adjacent pair of shards eligible for merging");
        assertThat(CommandRun.of("streams", "merge", "press", "1", "2", "--home", home)
                        .exitCode())
                .isZero();
        assertThat(CommandRun.of("streams", "split", "press", "3", "--home", home, "-o", "json")
                        .out())
                .contains("\"closedShards\":4");
        assertThat(CommandRun.of("streams", "split", "press", "3", "--home", home))
                .satisfies(result -> assertThat(result.exitCode()).isEqualTo(1))
                .satisfies(result -> assertThat(result.err()).contains("is closed and cannot be split"));
        assertThat(CommandRun.of("streams", "delete", "press", "--home", home).out())
                .isEqualTo("deleted press\n");
        assertThat(CommandRun.of("streams", "--home", home, "show", "press").err())
                .contains("there is no stream 'press'");
        assertThat(CommandRun.of("streams", "delete", "_gaps", "--home", home).exitCode())
                .isEqualTo(1);
    }

    @Test
    void put_tap_streams_andStatus_workOnAGateway() throws Exception {
        FakeClock clock = new FakeClock(1_795_000_000_000L);
        InMemoryLog log = InMemoryLog.create(clock);
        log.admin().create(StreamSettings.of(StreamName.TELEMETRY));
        StatusBoard board = new StatusBoard("gateway", clock);
        try (HttpServer server = HttpServer.start(HttpSettings.loopback(0), HttpParts.of(log, clock, board))) {
            Files.createDirectories(directory.resolve("run"));
            Files.writeString(directory.resolve("run/ports.json"), "{\"http\":" + server.port() + "}");
            String home = directory.toString();

            assertThat(CommandRun.of(
                            "put", "telemetry", "--home", home, "--key", "press-3", "--data", "{\"temp\":41.2}"))
                    .isEqualTo(new CommandRun(0, "shardId-000000000000  1\n", ""));
            assertThat(CommandRun.of("put", "nowhere", "--home", home, "--key", "k", "--data", "{}")
                            .exitCode())
                    .isEqualTo(1);

            CommandRun shard =
                    CommandRun.of("tap", "--home", home, "--shard", "shardId-000000000000", "--output", "json");
            assertThat(shard.exitCode()).isZero();
            JsonNode record = JsonMapper.shared().readTree(shard.out());
            assertThat(record.path("partitionKey").asString()).isEqualTo("press-3");
            assertThat(record.path("data").path("temp").asDouble()).isEqualTo(41.2);

            assertThat(CommandRun.of("tap", "--home", home, "--from", "trim-horizon", "--limit", "1")
                            .out())
                    .contains("  1  press-3  {\"temp\":41.2}");
            String exact = "{\"v\":1e400, \"w\":1.10}";
            CommandRun.of("put", "telemetry", "--home", home, "--key", "exact", "--data", exact);
            String ofShard = "shardId-000000000000";
            assertThat(CommandRun.of("tap", "--home", home, "--shard", ofShard).out())
                    .contains("  2  exact  " + exact + "\n");
            assertThat(CommandRun.of("tap", "--home", home, "--shard", ofShard, "-o", "json")
                            .out())
                    .contains("\"data\":" + exact + "}\n");
            assertThat(CommandRun.of("put", "telemetry", "--home", home, "--key", "", "--data", "{}"))
                    .isEqualTo(
                            new CommandRun(
                                    1,
                                    "",
                                    "refused: record 1: partition key must have 1 to 256 characters, found 0 (invalid-record)\n"));
            assertThat(CommandRun.of("streams", "--home", home).out()).contains("telemetry", "shardId-000000000000");
            assertStreamsAreChanged(home);
            assertThat(CommandRun.of("status", "--home", home, "--output", "json"))
                    .satisfies(result -> assertThat(result.exitCode()).isZero())
                    .satisfies(result -> assertThat(JsonMapper.shared()
                                    .readTree(result.out())
                                    .path("role")
                                    .asString())
                            .isEqualTo("gateway"));
        }
    }
}
