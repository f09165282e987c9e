package io.tidegate.buffer;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.zip.CRC32C;

/**
 * One row of the table {@code block}, as it stands in the file: its body may be packed, and then encrypted together with
 * its control part ({@link Encryptor}).
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
    private final long keyId;
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
        this.keyId = 0;
        this.rawLength = rawLength;
        this.body = body;
    }

    private StoredBlock(StoredBlock same, long keyId, byte[] control, byte[] body) {
        this.header = same.header;
        this.control = control;
        this.directory = same.directory;
        this.codec = same.codec;
        this.keyId = keyId;
        this.rawLength = same.rawLength;
        this.body = body;
    }

    /** The same block with these parts, which are encrypted under this key; 0: not. */
    StoredBlock under(long otherKeyId, byte[] otherControl, byte[] otherBody) {
        return new StoredBlock(this, otherKeyId, otherControl, otherBody);
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

    /** Of the master key; 0: it is not encrypted. */
    long keyId() {
        return keyId;
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
        CRC32C crc = new CRC32C();
        crc.update(fixed());
        for (byte[] part : List.of(control, directory, body)) {
            crc.update(ByteBuffer.allocate(Long.BYTES).putLong(part.length).flip());
            crc.update(part);
        }
        return (int) crc.getValue();
    }

    /** Every column of a fixed size but the CRC, in the order of the table. */
    ByteBuffer fixed() {
        ByteBuffer fixed = ByteBuffer.allocate(9 * Long.BYTES);
        fixed.putLong(header.lsn()).putLong(header.epoch()).putLong(header.boot());
        fixed.putLong(header.poweredOnNanos()).putLong(header.timeMillis()).putLong(Codes.of(header.timeQuality()));
        return fixed.putLong(codec).putLong(keyId).putLong(rawLength).flip();
    }
}
