package io.tidegate.capture;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.ReadableByteChannel;
import java.util.zip.CRC32C;

/** A range of a file as a channel that ends with the range; closing it closes the file. Confined to its reader. */
final class RangeChannel implements ReadableByteChannel {
    private final FileChannel file;
    private final long end;
    private long position;

    RangeChannel(FileChannel file, long position, long length) {
        this.file = file;
        this.position = position;
        this.end = position + length;
    }

    @Override
    public int read(ByteBuffer target) throws IOException {
        if (position >= end) {
            return -1;
        }
        int limit = target.limit();
        if (target.remaining() > end - position) {
            target.limit(target.position() + (int) (end - position));
        }
        int count = file.read(target, position);
        target.limit(limit);
        if (count < 0) {
            throw new EOFException("the file ends " + (end - position) + " bytes early");
        }
        position += count;
        return count;
    }

    @Override
    public boolean isOpen() {
        return file.isOpen();
    }

    @Override
    public void close() throws IOException {
        file.close();
    }

    /** Reads exactly so many bytes; throws EOFException if there are fewer. */
    static byte[] read(FileChannel file, long position, int length) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(length);
        while (buffer.hasRemaining()) {
            if (file.read(buffer, position + buffer.position()) < 0) {
                throw new EOFException("expected " + length + " bytes at " + position + ", found " + buffer.position());
            }
        }
        return buffer.array();
    }

    static int crc32c(FileChannel file, long position, long length) throws IOException {
        CRC32C crc = new CRC32C();
        ByteBuffer buffer = ByteBuffer.allocate((int) Math.min(64 << 10, Math.max(length, 1)));
        RangeChannel range = new RangeChannel(file, position, length);
        while (range.read(buffer) >= 0) {
            crc.update(buffer.flip());
            buffer.clear();
        }
        return (int) crc.getValue();
    }
}
