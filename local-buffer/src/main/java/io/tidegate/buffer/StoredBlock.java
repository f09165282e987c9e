package io.tidegate.buffer;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.zip.CRC32C;

/**
 * One row of the table {@code block}, as it stands in the file: its body may be packed.
 *
 * <p>Thread-safe; nobody changes the arrays.
 */
final class StoredBlock {
    /** The body is as it is. */
    static final int NONE = 0;
    /** The body is one zstd frame (RFC 8878). */
    static final int ZSTD = 1;

    private final BlockHeader header;
    private final byte[] control;
    private final byte[] directory;
    private final int codec;
    private final long rawLength;
    private final byte[] body;

    /**
     * @param rawLength of the body once unpacked
     */
    StoredBlock(BlockHeader header, byte[] control, byte[] directory, int codec, long rawLength, byte[] body) {
        this.header = header;
        this.control = control;
        this.directory = directory;
        this.codec = codec;
        this.rawLength = rawLength;
        this.body = body;
    }

    BlockHeader header() {
        return header;
    }

    long lsn() {
        return header.lsn();
    }

    byte[] control() {
        return control;
    }

    byte[] directory() {
        return directory;
    }

    int codec() {
        return codec;
    }

    long rawLength() {
        return rawLength;
    }

    byte[] body() {
        return body;
    }

    /** Bytes on disk, about. */
    int bytes() {
        return control.length + directory.length + body.length + 64;
    }

    /** CRC-32C over every other column, in the order of the table; numbers as 8 bytes, big-endian, BLOBs after their length. */
    int crc() {
        ByteBuffer fixed = ByteBuffer.allocate(9 * Long.BYTES);
        fixed.putLong(header.lsn()).putLong(header.epoch()).putLong(header.boot());
        fixed.putLong(header.poweredOnNanos()).putLong(header.timeMillis()).putLong(Codes.of(header.timeQuality()));
        fixed.putLong(codec).putLong(0).putLong(rawLength).flip();
        CRC32C crc = new CRC32C();
        crc.update(fixed);
        for (byte[] part : List.of(control, directory, body)) {
            crc.update(ByteBuffer.allocate(Long.BYTES).putLong(part.length).flip());
            crc.update(part);
        }
        return (int) crc.getValue();
    }
}
