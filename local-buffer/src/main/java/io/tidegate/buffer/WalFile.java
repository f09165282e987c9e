package io.tidegate.buffer;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.tinylog.Logger;

/**
 * The frames of a write-ahead log (sqlite.org/fileformat2.html, 4), looked at one by one. SQLite takes the first frame
 * that fails its checksum for the end; what a power cut leaves looks like that, and so does damage in the middle.
 *
 * <p>Confined to one thread.
 */
final class WalFile {
    private static final int MAGIC = 0x377f0682;
    private static final int HEADER_BYTES = 32;
    private static final int FRAME_HEADER_BYTES = 24;
    private static final int PAGE_BYTES = 4096; // SQLite's default, which segments have

    private WalFile() {}

    /** Sees the frames of the present round of the log, in order. */
    @FunctionalInterface
    interface Visitor {
        /**
         * @param page the page's number
         * @param isCommit the last of its commit
         * @param isSound it is what was written after the frame before
         */
        void frame(int page, boolean isCommit, boolean isSound, ByteBuffer content);
    }

    /**
     * Whether commits are missing that had been synced: one follows another only after that. The last commit of a file
     * may be one that a power cut interrupted, nobody can tell. One that the medium does not give back counts as lost.
     */
    static boolean hasLostCommits(Path wal) throws IOException {
        try {
            return showsLostCommits(wal);
        } catch (FileSystemException e) {
            throw e; // cannot be opened now
        } catch (IOException e) {
            Logger.warn("The write-ahead log {} cannot be read: {}", wal, e.getMessage());
            return true;
        }
    }

    private static boolean showsLostCommits(Path wal) throws IOException {
        byte[] header = header(wal);
        boolean[] seen = {false, false, false}; // an unsound frame; the frame before ended a commit; a later commit
        visit(wal, (page, isCommit, isSound, content) -> {
            if (seen[0] && seen[1] && isSound) {
                seen[2] = true;
            }
            seen[0] |= !isSound;
            seen[1] = isCommit;
        });
        // A running gateway may have begun a new round while its frames were looked at.
        return seen[2] && Arrays.equals(header, header(wal));
    }

    private static byte[] header(Path wal) throws IOException {
        if (!Files.exists(wal)) {
            return new byte[0];
        }
        try (InputStream in = Files.newInputStream(wal)) {
            return in.readNBytes(HEADER_BYTES);
        }
    }

    static void visit(Path wal, Visitor visitor) throws IOException {
        if (!Files.exists(wal)) {
            return;
        }
        try (FileChannel channel = FileChannel.open(wal, StandardOpenOption.READ)) {
            ByteBuffer header = read(channel, HEADER_BYTES);
            if (header == null) {
                return;
            }
            ByteOrder order = (header.getInt(0) & 1) == 1 ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN;
            boolean isHeaderSound = (header.getInt(0) & ~1) == MAGIC
                    && header.getInt(8) == PAGE_BYTES
                    && checksum(0, header.slice(0, 24).order(order)) == header.getLong(24);
            if (isHeaderSound) {
                visit(channel, order, header.getLong(16), header.getLong(24), visitor);
                return;
            }
            // Without the header SQLite sees nothing at all; the first frame says which round this is.
            ByteBuffer first = read(channel, FRAME_HEADER_BYTES);
            if (first != null) {
                channel.position(HEADER_BYTES);
                visit(channel, ByteOrder.nativeOrder(), first.getLong(8), 0, visitor);
            }
        }
    }

    private static void visit(FileChannel channel, ByteOrder order, long salts, long firstSum, Visitor visitor)
            throws IOException {
        long before = firstSum;
        for (ByteBuffer frame = read(channel, FRAME_HEADER_BYTES + PAGE_BYTES);
                frame != null;
                frame = read(channel, FRAME_HEADER_BYTES + PAGE_BYTES)) {
            if (frame.getLong(8) != salts) {
                continue; // left over from an earlier round, or damaged: it is no proof of anything
            }
            long sum = checksum(before, frame.slice(0, 8).order(order));
            sum = checksum(sum, frame.slice(FRAME_HEADER_BYTES, PAGE_BYTES).order(order));
            visitor.frame(
                    frame.getInt(0),
                    frame.getInt(4) != 0,
                    sum == frame.getLong(16),
                    frame.slice(FRAME_HEADER_BYTES, PAGE_BYTES));
            before = frame.getLong(16);
        }
    }

    private static @Nullable ByteBuffer read(FileChannel channel, int bytes) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(bytes);
        while (buffer.hasRemaining() && channel.read(buffer) >= 0) {
            // A read may be short.
        }
        return buffer.hasRemaining() ? null : buffer.flip();
    }

    static long checksum(long before, ByteBuffer words) {
        int one = (int) (before >>> 32);
        int two = (int) before;
        while (words.remaining() >= 8) {
            one += words.getInt() + two;
            two += words.getInt() + one;
        }
        return (long) one << 32 | (two & 0xffffffffL);
    }
}
