package io.tidegate.gateway.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidegate.core.stream.AppendUnit;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.StreamName;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The console in a real browser: Debian's chromium. */
class ConsoleIT {
    private record Seen(String dom, String console) {}

    @TempDir
    Path directory = Path.of("");

    private Seen open(HttpFixture http) throws IOException, InterruptedException {
        Path dom = directory.resolve("dom.html");
        Path errors = directory.resolve("stderr.txt");
        Process browser = new ProcessBuilder(
                        "chromium",
                        "--headless",
                        "--no-sandbox",
                        "--disable-gpu",
                        "--enable-logging=stderr",
                        "--user-data-dir=" + directory.resolve("profile"),
                        "--virtual-time-budget=6000",
                        "--dump-dom",
                        http.uri("/console/").toString())
                .redirectOutput(dom.toFile())
                .redirectError(errors.toFile())
                .start();
        try {
            assertThat(browser.waitFor(90, TimeUnit.SECONDS))
                    .as("chromium ends in time")
                    .isTrue();
        } finally {
            browser.destroyForcibly();
        }
        String console = Files.readString(errors, StandardCharsets.UTF_8)
                .lines()
                .filter(line -> line.contains("CONSOLE"))
                .reduce("", (all, line) -> all + line + "\n");
        return new Seen(Files.readString(dom, StandardCharsets.UTF_8), console);
    }

    private static Payload jpeg() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ImageIO.write(new BufferedImage(32, 18, BufferedImage.TYPE_INT_RGB), "jpg", out);
        return Payload.wrap(out.toByteArray());
    }

    private static String text(Seen seen) {
        return seen.dom().replaceAll("<[^>]*>", " ").replaceAll("\\s+", " ");
    }

    @Test
    void console_showsTheGateway_withoutAnErrorInTheBrowser() throws Exception {
        Payload picture = jpeg();
        GatewayStatus sample = StatusTest.sample();
        GatewayStatus status = new GatewayStatus(
                sample.version(),
                sample.role(),
                sample.uptime(),
                sample.ports(),
                sample.adapters(),
                sample.uplinks(),
                List.of(
                        sample.cameras().get(0),
                        new GatewayStatus.Camera(
                                "<b>yard", "file", PartState.RUNNING, null, 3, 9000, "s1.yard-main.1.3")),
                sample.rules());
        try (HttpFixture http = HttpFixture.start(parts -> new HttpParts(
                parts.log(),
                parts.clock(),
                () -> status,
                camera -> Optional.of(new SnapshotSource.Snapshot(picture, 0)),
                parts.media(),
                null,
                null,
                parts.metrics()))) {
            http.append("{\"n\":1}", "{\"n\":2}");
            http.log
                    .append(AppendUnit.of(NewRecord.of(
                            StreamName.ALARMS, "press-3", Payload.ofUtf8("{\"message\":\"too <i>hot</i>\"}"))))
                    .join();

            Seen seen = open(http);

            assertThat(seen.console()).isEmpty();
            assertThat(text(seen))
                    .contains("gateway-under-test", "degraded", "camera gate is failed: no route to host")
                    .contains("not connected", "backlog 77")
                    .contains("telemetry shard 0 2 2 0 0 0")
                    .contains("balances")
                    // What a device says is text, never markup.
                    .contains("&lt;b&gt;yard")
                    .contains("too &lt;i&gt;hot&lt;/i&gt;");
            assertThat(seen.dom()).contains("src=\"blob:http://127.0.0.1:");
        }
    }

    @Test
    void console_ofAGatewayWithTokens_asksForOne() throws Exception {
        HttpSettings settings = HttpSettings.loopback(0).withTokens(List.of(HttpToken.of("ann", "s3cret")));
        try (HttpFixture http = HttpFixture.start(settings, parts -> parts)) {
            Seen seen = open(http);

            assertThat(text(seen)).contains("token needed").doesNotContain("gateway-under-test");
            assertThat(seen.dom()).contains("<form id=\"login\" class=\"card\">");
        }
    }
}
