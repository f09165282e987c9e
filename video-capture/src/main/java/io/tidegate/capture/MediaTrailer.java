package io.tidegate.capture;

import io.tidegate.core.stream.Payload;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.Optional;

/**
 * What follows the bytes of a received object: a {@code free} box, which players pass over.
 *
 * <pre>
 * size u32 = 32 | "free" | "TGM1" | length u64 | CRC-32C u32 of the object | 4 zero bytes | CRC-32C u32 of the 28 before
 * </pre>
 */
record MediaTrailer(long length, int crc32c) {
    static final int BYTES = 32;
    private static final String MAGIC = "TGM1";

    Payload encode() {
        BoxBuffer out = new BoxBuffer(BYTES);
        int box = out.begin("free");
        out.ascii(MAGIC).u64(length).u32(crc32c).zeros(4).u32(0);
        out.end(box);
        Payload all = out.toPayload();
        out.patch(BYTES - 4, all.slice(0, BYTES - 4).crc32c());
        return all;
    }

    /** Empty: the file has none, or is longer or shorter than it says. */
    static Optional<MediaTrailer> read(FileChannel file) throws IOException {
        long length = file.size() - BYTES;
        if (length < 0) {
            return Optional.empty();
        }
        byte[] bytes = RangeChannel.read(file, length, BYTES);
        MediaTrailer found =
                new MediaTrailer(length, ByteBuffer.wrap(bytes, 20, 4).getInt());
        return found.encode().equals(Payload.wrap(bytes)) ? Optional.of(found) : Optional.empty();
    }
}
