package io.tidegate.core.stream;

import java.nio.channels.ReadableByteChannel;

/** The bytes of one media object: exactly {@code length} of them can be read from the channel, then it ends. */
public record MediaBytes(long length, int crc32c, ReadableByteChannel channel) implements AutoCloseable {
    @Override
    public void close() throws java.io.IOException {
        channel.close();
    }
}
