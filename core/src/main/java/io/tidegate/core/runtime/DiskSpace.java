package io.tidegate.core.runtime;

import java.nio.file.Path;
import java.util.OptionalLong;
import java.util.function.ToLongFunction;

/**
 * What a file system says about its room. It is asked itself: a file store needs a mount table, which a container may
 * hide. Some say nothing, and each may fail to answer: that shows as 0 and must not be taken for a full disk.
 *
 * <p>Thread-safe.
 */
public final class DiskSpace {
    private final ToLongFunction<Path> usable;
    private final ToLongFunction<Path> total;

    /** As the operating system says. */
    public static final DiskSpace SYSTEM = new DiskSpace(
            path -> path.toFile().getUsableSpace(), path -> path.toFile().getTotalSpace());

    /**
     * @param usable 0 for none, and where it is not known
     * @param total 0 where it is not known
     */
    DiskSpace(ToLongFunction<Path> usable, ToLongFunction<Path> total) {
        this.usable = usable;
        this.total = total;
    }

    /** What this process could still write; empty: nobody knows. */
    public OptionalLong usableBytes(Path directory) {
        long bytes = usable.applyAsLong(directory);
        if (bytes > 0) {
            return OptionalLong.of(bytes);
        }
        // Asked again: it may have been only that one question that failed.
        return totalBytes(directory).isPresent()
                ? OptionalLong.of(usable.applyAsLong(directory))
                : OptionalLong.empty();
    }

    /** How large the file system is; empty: nobody knows. */
    public OptionalLong totalBytes(Path directory) {
        long bytes = total.applyAsLong(directory);
        return bytes > 0 ? OptionalLong.of(bytes) : OptionalLong.empty();
    }
}
