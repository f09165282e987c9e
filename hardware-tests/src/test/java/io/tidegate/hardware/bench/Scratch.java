package io.tidegate.hardware.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;

/** A directory of a run, which goes with it. */
record Scratch(Path directory) implements AutoCloseable {
    private static final int ATTEMPTS = 10;
    private static final long PAUSE_NANOS = 200_000_000;

    static Scratch below(Path parent) throws IOException {
        Files.createDirectories(parent);
        return new Scratch(Files.createTempDirectory(parent, "run-").toAbsolutePath());
    }

    Path fresh(String name) throws IOException {
        return Files.createDirectory(directory.resolve(name));
    }

    static void delete(Path directory) throws IOException {
        if (!Files.exists(directory)) {
            return;
        }
        List<Path> deepestFirst;
        try (Stream<Path> files = Files.walk(directory)) {
            deepestFirst = files.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path file : deepestFirst) {
            Files.deleteIfExists(file);
        }
    }

    /** More than once, where somebody may still be writing. */
    @Override
    public void close() {
        for (int left = ATTEMPTS; ; left--) {
            try {
                delete(directory);
                return;
            } catch (IOException | UncheckedIOException e) {
                if (left == 0) {
                    throw new IllegalStateException(directory + " could not be removed", e);
                }
                LockSupport.parkNanos(PAUSE_NANOS);
            }
        }
    }
}
