package io.tidegate.gateway.demo;

import io.tidegate.gateway.CommandFailure;
import io.tidegate.gateway.GatewayClient;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A {@code tidegate run} or {@code tidegate central} of the demo, in a session of its own, so that Ctrl-C reaches the
 * demo alone, which ends it in order; if the demo is killed, it ends too. What it prints is in a file beside its home.
 *
 * <p>Confined to the demo's thread.
 */
final class ChildProcess implements AutoCloseable {
    private static final Duration START_DEADLINE = Duration.ofSeconds(60);
    private static final int STOP_SECONDS = 12;
    private static final int OUTPUT_SHOWN_MAX = 4_000;

    private final String role;
    private final Path home;
    private final Path output;
    private final Process process;

    private ChildProcess(String role, Path home, Path output, Process process) {
        this.role = role;
        this.home = home;
        this.output = output;
        this.process = process;
    }

    /** Starts {@code bin/tidegate} with these arguments and {@code --home}. */
    static ChildProcess start(String role, Path home, List<String> arguments) throws IOException {
        String directory = System.getProperty("tidegate.directory");
        if (directory == null) {
            throw CommandFailure.usage("the demo starts bin/tidegate: run it through that, after './run build'");
        }
        Path output = home.resolveSibling(role + ".out");
        Files.deleteIfExists(home.resolve("run/ports.json"));
        List<String> command = new ArrayList<>(List.of("setsid", directory + "/bin/tidegate"));
        command.addAll(arguments);
        command.addAll(List.of("--home", home.toString()));
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile());
        builder.environment()
                .put(
                        "TIDEGATE_PARENT_PID",
                        Long.toString(ProcessHandle.current().pid()));
        Process process = builder.start();
        return new ChildProcess(role, home, output, process);
    }

    /** Waits until its ports are known; fails with what it printed. */
    void awaitReady() throws IOException, InterruptedException {
        CountDownLatch never = new CountDownLatch(1);
        for (long waited = 0; !Files.exists(home.resolve("run/ports.json")); waited += 100) {
            if (!process.isAlive() || waited > START_DEADLINE.toMillis()) {
                throw CommandFailure.failed(role + " did not start: " + said());
            }
            if (never.await(100, TimeUnit.MILLISECONDS)) {
                return;
            }
        }
    }

    int port(String listener) throws IOException {
        JsonNode ports = JsonMapper.shared().readTree(Files.readString(home.resolve("run/ports.json")));
        return ports.path(listener).asInt();
    }

    URI url() throws IOException {
        return URI.create("http://127.0.0.1:" + port("http"));
    }

    GatewayClient client() throws IOException {
        return new GatewayClient(url(), null);
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /** The end of what it printed. */
    String said() throws IOException {
        String text = Files.exists(output) ? Files.readString(output) : "";
        return text.length() > OUTPUT_SHOWN_MAX ? text.substring(text.length() - OUTPUT_SHOWN_MAX) : text;
    }

    @Override
    public void close() throws InterruptedException {
        process.destroy();
        if (!process.waitFor(STOP_SECONDS, TimeUnit.SECONDS)) {
            process.destroyForcibly().waitFor();
        }
    }
}
