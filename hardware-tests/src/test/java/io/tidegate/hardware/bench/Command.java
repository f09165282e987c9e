package io.tidegate.hardware.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.tinylog.Logger;

/** A program that is run to its end. */
final class Command {
    private static final int MINUTES_MAX = 4;

    private Command() {}

    /** What it printed; an IOException with it if it failed. */
    static String run(String... words) throws IOException, InterruptedException {
        return run(new ProcessBuilder(List.of(words)));
    }

    static String run(ProcessBuilder builder) throws IOException, InterruptedException {
        Process process = builder.redirectErrorStream(true).start();
        Thread end = new Thread(process::destroyForcibly);
        boolean isEnding = !hook(end);
        try {
            process.getOutputStream().close();
            String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (!process.waitFor(MINUTES_MAX, TimeUnit.MINUTES) || process.exitValue() != 0) {
                throw new IOException(String.join(" ", builder.command()) + ": " + said.strip());
            }
            return said.strip();
        } finally {
            process.destroyForcibly();
            if (!isEnding) {
                unhook(end);
            }
        }
    }

    /** False: this process is ending already, and cleans up. */
    private static boolean hook(Thread end) {
        try {
            Runtime.getRuntime().addShutdownHook(end);
            return true;
        } catch (IllegalStateException e) {
            return false;
        }
    }

    private static void unhook(Thread end) {
        try {
            Runtime.getRuntime().removeShutdownHook(end);
        } catch (IllegalStateException e) {
            Logger.debug("Too late to take the hook back, it finds nothing to end: {}", e.getMessage());
        }
    }
}
