package io.tidegate.uplink.http;

import io.tidegate.core.stream.MediaBytes;
import io.tidegate.core.stream.MediaId;
import io.tidegate.core.stream.MediaSink;
import io.tidegate.core.stream.MediaSource;
import io.tidegate.core.stream.MediaWrite;
import io.tidegate.core.stream.Payload;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** Media without a disk, source and sink. Thread-safe. */
final class MemoryMedia implements MediaSource, MediaSink {
    final Map<MediaId, Payload> objects = new ConcurrentHashMap<>();

    @Override
    public Optional<MediaBytes> open(MediaId id) {
        return Optional.ofNullable(objects.get(id))
                .map(bytes -> new MediaBytes(
                        bytes.length(),
                        bytes.crc32c(),
                        Channels.newChannel(new ByteArrayInputStream(bytes.toBytes()))));
    }

    @Override
    public MediaWrite begin(MediaId id, long length, int crc32c) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        return new MediaWrite() {
            @Override
            public void write(ByteBuffer bytes) {
                byte[] copy = new byte[bytes.remaining()];
                bytes.get(copy);
                out.writeBytes(copy);
            }

            @Override
            public Outcome commit() {
                Payload received = Payload.wrap(out.toByteArray());
                if (received.crc32c() != crc32c) {
                    return Outcome.DIFFERENT;
                }
                Payload had = objects.putIfAbsent(id, received);
                if (had == null) {
                    return Outcome.STORED;
                }
                return had.equals(received) ? Outcome.HAD_IT : Outcome.DIFFERENT;
            }

            @Override
            public void close() {}
        };
    }
}
