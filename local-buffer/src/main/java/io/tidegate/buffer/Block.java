package io.tidegate.buffer;

import io.tidegate.core.stream.StreamRecord;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One commit, unpacked, with its parts still encoded; {@link StoredBlock} is its form in a file. Its records are decoded
 * once, by whoever asks first.
 *
 * <p>Thread-safe; nobody changes the arrays.
 */
final class Block {
    /** What a decoded record weighs beside its bytes, about. */
    private static final int RECORD_WEIGHT = 250;

    private final BlockHeader header;
    private final byte[] control;
    private final byte[] directory;
    private final byte[] body;
    private final List<Run> runs;
    private volatile List<LeftOut> leftOut = List.of();
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
            List<LeftOut> without = new ArrayList<>();
            decoded = BlockCodec.decodeBody(this, names, (record, deviceNumber) -> {}, without::add);
            leftOut = List.copyOf(without);
            records = decoded;
        }
        return decoded;
    }

    /** What a rewritten block has no more. */
    List<LeftOut> leftOut(ShardNames names) {
        records(names);
        return leftOut;
    }

    /** Bytes of its parts, as long as they are not packed. */
    int plainBytes() {
        return control.length + directory.length + body.length + 64;
    }

    /** What it takes in memory, with its records decoded. */
    int weightBytes() {
        int count = runs.stream().mapToInt(Run::count).sum();
        return plainBytes() + 200 + count * RECORD_WEIGHT;
    }
}
