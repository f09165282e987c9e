package io.tidegate.core.stream;

import java.io.IOException;
import java.nio.ByteBuffer;

/** One object on its way into a {@link MediaSink}. Closing without a commit drops it. */
public interface MediaWrite extends AutoCloseable {
    /** How a commit ended. */
    enum Outcome {
        /** Durable now. */
        STORED,
        /** Was there already, with the same length and CRC. */
        HAD_IT,
        /** Another object with this id is there, or the bytes do not have the CRC or length that was announced. */
        DIFFERENT,
        /** No room. */
        FULL
    }

    void write(ByteBuffer bytes) throws IOException;

    /** Returns after the fsync that covers the bytes and their directory entry. */
    Outcome commit() throws IOException;

    @Override
    void close() throws IOException;
}
