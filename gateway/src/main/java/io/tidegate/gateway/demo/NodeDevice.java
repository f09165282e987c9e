package io.tidegate.gateway.demo;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A device that is a process of its own: the sample node in C, which keeps its account in a file, a line for each
 * acknowledged reading.
 *
 * <p>Confined to the demo's thread.
 */
final class NodeDevice implements Device {
    private static final Pattern TAKEN = Pattern.compile(": taken ([0-9]+), acknowledged ([0-9]+)");
    private static final int DRAIN_SECONDS = 30;

    private final String name;
    private final Path account;
    private final Path output;
    private final Process process;
    private final DeviceLedger ledger = new DeviceLedger();

    /** @param secondsMax when it ends by itself, should the demo be killed */
    NodeDevice(Path binary, String name, int port, Path directory, long intervalMillis, long secondsMax)
            throws IOException {
        this.name = name;
        this.account = directory.resolve(name + ".acknowledged");
        this.output = directory.resolve(name + ".out");
        Files.deleteIfExists(account);
        process = new ProcessBuilder(List.of(
                        "setsid",
                        binary.toString(),
                        "--device",
                        name,
                        "--port",
                        Integer.toString(port),
                        "--interval-ms",
                        Long.toString(intervalMillis),
                        "--for-seconds",
                        Long.toString(secondsMax),
                        "--drain-seconds",
                        Integer.toString(DRAIN_SECONDS),
                        "--ledger",
                        account.toString(),
                        "--quiet"))
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public String kind() {
        return "mqtt (C)";
    }

    /** While it runs, what it has taken is known only by what was acknowledged. */
    @Override
    public DeviceLedger ledger() {
        try {
            BitSet acknowledged = new BitSet();
            int newest = 0;
            if (Files.exists(account)) {
                for (String line : Files.readAllLines(account)) {
                    String[] parts = line.split(" ", -1);
                    if (parts.length == 2 && parts[1].matches("[0-9]{1,9}")) {
                        acknowledged.set(Integer.parseInt(parts[1]));
                        newest = Math.max(newest, Integer.parseInt(parts[1]));
                    }
                }
            }
            ledger.replace(process.isAlive() ? newest : taken(newest), acknowledged);
            return ledger;
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private int taken(int otherwise) throws IOException {
        Matcher matcher = TAKEN.matcher(Files.readString(output));
        return matcher.find() ? Integer.parseInt(matcher.group(1)) : otherwise;
    }

    /** SIGTERM: it goes on until everything is acknowledged, then ends. */
    @Override
    public void stopTaking() {
        process.destroy();
    }

    @Override
    public boolean isDrained() {
        return !process.isAlive();
    }

    @Override
    public void close() throws InterruptedException {
        process.destroy();
        if (!process.waitFor(1, TimeUnit.SECONDS)) {
            process.destroyForcibly().waitFor(5, TimeUnit.SECONDS);
        }
    }
}
