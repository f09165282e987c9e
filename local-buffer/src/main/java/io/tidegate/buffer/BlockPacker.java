package io.tidegate.buffer;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdCompressCtx;
import com.github.luben.zstd.ZstdException;
import java.util.Arrays;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.tinylog.Logger;

/**
 * Makes rows of blocks: compresses bodies where that saves something.
 *
 * <p>Confined to one thread; holds native memory until it is closed.
 */
final class BlockPacker implements AutoCloseable {
    /** Smaller ones fit into few pages anyway, and zstd finds little in them. */
    private static final int RAW_BYTES_MIN = 4096;

    private static final int LEVEL = 1;
    /** What must be left of 100 bytes at the most: unpacking costs each reader, so it has to be worth it. */
    private static final int PERCENT_MAX = 90;
    /** Room that is kept from block to block; a record of many MiB brings its own. */
    private static final int ROOM_BYTES_MAX = CommitDraft.BLOCK_BYTES_MAX + (128 << 10);

    private final boolean compressing;
    private @Nullable ZstdCompressCtx context;
    private byte[] room = new byte[0];
    private boolean isFailing;

    BlockPacker(Compression wanted) {
        this.compressing = wanted == Compression.ZSTD && isZstdThere();
    }

    private static boolean isZstdThere() {
        Optional<String> failure = ZstdLibrary.failure();
        failure.ifPresent(reason ->
                Logger.warn("Blocks of the log are not compressed, the library of zstd cannot be loaded: {}", reason));
        return failure.isEmpty();
    }

    StoredBlock pack(Block block) {
        byte[] raw = block.body();
        byte[] packed = compressing && raw.length >= RAW_BYTES_MIN ? compress(raw) : raw;
        return new StoredBlock(
                block.header(),
                block.control(),
                block.directory(),
                packed == raw ? StoredBlock.NONE : StoredBlock.ZSTD,
                raw.length,
                packed);
    }

    /** Returns what it was given if little is saved, or if there is no native memory. */
    private byte[] compress(byte[] raw) {
        try {
            byte[] packed = compressed(raw);
            isFailing = false;
            return packed;
        } catch (ZstdException | IllegalStateException e) {
            if (!isFailing) {
                Logger.warn("A block of {} bytes is stored as it is, zstd failed: {}", raw.length, e.getMessage());
                isFailing = true;
            }
            return raw;
        }
    }

    private byte[] compressed(byte[] raw) {
        ZstdCompressCtx zstd = context;
        if (zstd == null) {
            zstd = new ZstdCompressCtx();
            // The block's own CRC is over the packed bytes, and found before they are unpacked.
            zstd.setLevel(LEVEL).setChecksum(false);
            context = zstd;
        }
        byte[] out = roomFor((int) Zstd.compressBound(raw.length));
        int length = zstd.compressByteArray(out, 0, out.length, raw, 0, raw.length);
        return length <= (long) raw.length * PERCENT_MAX / 100 ? Arrays.copyOf(out, length) : raw;
    }

    private byte[] roomFor(int bytes) {
        if (bytes > ROOM_BYTES_MAX) {
            return new byte[bytes];
        }
        if (room.length < bytes) {
            room = new byte[Math.min(ROOM_BYTES_MAX, Math.max(bytes, room.length * 2))];
        }
        return room;
    }

    @Override
    public void close() {
        ZstdCompressCtx zstd = context;
        if (zstd != null) {
            zstd.close();
        }
    }
}
