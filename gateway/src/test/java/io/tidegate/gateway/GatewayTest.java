package io.tidegate.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** The whole wiring in this process, on real ports and files. */
class GatewayTest {
    private static final Duration DEADLINE = Duration.ofSeconds(60);

    @TempDir
    Path directory;

    private GatewayConfig config(String more) throws IOException {
        Path file = directory.resolve("gateway.yaml");
        Files.writeString(
                file,
                "gateway:\n  clock: trusted\nhttp:\n  port: 0\nmqtt:\n  listener:\n    port: 0\ncoap:\n  port: 0\n"
                        + more);
        return ConfigLoader.load(file, Map.of());
    }

    private static GatewayClient client(Service service) {
        return new GatewayClient(
                URI.create("http://127.0.0.1:" + service.ports().get("http")), null);
    }

    @Test
    void record_goesThroughRuleAndUplink_toACentral() throws Exception {
        Files.writeString(directory.resolve("hot.sql"), "INSERT INTO hot SELECT temp FROM telemetry WHERE temp > 40");
        try (Central central = Central.start(directory.resolve("central"), new HostPort("127.0.0.1", 0), null);
                Gateway gateway = Gateway.start(
                        directory.resolve("gateway"),
                        config("rules:\n  - name: hot\n    file: hot.sql\nuplinks:\n  - name: central\n    token: t\n"
                                + "    interval: 50ms\n    url: http://127.0.0.1:"
                                + central.ports().get("http") + "\n"))) {
            client(gateway)
                    .post(
                            "/api/v1/streams/telemetry/records",
                            "application/x-ndjson",
                            "{\"partitionKey\":\"press-3\",\"data\":{\"temp\":41.2}}\n");
            for (String stream : List.of("telemetry", "hot")) {
                await().atMost(DEADLINE).untilAsserted(() -> assertThat(records(client(central), stream))
                        .singleElement()
                        .satisfies(record -> {
                            assertThat(record.path("partitionKey").asString()).isEqualTo("press-3");
                            assertThat(record.path("data").toString()).isEqualTo("{\"temp\":41.2}");
                            assertThat(record.path("attributes")
                                            .path("origin.sequence")
                                            .asString())
                                    .isEqualTo("1");
                        }));
            }
        }
    }

    private static List<JsonNode> records(GatewayClient client, String stream) {
        JsonNode streams = client.get("/api/v1/streams").path("streams");
        boolean exists = streams.valueStream()
                .anyMatch(each -> each.path("stream").asString().equals(stream));
        return exists
                ? client.get("/api/v1/streams/" + stream + "/records?shard=shardId-000000000000&from=trim-horizon")
                        .path("records")
                        .valueStream()
                        .toList()
                : List.of();
    }

    @Test
    void threads_areNamed_andAtMost30() throws Exception {
        Set<Thread> before = Thread.getAllStackTraces().keySet();
        try (Gateway gateway = Gateway.start(
                directory.resolve("gateway"),
                config("uplinks:\n  - name: central\n    token: t\n    url: http://127.0.0.1:9\n"))) {
            await().atMost(DEADLINE)
                    .until(() -> client(gateway)
                                    .get("/api/v1/status")
                                    .path("uplinks")
                                    .path(0)
                                    .path("retries")
                                    .asLong()
                            > 0);
            Set<String> names = new TreeSet<>();
            int count = 0;
            for (Thread thread : Thread.getAllStackTraces().keySet()) {
                // The client of this test is not the gateway's.
                if (!before.contains(thread) && !thread.getName().startsWith("HttpClient-")) {
                    names.add(thread.getName());
                    count++;
                }
            }
            assertThat(count).as(names.toString()).isLessThanOrEqualTo(30);
            assertThat(names).noneMatch(name -> name.matches("Thread-[0-9]+|pool-.*"));
            assertThat(names).contains("log-writer", "uplink-central", "coap-receiver");
        }
    }

    @Test
    void portInUse_isRefusedInOneSentence_andNothingStaysOpen() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            GatewayConfig config = config("");
            Path file = directory.resolve("gateway.yaml");
            Files.writeString(
                    file, Files.readString(file).replace("http:\n  port: 0", "http:\n  port: " + taken.getLocalPort()));
            GatewayConfig conflicting = ConfigLoader.load(file, Map.of());
            Path home = directory.resolve("gateway");
            assertThatThrownBy(() -> Gateway.start(home, conflicting))
                    .isInstanceOf(CommandFailure.class)
                    .hasMessageContaining(":" + taken.getLocalPort())
                    .satisfies(e -> assertThat(((CommandFailure) e).exitCode()).isEqualTo(2));
            // The home is free again, and every other port.
            Gateway.start(home, config).close();
        }
    }

    @Test
    void restart_keepsIdAndRecords_andStopIsQuick() throws Exception {
        Path home = directory.resolve("gateway");
        String id;
        try (Gateway gateway = Gateway.start(home, config(""))) {
            id = client(gateway).get("/api/v1/status").path("gatewayId").asString();
            client(gateway)
                    .post(
                            "/api/v1/streams/telemetry/records",
                            "application/x-ndjson",
                            "{\"partitionKey\":\"a\",\"data\":{\"n\":1}}\n");
        }
        long stopped = System.nanoTime();
        try (Gateway gateway = Gateway.start(home, config(""))) {
            assertThat(client(gateway).get("/api/v1/status").path("gatewayId").asString())
                    .isEqualTo(id);
            assertThat(records(client(gateway), "telemetry")).hasSize(1);
            stopped = System.nanoTime();
        }
        assertThat(Duration.ofNanos(System.nanoTime() - stopped)).isLessThan(Duration.ofSeconds(10));
    }
}
