package io.tidegate.hardware;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.OptionalInt;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Shows by a system-call trace that a reply leaves after the fsync of its record. */
class AcknowledgementTraceIT {
    @TempDir
    Path directory;

    private final HttpClient http = HttpClient.newHttpClient();

    @Test
    void replies_leaveAfterTheFsyncOfTheirRecord() throws Exception {
        Path gatewayTrace = directory.resolve("gateway.trace");
        Path centralTrace = directory.resolve("central.trace");
        try (Site site = Site.startTraced(directory, gatewayTrace, centralTrace)) {
            publish(site.mqttPort(), "marker-of-mqtt");
            coapPost(site.coapPort(), "marker-of-coap");
            httpPut(site, "marker-of-http");
            await().atMost(Duration.ofSeconds(60))
                    .until(() -> Records.of(site.central(), "telemetry").size() == 3);
            site.gateway().stop();
            site.central().stop();
        }
        SystemCallTrace gateway = SystemCallTrace.read(gatewayTrace);
        // PUBACK for packet id 0x4d51 (MQTT 3.1.1, 3.4); CoAP 2.04, piggybacked or confirmable (RFC 7252, 3).
        assertOrder("MQTT", gateway, "marker-of-mqtt", Pattern.compile("40024d51"));
        assertOrder("CoAP", gateway, "marker-of-coap", Pattern.compile("^[46][0-8]44"));
        assertOrder("HTTP", gateway, "marker-of-http", hex("\"results\""));
        assertOrder("central", SystemCallTrace.read(centralTrace), "marker-of-http", hex("\"fork\""));
    }

    private static void assertOrder(String what, SystemCallTrace trace, String marker, Pattern reply) {
        OptionalInt written = trace.recordWritten(ascii(marker));
        assertThat(written).as("%s: the record is written to the log", what).isPresent();
        OptionalInt synced = trace.syncedAfter(written.getAsInt());
        assertThat(synced).as("%s: the log is synced", what).isPresent();
        OptionalInt replied = trace.sent(reply, written.getAsInt());
        assertThat(replied)
                .as("%s: the reply is sent after the record is written", what)
                .isPresent();
        assertThat(replied.getAsInt())
                .as(
                        "%s: written in line %d, synced in line %d, replied in line",
                        what, written.getAsInt(), synced.getAsInt())
                .isGreaterThan(synced.getAsInt());
    }

    private static Pattern hex(String text) {
        return Pattern.compile(HexFormat.of().formatHex(ascii(text)));
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private static void publish(int port, String marker) throws Exception {
        String payload = "{\"marker\":\"" + marker + "\"}";
        String topic = "plain/traced";
        byte[] connect = {0x10, 0x10, 0, 4, 'M', 'Q', 'T', 'T', 4, 2, 0, 60, 0, 4, 't', 'r', 'a', 'c'};
        byte[] publish = new byte[2 + 2 + topic.length() + 2 + payload.length()];
        publish[0] = 0x32;
        publish[1] = (byte) (publish.length - 2);
        publish[3] = (byte) topic.length();
        System.arraycopy(ascii(topic), 0, publish, 4, topic.length());
        publish[4 + topic.length()] = 0x4d;
        publish[5 + topic.length()] = 0x51;
        System.arraycopy(ascii(payload), 0, publish, 6 + topic.length(), payload.length());
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(30_000);
            socket.getOutputStream().write(connect);
            InputStream in = socket.getInputStream();
            assertThat(in.readNBytes(4)).isEqualTo(new byte[] {0x20, 2, 0, 0});
            socket.getOutputStream().write(publish);
            assertThat(in.readNBytes(4)).isEqualTo(new byte[] {0x40, 2, 0x4d, 0x51});
        }
    }

    private static void coapPost(int port, String marker) throws Exception {
        Process client = new ProcessBuilder(List.of(
                        "coap-client-notls",
                        "-m",
                        "post",
                        "-B",
                        "30",
                        "-e",
                        "{\"marker\":\"" + marker + "\"}",
                        "coap://127.0.0.1:" + port + "/plain/traced"))
                .inheritIO()
                .start();
        assertThat(client.waitFor()).isZero();
    }

    private void httpPut(Site site, String marker) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(site.gateway().url("/api/v1/streams/telemetry/records"))
                .header("Content-Type", "application/x-ndjson")
                .POST(HttpRequest.BodyPublishers.ofString(
                        "{\"partitionKey\":\"traced\",\"data\":{\"marker\":\"" + marker + "\"}}\n"))
                .build();
        assertThat(http.send(request, HttpResponse.BodyHandlers.ofString()).statusCode())
                .isEqualTo(200);
    }
}
