package io.tidegate.buffer;

import io.tidegate.core.stream.StreamRecord;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * One commit: a row of the table {@code block}, with its parts still encoded. Its records are decoded once, by whoever
 * asks first.
 *
 * <p>Thread-safe; nobody changes the arrays.
 */
final class Block {
    /** Not compressed, not encrypted: the only form so far. */
    static final int PLAIN = 0;
    /** What a decoded record weighs beside its bytes, about. */
    private static final int RECORD_WEIGHT = 250;

    private final BlockHeader header;
    private final byte[] control;
    private final byte[] directory;
    private final byte[] body;
    private final List<Run> runs;
    private volatile @Nullable List<StreamRecord> records;

    Block(BlockHeader header, byte[] control, byte[] directory, byte[] body) {
        this.header = header;
        this.control = control;
        this.directory = directory;
        this.body = body;
        this.runs = BlockCodec.decodeDirectory(directory);
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

    byte[] body() {
        return body;
    }

    List<Run> runs() {
        return runs;
    }

    List<ControlEntry> entries() {
        return ControlCodec.decodeAll(control);
    }

    /** The records in commit order, all shards. */
    List<StreamRecord> records(ShardNames names) {
        List<StreamRecord> decoded = records;
        if (decoded == null) {
            decoded = BlockCodec.decodeBody(this, names, (record, deviceNumber) -> {});
            records = decoded;
        }
        return decoded;
    }

    /** Bytes on disk, about. */
    int storedBytes() {
        return control.length + directory.length + body.length + 64;
    }

    /** What it takes in memory, with its records decoded. */
    int weightBytes() {
        int count = runs.stream().mapToInt(Run::count).sum();
        return storedBytes() + 200 + count * RECORD_WEIGHT;
    }

    /** CRC-32C over every other column, in the order of the table; numbers as 8 bytes, big-endian, BLOBs after their length. */
    int crc() {
        ByteBuffer fixed = ByteBuffer.allocate(9 * Long.BYTES);
        fixed.putLong(header.lsn()).putLong(header.epoch()).putLong(header.boot());
        fixed.putLong(header.poweredOnNanos()).putLong(header.timeMillis()).putLong(Codes.of(header.timeQuality()));
        fixed.putLong(PLAIN).putLong(0).putLong(body.length).flip();
        CRC32C crc = new CRC32C();
        crc.update(fixed);
        for (byte[] part : List.of(control, directory, body)) {
            crc.update(ByteBuffer.allocate(Long.BYTES).putLong(part.length).flip());
            crc.update(part);
        }
        return (int) crc.getValue();
    }
}
