package io.tidegate.hardware;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A {@code tidegate run} or {@code tidegate central} from the runnable tree, as a child process with a home of its
 * own. Ended with {@link #close} at the latest, by force if need be.
 */
final class TidegateProcess implements AutoCloseable {
    static final Path TREE =
            Path.of("../gateway/target/tidegate").toAbsolutePath().normalize();
    private static final Duration START_DEADLINE = Duration.ofSeconds(60);
    private static final HttpClient HTTP = HttpClient.newHttpClient();

    private final Path home;
    private final Process process;
    private final Path output;

    private TidegateProcess(Path home, Process process, Path output) {
        this.home = home;
        this.process = process;
        this.output = output;
    }

    /** Starts {@code bin/tidegate} with these arguments and waits until it is ready; fails with what it printed. */
    static TidegateProcess start(Path home, List<String> prefix, String... arguments) throws IOException {
        Files.createDirectories(home);
        Files.deleteIfExists(home.resolve("run/ports.json"));
        Path output = Files.createTempFile(home.getParent(), home.getFileName() + "-", ".out");
        List<String> command = new ArrayList<>(prefix);
        command.add(TREE.resolve("bin/tidegate").toString());
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .directory(home.toFile());
        TidegateProcess started = new TidegateProcess(home, builder.start(), output);
        Runtime.getRuntime().addShutdownHook(new Thread(started.process::destroyForcibly));
        started.awaitReady();
        return started;
    }

    private void awaitReady() {
        await().atMost(START_DEADLINE).pollInterval(Duration.ofMillis(50)).until(() -> {
            if (!process.isAlive()) {
                throw new AssertionError("ended with " + process.exitValue() + ":\n" + output());
            }
            return Files.exists(home.resolve("run/ports.json")) && status("/readyz") == 200;
        });
    }

    int port(String listener) throws IOException {
        JsonNode ports = JsonMapper.shared().readTree(Files.readString(home.resolve("run/ports.json")));
        return ports.path(listener).asInt();
    }

    URI url(String path) throws IOException {
        return URI.create("http://127.0.0.1:" + port("http") + path);
    }

    JsonNode get(String path) throws IOException, InterruptedException {
        HttpResponse<String> response =
                HTTP.send(HttpRequest.newBuilder(url(path)).build(), HttpResponse.BodyHandlers.ofString());
        if (response.statusCode() != 200) {
            throw new AssertionError(path + ": " + response.statusCode() + " " + response.body());
        }
        return JsonMapper.shared().readTree(response.body());
    }

    private int status(String path) throws InterruptedException {
        try {
            HttpRequest request = HttpRequest.newBuilder(url(path))
                    .timeout(Duration.ofSeconds(5))
                    .build();
            return HTTP.send(request, HttpResponse.BodyHandlers.discarding()).statusCode();
        } catch (IOException e) {
            return -1;
        }
    }

    Path home() {
        return home;
    }

    long pid() {
        return process.pid();
    }

    String output() throws IOException {
        return Files.readString(output);
    }

    /** SIGKILL to the process and everything that it started, and waits for the end. */
    void kill() throws InterruptedException {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly().waitFor();
    }

    /** SIGTERM to the gateway itself, also where it runs under a tracer; returns the exit code. */
    int stop() throws InterruptedException {
        process.descendants().findFirst().ifPresentOrElse(ProcessHandle::destroy, process::destroy);
        if (!process.waitFor(30, TimeUnit.SECONDS)) {
            kill();
            throw new AssertionError("did not stop within 30 s of SIGTERM");
        }
        return process.exitValue();
    }

    @Override
    public void close() throws Exception {
        if (process.isAlive()) {
            kill();
        }
    }
}
