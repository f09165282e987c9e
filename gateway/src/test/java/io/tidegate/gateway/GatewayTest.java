package io.tidegate.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.InputStream;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The whole wiring in this process, on real ports and files. */
class GatewayTest {
    private static final Duration DEADLINE = Duration.ofSeconds(60);

    @TempDir
    Path directory;

    private GatewayConfig config(String more) throws IOException {
        Path file = directory.resolve("gateway.yaml");
        Files.writeString(
                file,
                "gateway:\n  clock: trusted\nhttp:\n  port: 0\ncoap:\n  port: 0\nmqtt:\n  listener:\n    port: 0\n"
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

    /** The table "Threads" of docs/architecture.md. */
    private static final Pattern THREADS = Pattern.compile(
            "log-writer|log-keeper|video-writer|rules|uplink-central|camera-front|mqtt-listener-1|mqtt-passwords-1"
                    + "|mqtt-client-plant|MQTT [A-Z][a-z]+: .*|JavaCPP Deallocator|coap-receiver|coap-protocol-?[#0-9]+"
                    + "|coap-timer-?[#0-9]+|http-[0-9]+(-.*)?|http-timer-1|HttpClient-[0-9]+-SelectorManager"
                    + "|HttpClient-[0-9]+-Worker-[0-9]+");

    /** Made by the Java runtime for itself; Keep-Alive-Timer by this test's own requests. */
    private static final Pattern INTERNAL =
            Pattern.compile("process reaper.*|Common-Cleaner|Cleaner-[0-9]+|Keep-Alive-Timer|Attach Listener"
                    + "|.*CompilerThread[0-9]+|Signal Dispatcher");

    @Test
    void threads_ofEveryKindOfPart_areInTheTable_andAtMost30() throws Exception {
        Files.writeString(directory.resolve("hot.sql"), "INSERT INTO hot SELECT temp FROM telemetry WHERE temp > 40");
        GatewayConfig config = config("""
                    users:
                      - name: u
                        hash: pbkdf2-sha256$100000$c2FsdHNhbHRzYWx0c2FsdA==$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=
                  clients:
                    - name: plant
                      url: tcp://127.0.0.1:9
                      topics: ['#']
                rules:
                  - name: hot
                    file: hot.sql
                cameras:
                  - name: front
                    url: synthetic
                uplinks:
                  - name: central
                    token: t
                    url: http://127.0.0.1:9
                """);
        Set<Thread> before = Thread.getAllStackTraces().keySet();
        try (Gateway gateway = Gateway.start(directory.resolve("gateway"), config)) {
            pingCoap(Objects.requireNonNull(gateway.ports().get("coap")));
            connectMqtt(Objects.requireNonNull(gateway.ports().get("mqtt")));
            Set<Thread> seen = new HashSet<>();
            await().pollInSameThread().atMost(DEADLINE).untilAsserted(() -> {
                // No client with threads of its own: those would count.
                JsonNode status;
                try (InputStream in = URI.create(
                                "http://127.0.0.1:" + gateway.ports().get("http") + "/api/v1/status")
                        .toURL()
                        .openStream()) {
                    status = JsonMapper.shared().readTree(in);
                }
                Set<Thread> now = threadsSince(before);
                seen.addAll(now);
                assertThat(now).hasSizeLessThanOrEqualTo(30);
                assertThat(names(seen))
                        .contains("mqtt-passwords-1")
                        .anyMatch(name -> name.startsWith("coap-protocol-"));
                assertThat(status.at("/uplinks/0/retries").asLong()).isPositive();
                assertThat(status.at("/cameras/0/lastFragment").asString()).contains(".front-main.");
                assertThat(status.at("/rules/0/state").asString()).isEqualTo("running");
                assertThat(status.path("adapters").valueStream())
                        .anySatisfy(adapter -> assertThat(adapter.path("name").asString()
                                        + adapter.path("state").asString())
                                .isEqualTo("plantdegraded"));
            });
            // Paho's threads name themselves, a moment after they start; some have ended by then.
            await().atMost(DEADLINE).untilAsserted(() -> assertThat(seen)
                    .allMatch(thread -> !thread.isAlive()
                            || THREADS.matcher(thread.getName()).matches()));
            assertThat(names(seen))
                    .contains("log-writer", "log-keeper", "video-writer", "rules", "uplink-central", "camera-front")
                    .contains("mqtt-listener-1", "mqtt-client-plant", "coap-receiver", "http-timer-1");
        }
    }

    /** RFC 7252 section 4.3: an empty confirmable message; it needs the protocol thread, which then stays. */
    private static void pingCoap(int port) throws IOException {
        byte[] ping = {0x40, 0, 0, 1};
        try (DatagramSocket socket = new DatagramSocket()) {
            socket.send(new DatagramPacket(ping, ping.length, InetAddress.getLoopbackAddress(), port));
        }
    }

    /** MQTT 3.1.1 section 3.1: CONNECT with a wrong password, until the refusal. */
    private static void connectMqtt(int port) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout((int) DEADLINE.toMillis());
            socket.getOutputStream()
                    .write(HexFormat.of()
                            .parseHex("1013" + "00044d515454" + "04c2003c" + "000161" + "000175" + "000170"));
            // Section 3.2.2.3: 4 is a bad user name or password.
            assertThat(HexFormat.of().formatHex(socket.getInputStream().readNBytes(4)))
                    .isEqualTo("20020004");
        }
    }

    private static Set<Thread> threadsSince(Set<Thread> before) {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> !before.contains(thread))
                .filter(thread -> !INTERNAL.matcher(thread.getName()).matches())
                .collect(Collectors.toSet());
    }

    private static List<String> names(Set<Thread> threads) {
        return threads.stream().map(Thread::getName).sorted().toList();
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
    void floorAboveHalfTheDisk_isRefusedInOneSentence() throws Exception {
        config("");
        Path file = directory.resolve("gateway.yaml");
        Files.writeString(
                file,
                Files.readString(file).replace("  clock: trusted\n", "  clock: trusted\n  disk-free-min: 900000GiB\n"));
        GatewayConfig greedy = ConfigLoader.load(file, Map.of());
        assertThatThrownBy(() -> Gateway.start(directory.resolve("gateway"), greedy))
                .isInstanceOf(CommandFailure.class)
                .hasMessageContaining("gateway.disk-free-min is 966367641600000 bytes, more than half of the disk")
                .satisfies(e -> assertThat(((CommandFailure) e).exitCode()).isEqualTo(2));
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

    @Test
    void restart_afterStreamsWereScaled_keepsTheirShards_whateverTheConfigurationSays() throws Exception {
        Path home = directory.resolve("gateway");
        Files.writeString(directory.resolve("hot.sql"), "INSERT INTO hot SELECT temp FROM telemetry WHERE temp > 40");
        String rules = "rules:\n  - name: hot\n    file: hot.sql\n";
        try (Gateway gateway = Gateway.start(home, config("streams:\n  - name: saw\n    shards: 1\n"))) {
            scale(client(gateway), "saw", 2);
            client(gateway).change("POST", "/api/v1/streams", "{\"stream\":\"press\",\"shards\":2}");
            client(gateway).change("POST", "/api/v1/streams", "{\"stream\":\"hot\",\"shards\":2}");
        }
        try (Gateway gateway = Gateway.start(home, config("streams:\n  - name: saw\n    shards: 2\n" + rules))) {
            scale(client(gateway), "saw", 4);
        }
        String both = "streams:\n  - name: saw\n    shards: 2\n  - name: press\n";
        try (Gateway gateway = Gateway.start(home, config(both + rules))) {
            assertThat(stream(client(gateway), "saw").path("shards").asInt()).isEqualTo(4);
            assertThat(stream(client(gateway), "press").path("shards").asInt()).isEqualTo(2);
            assertThat(stream(client(gateway), "hot").path("shards").asInt()).isEqualTo(2);
        }
    }

    private static void scale(GatewayClient client, String stream, int shards) {
        client.change("PATCH", "/api/v1/streams/" + stream, "{\"shards\":" + shards + "}");
    }

    private static JsonNode stream(GatewayClient client, String name) {
        return client.get("/api/v1/streams/" + name);
    }

    @Test
    void settingsChangedOverHttp_outliveARestart_unlessTheConfigurationNamesTheStream() throws Exception {
        Path home = directory.resolve("gateway");
        Files.writeString(directory.resolve("hot.sql"), "INSERT INTO hot SELECT temp FROM telemetry WHERE temp > 40");
        GatewayConfig config =
                config("streams:\n  - name: press\n    retention: 48h\nrules:\n  - name: hot\n    file: hot.sql\n");
        try (Gateway gateway = Gateway.start(home, config)) {
            for (String name : List.of("telemetry", "video", "hot", "press")) {
                client(gateway).change("PATCH", "/api/v1/streams/" + name, "{\"retentionHours\":720}");
            }
        }
        try (Gateway gateway = Gateway.start(home, config)) {
            for (String name : List.of("telemetry", "video", "hot")) {
                assertThat(stream(client(gateway), name).path("retentionHours").asInt())
                        .as(name)
                        .isEqualTo(720);
            }
            assertThat(stream(client(gateway), "press").path("retentionHours").asInt())
                    .isEqualTo(48);
        }
    }
}
