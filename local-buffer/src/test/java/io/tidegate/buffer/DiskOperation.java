package io.tidegate.buffer;

import io.tidegate.core.stream.Payload;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * One file operation that a process has done, as {@code src/test/c/disk_shim.c} noted it.
 *
 * @param error its errno, 0 if it succeeded
 * @param path relative to the directory that is watched
 * @param inode tells files apart that had the same name
 * @param offset of a write; of a truncation: the new length; of opening and closing: the file descriptor
 * @param data written; of a renaming: the new path, relative too; of {@link Kind#SAID}: standard output
 */
record DiskOperation(Kind kind, int error, String path, long inode, long offset, Payload data) {
    private static final int HEADER_BYTES = 24;

    /** The letters are the shim's. */
    enum Kind {
        CREATED('c'),
        OPENED_TO_READ('o'),
        OPENED_TO_WRITE('O'),
        CLOSED_READER('x'),
        CLOSED_WRITER('X'),
        WRITTEN('w'),
        TRUNCATED('t'),
        SYNCED('s'),
        DIRECTORY_SYNCED('D'),
        RENAMED('r'),
        UNLINKED('u'),
        NOT_GIVEN('g'),
        SAID('a');

        private final char letter;

        Kind(char letter) {
            this.letter = letter;
        }

        static Kind of(char letter) {
            for (Kind kind : values()) {
                if (kind.letter == letter) {
                    return kind;
                }
            }
            throw new IllegalArgumentException("no operation has the letter " + letter);
        }
    }

    boolean succeeded() {
        return error == 0;
    }

    String text() {
        return data.utf8();
    }

    static List<DiskOperation> read(Path record, Path root) throws IOException {
        ByteBuffer in = ByteBuffer.wrap(Files.readAllBytes(record)).order(ByteOrder.LITTLE_ENDIAN);
        List<DiskOperation> operations = new ArrayList<>();
        while (in.remaining() >= HEADER_BYTES) {
            Kind kind = Kind.of((char) in.get());
            int error = in.get();
            byte[] path = new byte[in.getShort() & 0xffff];
            byte[] data = new byte[in.getInt()];
            long inode = in.getLong();
            long offset = in.getLong();
            if (in.remaining() < path.length + data.length) {
                break; // still being written
            }
            in.get(path).get(data);
            if (kind == Kind.RENAMED) {
                data = relative(data, root).getBytes(StandardCharsets.UTF_8);
            }
            operations.add(new DiskOperation(kind, error, relative(path, root), inode, offset, Payload.wrap(data)));
        }
        return operations;
    }

    private static String relative(byte[] path, Path root) {
        String whole = new String(path, StandardCharsets.UTF_8);
        return whole.startsWith(root + "/") ? whole.substring(root.toString().length() + 1) : whole;
    }
}
