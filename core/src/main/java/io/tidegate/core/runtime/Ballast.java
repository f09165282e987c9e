package io.tidegate.core.runtime;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.SplittableRandom;

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
    private volatile boolean isOut;
    private long failures;

    private Ballast(Path file, long bytes) {
        this.file = file;
        this.bytes = bytes;
    }

    /** None is kept: it is never out. */
    public static Ballast none() {
        return new Ballast(Path.of("none"), 0);
    }

    /**
     * In this file, which may be there from an earlier start; if it is not, the ballast is out until {@link #takeBack}.
     *
     * @param bytes at least 1
     */
    public static Ballast in(Path file, long bytes) {
        if (bytes < 1) {
            throw new IllegalArgumentException("a ballast has at least 1 byte, found " + bytes);
        }
        Ballast ballast = new Ballast(file, bytes);
        ballast.isOut = file.toFile().length() != bytes;
        return ballast;
    }

    /** Whether the space has been let go. */
    public boolean isOut() {
        return isOut;
    }

    /** Lets the space go if there is less than that left on the disk; true: it has gone now. */
    public synchronized boolean releaseIfFull() {
        if (bytes == 0 || isOut || usableBytes() >= bytes) {
            return false;
        }
        try {
            Files.deleteIfExists(file);
            isOut = true;
            return true;
        } catch (IOException e) {
            // Asked again at the next write that fails.
            failures++;
            return false;
        }
    }

    /** Takes the space again, if it is out and there is room; true: it is back now. */
    public synchronized boolean takeBack() {
        if (!isOut || usableBytes() < 2 * bytes) {
            return false;
        }
        Path unfinished = file.resolveSibling(file.getFileName() + ".new");
        try {
            write(unfinished);
            Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            isOut = false;
            return true;
        } catch (IOException e) {
            // Somebody else was faster; what was written goes now, or is written over at the next try.
            failures += unfinished.toFile().delete() ? 0 : 1;
            return false;
        }
    }

    /** How often the file could not be removed. */
    public synchronized long failures() {
        return failures;
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

    private long usableBytes() {
        Path parent = file.toAbsolutePath().getParent();
        return (parent == null ? file : parent).toFile().getUsableSpace();
    }
}
