package io.tidegate.hardware.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A NATS server with a file store below a directory, at the safest setting that it knows. */
final class NatsServer implements AutoCloseable {
    private static final Pattern PORT = Pattern.compile("\"nats://[^\"]*:(\\d+)\"");
    private static final long START_NANOS_MAX = 20_000_000_000L;

    private final Process process;
    private final int port;
    private final String configuration;

    private NatsServer(Process process, int port, String configuration) {
        this.process = process;
        this.port = port;
        this.configuration = configuration;
    }

    static NatsServer start(Path directory) throws Exception {
        Path file = directory.resolve("nats.conf");
        String safest = settings(directory, ", sync_interval: always");
        String said = "an fsync before each answer";
        Files.writeString(file, safest);
        try {
            Command.run("nats-server", "-t", "-c", file.toString());
        } catch (IOException e) {
            safest = settings(directory, "");
            said = "this version refuses sync_interval: it answers BEFORE the fsync, which follows within 2 minutes";
            Files.writeString(file, safest);
        }
        Process process = new ProcessBuilder("nats-server", "-c", file.toString())
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("nats.out").toFile())
                .start();
        Runtime.getRuntime().addShutdownHook(new Thread(process::destroyForcibly));
        String version = Command.run("nats-server", "--version");
        return new NatsServer(process, port(process, directory), version + ", " + safest.strip() + " (" + said + ")");
    }

    private static String settings(Path directory, String sync) {
        return "listen: 127.0.0.1:-1\nports_file_dir: \"" + directory + "\"\njetstream { store_dir: \"" + directory
                + "\"" + sync + " }\n";
    }

    private static int port(Process process, Path directory) throws IOException {
        Path ports = directory.resolve("nats-server_" + process.pid() + ".ports");
        long start = System.nanoTime();
        while (System.nanoTime() - start < START_NANOS_MAX && process.isAlive()) {
            Matcher port = PORT.matcher(Files.exists(ports) ? Files.readString(ports) : "");
            if (port.find()) {
                return Integer.parseInt(port.group(1));
            }
            LockSupport.parkNanos(10_000_000);
        }
        process.destroyForcibly();
        throw new IOException("nats-server did not start: " + Files.readString(directory.resolve("nats.out")));
    }

    String configuration() {
        return configuration.replace('\n', ' ');
    }

    int port() {
        return port;
    }

    /** Of all its threads. */
    double cpuMicros() {
        return process.info().totalCpuDuration().orElseThrow().toNanos() / 1e3;
    }

    @Override
    public void close() throws InterruptedException {
        process.destroy();
        if (!process.waitFor(10, TimeUnit.SECONDS)) {
            process.destroyForcibly();
        }
    }
}
