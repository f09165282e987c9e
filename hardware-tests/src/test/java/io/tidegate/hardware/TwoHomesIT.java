package io.tidegate.hardware;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two homes with one gateway id, as after a card was cloned while the gateway went on. */
class TwoHomesIT {
    private static final Duration DEADLINE = Duration.ofSeconds(60);
    private static final HttpClient HTTP = HttpClient.newHttpClient();

    @TempDir
    Path directory;

    @Test
    void newerBranch_isReportedAsAFork_andTheOlderIsRefused() throws Exception {
        try (Site site = Site.start(directory)) {
            put(site.gateway(), "before-the-copy");
            awaitAtCentral(site, 1);
            Path copy = directory.resolve("copy");
            copyTree(site.gateway().home(), copy);
            put(site.gateway(), "after-the-copy");
            awaitAtCentral(site, 2);
            try (TidegateProcess clone = site.startClone(copy)) {
                put(clone, "of-the-clone");
                awaitAtCentral(site, 3);
                await().atMost(DEADLINE)
                        .until(() -> clone.get("/api/v1/status").toString().contains("fork"));
                put(site.gateway(), "of-the-older");
                await().atMost(DEADLINE)
                        .until(() ->
                                site.gateway().get("/api/v1/status").toString().contains("in use by another home"));
                assertThat(Records.of(site.central(), "telemetry")).hasSize(3);
                assertThat(Records.of(site.gateway(), "telemetry")).hasSize(3);
            }
        }
    }

    private static void put(TidegateProcess process, String marker) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(process.url("/api/v1/streams/telemetry/records"))
                .header("Content-Type", "application/x-ndjson")
                .POST(HttpRequest.BodyPublishers.ofString(
                        "{\"partitionKey\":\"k\",\"data\":{\"marker\":\"" + marker + "\"}}\n"))
                .build();
        HttpResponse<String> response = HTTP.send(request, HttpResponse.BodyHandlers.ofString());
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    }

    private static void awaitAtCentral(Site site, int count) {
        await().atMost(DEADLINE)
                .until(() -> Records.of(site.central(), "telemetry").size() == count);
    }

    private static void copyTree(Path from, Path to) throws IOException {
        List<Path> paths;
        try (var walk = Files.walk(from)) {
            paths = walk.filter(path -> !path.toString().contains("/cache")).toList();
        }
        for (Path path : paths) {
            Path target = to.resolve(from.relativize(path).toString());
            if (Files.isDirectory(path)) {
                Files.createDirectories(target);
            } else {
                Files.copy(path, target);
            }
        }
    }
}
