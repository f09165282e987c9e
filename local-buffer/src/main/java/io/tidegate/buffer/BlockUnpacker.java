package io.tidegate.buffer;

import com.github.luben.zstd.ZstdDecompressCtx;
import com.github.luben.zstd.ZstdException;
import io.tidegate.core.stream.StreamLogException;
import org.jspecify.annotations.Nullable;

/**
 * Makes blocks of the rows of one segment, whose CRC has been found right: decrypts and inflates them.
 *
 * <p>Confined to one thread, or guarded by its owner's lock; holds native memory until it is closed.
 */
final class BlockUnpacker implements AutoCloseable {
    /** More than any body has: a record of 10 MiB alone, or a unit of 4 MiB, with their keys and attributes. */
    static final int RAW_BYTES_MAX = 16 << 20;

    private final Decryptor decryptor;
    private @Nullable ZstdDecompressCtx context;

    BlockUnpacker(Decryptor decryptor) {
        this.decryptor = decryptor;
    }

    /**
     * Throws a {@link DamageException} if the body is not what was packed.
     *
     * @throws StreamLogException of category fatal if a key or the library of zstd is needed and missing
     */
    Block unpack(StoredBlock row) {
        StoredBlock stored = decryptor.block(row);
        return new Block(stored.header(), stored.control(), stored.directory(), body(stored));
    }

    private byte[] body(StoredBlock stored) {
        return switch (stored.codec()) {
            case StoredBlock.NONE -> {
                if (stored.rawLength() != stored.body().length) {
                    throw new DamageException("block " + stored.lsn() + " has " + stored.body().length + " bytes of "
                            + stored.rawLength());
                }
                yield stored.body();
            }
            case StoredBlock.ZSTD -> inflate(stored);
            default -> throw new DamageException("block " + stored.lsn() + " is packed in an unknown way");
        };
    }

    private byte[] inflate(StoredBlock stored) {
        if (stored.rawLength() <= 0 || stored.rawLength() > RAW_BYTES_MAX) {
            throw new DamageException("block " + stored.lsn() + " claims " + stored.rawLength() + " bytes");
        }
        byte[] raw = new byte[(int) stored.rawLength()];
        int length;
        try {
            byte[] body = stored.body();
            length = zstd(stored.lsn()).decompressByteArray(raw, 0, raw.length, body, 0, body.length);
        } catch (ZstdException e) {
            throw new DamageException("block " + stored.lsn() + " cannot be unpacked: " + e.getMessage());
        }
        if (length != raw.length) {
            throw new DamageException("block " + stored.lsn() + " unpacks to " + length + " bytes of " + raw.length);
        }
        return raw;
    }

    private ZstdDecompressCtx zstd(long lsn) {
        ZstdDecompressCtx zstd = context;
        if (zstd == null) {
            ZstdLibrary.failure().ifPresent(reason -> {
                throw new StreamLogException(
                        StreamLogException.Category.FATAL,
                        "commit " + lsn + " is compressed with zstd, whose library cannot be loaded: " + reason);
            });
            zstd = new ZstdDecompressCtx();
            context = zstd;
        }
        return zstd;
    }

    @Override
    public void close() {
        ZstdDecompressCtx zstd = context;
        if (zstd != null) {
            zstd.close();
        }
    }
}
