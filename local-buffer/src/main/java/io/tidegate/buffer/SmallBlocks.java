package io.tidegate.buffer;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.tinylog.Logger;

/**
 * Warns of file systems with blocks below 4 KiB, as mkfs makes them on very small disks: SQLite asks for the shared
 * memory of a write-ahead log by one byte per 4 KiB, which is then only partly there. When such a disk is full, the
 * process is killed (SIGBUS) where it touches the rest. Thread-safe.
 */
final class SmallBlocks {
    private static final long BLOCK_BYTES_MIN = 4096;

    private SmallBlocks() {}

    static void warn(Path directory) {
        long blockBytes;
        try {
            blockBytes = Files.getFileStore(directory).getBlockSize();
        } catch (IOException | UnsupportedOperationException e) {
            Logger.debug("The block size below {} is not known: {}", directory, e.getMessage());
            return;
        }
        if (blockBytes < BLOCK_BYTES_MIN) {
            Logger.warn(
                    "The file system that holds {} has blocks of {} bytes: when it is full, this process may be killed;"
                            + " make it with blocks of {} bytes (mkfs.ext4 -b {})",
                    directory,
                    blockBytes,
                    BLOCK_BYTES_MIN,
                    BLOCK_BYTES_MIN);
        }
    }
}
