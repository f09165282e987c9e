package io.tidegate.core.runtime;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * Space that is kept back on a disk, as a file of real bytes. It is let go when the disk is full, so that the little
 * that must be written then can be, and taken again as soon as there is room for twice as much.
 *
 * <p>Thread-safe.
 */
public final class Ballast {
    private static final int CHUNK_BYTES = 64 << 10;

    private final Path file;
    private final long bytes;
    private final DiskSpace space;
    private final AtomicBoolean isTaking = new AtomicBoolean();
    private volatile boolean isOut;
    private volatile @Nullable String failure;

    private Ballast(Path file, long bytes, DiskSpace space) {
        this.file = file;
        this.bytes = bytes;
        this.space = space;
    }

    /** None is kept: it is never out. */
    public static Ballast none() {
        return new Ballast(Path.of("none"), 0, DiskSpace.SYSTEM);
    }

    /**
     * In this file, which may be there from an earlier start; if it is not, the ballast is out until {@link #takeBack}.
     *
     * @param bytes at least 1
     */
    public static Ballast in(Path file, long bytes) {
        return in(file, bytes, DiskSpace.SYSTEM);
    }

    static Ballast in(Path file, long bytes, DiskSpace space) {
        if (bytes < 1) {
            throw new IllegalArgumentException("a ballast has at least 1 byte, found " + bytes);
        }
        Ballast ballast = new Ballast(file, bytes, space);
        ballast.isOut = file.toFile().length() != bytes;
        ballast.removeUnfinished();
        return ballast;
    }

    /** Whether the space has been let go. */
    public boolean isOut() {
        return isOut;
    }

    /**
     * Lets the space go if there is less than that left on the disk, or nobody knows; true: it has gone now. Does not wait
     * for {@link #takeBack}.
     */
    public synchronized boolean releaseIfFull() {
        if (bytes == 0 || isOut || space.usableBytes(directory()).orElse(0) >= bytes) {
            return false;
        }
        try {
            Files.deleteIfExists(file);
            isOut = true;
            failure = null;
            return true;
        } catch (IOException e) {
            // Asked again at the next write that fails.
            failure = "the space kept back could not be let go: " + e;
            return false;
        }
    }

    /** Takes the space again, if it is out and there is room, or nobody knows; true: it is back now. */
    public boolean takeBack() {
        if (!isOut || space.usableBytes(directory()).orElse(Long.MAX_VALUE) < 2 * bytes || isTaking.getAndSet(true)) {
            return false;
        }
        try {
            write(unfinished());
            return putBack();
        } catch (IOException e) {
            // Somebody else was faster; tried again as soon as there is room.
            failure = "there is room, and the space could not be taken back: " + e;
            removeUnfinished();
            return false;
        } finally {
            isTaking.set(false);
        }
    }

    private synchronized boolean putBack() throws IOException {
        Files.move(unfinished(), file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        isOut = false;
        failure = null;
        return true;
    }

    /** Why the last try to let the space go, or to take it back, failed; empty: it did not. */
    public Optional<String> failure() {
        return Optional.ofNullable(failure);
    }

    private Path unfinished() {
        return file.resolveSibling(file.getFileName() + ".new");
    }

    private void removeUnfinished() {
        try {
            Files.deleteIfExists(unfinished());
        } catch (IOException e) {
            failure = "what is left of " + unfinished() + " takes space and cannot be removed: " + e;
        }
    }

    /** Bytes that no file system can leave out or pack. */
    private void write(Path target) throws IOException {
        SplittableRandom random = new SplittableRandom(bytes);
        byte[] chunk = new byte[CHUNK_BYTES];
        try (FileChannel channel = FileChannel.open(
                target, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING)) {
            for (long left = bytes; left > 0; left -= CHUNK_BYTES) {
                random.nextBytes(chunk);
                ByteBuffer buffer = ByteBuffer.wrap(chunk, 0, (int) Math.min(left, CHUNK_BYTES));
                while (buffer.hasRemaining()) {
                    channel.write(buffer);
                }
            }
            channel.force(true);
        }
    }

    private Path directory() {
        Path parent = file.toAbsolutePath().getParent();
        return parent == null ? file : parent;
    }
}
