package io.tidegate.buffer;

import com.github.luben.zstd.util.Native;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The native library of zstd, which may be missing: a log must work without it.
 *
 * <p>Thread-safe; loaded at the first question.
 */
final class ZstdLibrary {
    private static final String DIRECTORY_PROPERTY = "ZstdTempFolder";

    /** Initialised at the first question, when the directory to unpack to is known. */
    private static final class Loaded {
        static final Optional<String> FAILURE = load();

        private static Optional<String> load() {
            try {
                Native.load();
                return Optional.empty();
            } catch (LinkageError | RuntimeException e) {
                // The loader's message lists every attempt on lines of its own.
                return Optional.of(e.toString().lines().findFirst().orElse("no reason is known"));
            }
        }
    }

    private ZstdLibrary() {}

    /** Lets the library be unpacked beside the log: a temporary directory may forbid to run code. */
    static void unpackBeside(Path log) throws IOException {
        if (System.getProperty(DIRECTORY_PROPERTY) == null) {
            Path library = Files.createDirectories(
                    log.toAbsolutePath().resolveSibling("cache").resolve("zstd"));
            System.setProperty(DIRECTORY_PROPERTY, library.toString());
        }
    }

    /** Why it cannot be used; empty: it can. */
    static Optional<String> failure() {
        return Loaded.FAILURE;
    }
}
