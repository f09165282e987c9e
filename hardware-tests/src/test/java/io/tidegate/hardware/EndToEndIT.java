package io.tidegate.hardware;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/**
 * Real clients, a real broker and a real RTSP server: what they say is seen in {@code tidegate tap} and at the
 * central.
 */
class EndToEndIT {
    private static final Duration DEADLINE = Duration.ofSeconds(60);

    @TempDir
    Path directory;

    @Test
    void whatRealClientsSay_isInTheTapAndAtTheCentral() throws Exception {
        int brokerPort = Site.freePort();
        int rtspPort = Site.freePort();
        Path clip = directory.resolve("clip.h264");
        assertThat(Peer.run(
                                "ffmpeg",
                                "-v",
                                "error",
                                "-f",
                                "lavfi",
                                "-i",
                                "testsrc=size=320x240:rate=15",
                                "-t",
                                "6",
                                "-c:v",
                                "libx264",
                                "-preset",
                                "ultrafast",
                                "-x264-params",
                                "aud=1",
                                "-g",
                                "30",
                                "-pix_fmt",
                                "yuv420p",
                                clip.toString())
                        .exitCode())
                .isZero();
        try (Peer broker = startBroker(brokerPort);
                Peer camera = startCamera(rtspPort, clip);
                Site site = Site.start(directory, config(brokerPort, rtspPort))) {
            assertThat(publish(site.mqttPort(), "plant/press-1/temp", "21.5")).isZero();
            assertThat(coapPost(site.coapPort(), "plant/press-2/temp", "22.5")).isZero();
            await().atMost(DEADLINE).until(() -> brokerIsConnected(site));
            assertThat(publish(brokerPort, "old/press-3", "{\"temp\":23.5}")).isZero();

            assertSeen(site, "telemetry", "plant/press-1/temp", "{\"value\":21.5}");
            assertSeen(site, "telemetry", "plant/press-2/temp", "{\"value\":22.5}");
            assertSeen(site, "telemetry", "old/press-3", "{\"temp\":23.5}");
            assertFragments(site);
            assertSegmentsArePlayable(directory.resolve("gateway/video"));
        }
    }

    private static boolean brokerIsConnected(Site site) throws Exception {
        for (JsonNode adapter : site.gateway().get("/api/v1/status").path("adapters")) {
            if (adapter.path("name").asString().contains("old")) {
                return adapter.path("state").asString().equals("running");
            }
        }
        return false;
    }

    private Peer startBroker(int port) throws Exception {
        Path config = directory.resolve("mosquitto.conf");
        Files.writeString(config, "listener " + port + " 127.0.0.1\nallow_anonymous true\n");
        return Peer.start(directory.resolve("broker.out"), "mosquitto", "-c", config.toString());
    }

    private Peer startCamera(int port, Path clip) throws Exception {
        return Peer.start(
                directory.resolve("camera.out"),
                "/usr/bin/python3",
                Path.of("peers/rtsp_server.py").toAbsolutePath().toString(),
                clip.toString(),
                Integer.toString(port),
                "15");
    }

    private static String config(int brokerPort, int rtspPort) {
        return "  clients:\n"
                + "    - name: old\n"
                + "      url: tcp://127.0.0.1:" + brokerPort + "\n"
                + "      topics: [\"old/#\"]\n"
                + "cameras:\n"
                + "  - name: gate\n"
                + "    url: rtsp://127.0.0.1:" + rtspPort + "/cam\n";
    }

    private static int publish(int port, String topic, String payload) throws Exception {
        return Peer.run(
                        "mosquitto_pub",
                        "-h",
                        "127.0.0.1",
                        "-p",
                        Integer.toString(port),
                        "-q",
                        "1",
                        "-t",
                        topic,
                        "-m",
                        payload)
                .exitCode();
    }

    private static int coapPost(int port, String path, String payload) throws Exception {
        return Peer.run(
                        "coap-client-notls",
                        "-m",
                        "post",
                        "-B",
                        "20",
                        "-e",
                        payload,
                        "coap://127.0.0.1:" + port + "/" + path)
                .exitCode();
    }

    private static void assertSeen(Site site, String stream, String key, String data) throws Exception {
        await().atMost(DEADLINE).untilAsserted(() -> {
            assertThat(find(Records.of(site.gateway(), stream), key)).contains(data);
            assertThat(find(Records.of(site.central(), stream), key)).contains(data);
        });
        assertThat(tap(site, stream).lines())
                .anyMatch(line -> line.contains("\"partitionKey\":\"" + key + "\"") && line.contains(data));
    }

    /** Everything that a stream holds now, as {@code tidegate tap} prints it. */
    private static String tap(Site site, String stream) throws Exception {
        int count = Records.of(site.gateway(), stream).size();
        Peer.Ended tap = Peer.run(
                TidegateProcess.TREE.resolve("bin/tidegate").toString(),
                "tap",
                stream,
                "--home",
                site.gateway().home().toString(),
                "--from",
                "trim-horizon",
                "--limit",
                Integer.toString(count),
                "--output",
                "json");
        assertThat(tap.exitCode()).as(tap.output()).isZero();
        return tap.output();
    }

    private static List<String> find(List<JsonNode> records, String key) {
        return records.stream()
                .filter(record -> record.path("partitionKey").asString().equals(key))
                .map(record -> record.path("data").toString())
                .toList();
    }

    private static void assertFragments(Site site) throws Exception {
        await().atMost(DEADLINE).untilAsserted(() -> {
            List<JsonNode> here = fragments(Records.of(site.gateway(), "video"));
            List<JsonNode> there = fragments(Records.of(site.central(), "video"));
            assertThat(here).hasSizeGreaterThanOrEqualTo(2);
            assertThat(there).hasSizeGreaterThanOrEqualTo(2);
            JsonNode first = there.get(0);
            assertThat(first.path("data").path("width").asInt()).isEqualTo(320);
        });
        assertThat(tap(site, "video")).contains("\"type\":\"fragment\"");
    }

    private static List<JsonNode> fragments(List<JsonNode> records) {
        return records.stream()
                .filter(record -> record.path("data").path("type").asString().equals("fragment"))
                .toList();
    }

    private static void assertSegmentsArePlayable(Path video) throws Exception {
        List<Path> segments;
        try (var files = Files.walk(video)) {
            segments = files.filter(file -> file.toString().endsWith(".mp4")).toList();
        }
        assertThat(segments).isNotEmpty();
        for (Path segment : segments) {
            Peer.Ended decoded = Peer.run("ffmpeg", "-v", "error", "-i", segment.toString(), "-f", "null", "-");
            assertThat(decoded).isEqualTo(new Peer.Ended(0, ""));
            assertThat(Peer.run("ffprobe", "-v", "error", segment.toString())).isEqualTo(new Peer.Ended(0, ""));
        }
    }
}
