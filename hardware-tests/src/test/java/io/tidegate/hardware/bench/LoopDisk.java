package io.tidegate.hardware.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.tinylog.Logger;

/**
 * A small disk with a journalled ext4 whose device counts what is written to it. Where mounting is refused: a plain
 * directory, and what the kernel counts for this process, which knows nothing of the file system's journal.
 */
final class LoopDisk implements AutoCloseable {
    private static final int SECTOR_BYTES = 512;
    private static final int SECTORS_WRITTEN = 6; // of /sys/block/*/stat, Documentation/block/stat.rst
    private static final Pattern WRITE_BYTES = Pattern.compile("(?m)^write_bytes: (\\d+)$");

    private final Path directory;
    private final String device;
    private final String refusal;
    private final AtomicBoolean closed = new AtomicBoolean();

    private LoopDisk(Path directory, String device, String refusal) {
        this.directory = directory;
        this.device = device;
        this.refusal = refusal;
    }

    static LoopDisk make(Path scratch, String size) throws IOException, InterruptedException {
        Path directory = Files.createDirectories(scratch.resolve("disk"));
        Path image = scratch.resolve("disk.image");
        String device = "";
        try {
            Command.run("truncate", "-s", size, image.toString());
            Command.run("mkfs.ext4", "-q", "-E", "lazy_itable_init=0,lazy_journal_init=0", image.toString());
            device = Command.run("losetup", "--find", "--show", "--direct-io=on", image.toString());
            Command.run("mount", "-o", "noatime", device, directory.toString());
            return new LoopDisk(directory, device, "");
        } catch (IOException e) {
            if (!device.isEmpty()) {
                Command.run("losetup", "--detach", device);
            }
            return new LoopDisk(directory, "", e.getMessage());
        }
    }

    Path directory() {
        return directory;
    }

    boolean isCounted() {
        return !device.isEmpty();
    }

    String description() {
        return isCounted()
                ? "ext4 with a journal, noatime, on " + device + " (direct I/O); bytes by its /sys/block stat"
                : "no loop device (" + refusal + "); bytes by write_bytes of /proc/self/io, without the journal";
    }

    /** Written to the device until now. */
    long bytesWritten() throws IOException, InterruptedException {
        Command.run("sync", "-f", directory.toString());
        if (isCounted()) {
            String stat = Files.readString(
                    Path.of("/sys/block", Path.of(device).getFileName().toString(), "stat"));
            return Long.parseLong(stat.strip().split("\\s+", -1)[SECTORS_WRITTEN]) * SECTOR_BYTES;
        }
        Matcher written = WRITE_BYTES.matcher(Files.readString(Path.of("/proc/self/io")));
        if (!written.find()) {
            throw new IOException("no write_bytes in /proc/self/io");
        }
        return Long.parseLong(written.group(1));
    }

    @Override
    public void close() {
        if (!isCounted() || closed.getAndSet(true)) {
            return;
        }
        try {
            Command.run("umount", "-l", directory.toString());
            Command.run("losetup", "--detach", device);
        } catch (IOException e) {
            Logger.error(e, "{} stays", device);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
