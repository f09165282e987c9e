package io.tidegate.uplink.http;

import io.tidegate.core.stream.MediaId;
import io.tidegate.core.stream.MediaSink;
import io.tidegate.core.stream.MediaWrite;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * One media object being received. Usage: if {@link #answer} is there already, send it and drop the body; else
 * {@link #write} every part of the body, then {@link #finish}. Closing without having finished drops what was written.
 *
 * <p>Confined to one thread at a time; writing and finishing wait for the disk.
 */
public final class MediaUpload implements AutoCloseable {
    /** The largest object taken: far above any fragment. */
    static final long LENGTH_MAX = 256L << 20;

    private static final String CRC_HEADER = "tidegate-crc32c";

    private final @Nullable MediaWrite write;
    private final long length;
    private final AtomicLong stored;
    private long written;
    private @Nullable SyncResponse answer;

    private MediaUpload(@Nullable MediaWrite write, long length, AtomicLong stored, @Nullable SyncResponse answer) {
        this.write = write;
        this.length = length;
        this.stored = stored;
        this.answer = answer;
    }

    static MediaUpload answered(SyncResponse response) {
        return new MediaUpload(null, 0, new AtomicLong(), response);
    }

    static MediaUpload begin(MediaSink sink, MediaId id, SyncRequest head, AtomicLong stored) {
        long length;
        int crc;
        try {
            length = Long.parseLong(head.header("content-length").orElse(""));
            crc = Integer.parseUnsignedInt(head.header(CRC_HEADER).orElse(""), 16);
        } catch (NumberFormatException e) {
            return answered(SyncResponse.problem(
                    400, "media-headers", "expected Content-Length and Tidegate-CRC32C, 8 hexadecimal digits"));
        }
        if (length < 1 || length > LENGTH_MAX) {
            return answered(SyncResponse.problem(
                    413, "media-too-large", "media of 1 to " + LENGTH_MAX + " bytes is taken, found " + length));
        }
        return new MediaUpload(sink.begin(id, length, crc), length, stored, null);
    }

    /** The answer, as soon as it is known. */
    public Optional<SyncResponse> answer() {
        return Optional.ofNullable(answer);
    }

    /** Takes a part of the body; does nothing once there is an answer. */
    public void write(ByteBuffer bytes) throws IOException {
        MediaWrite open = write;
        if (open == null || answer != null) {
            return;
        }
        written += bytes.remaining();
        if (written > length) {
            answer = SyncResponse.problem(400, "media-length", "more bytes than Content-Length says");
            return;
        }
        open.write(bytes);
    }

    /** The body has ended: makes the object durable and returns the answer. */
    public SyncResponse finish() throws IOException {
        MediaWrite open = write;
        SyncResponse known = answer;
        if (known != null || open == null) {
            return known == null ? SyncResponse.problem(500, "media-not-begun", "no upload was begun") : known;
        }
        SyncResponse found = written < length
                ? SyncResponse.problem(400, "media-length", "fewer bytes than Content-Length says")
                : answer(open.commit());
        answer = found;
        return found;
    }

    private SyncResponse answer(MediaWrite.Outcome outcome) {
        return switch (outcome) {
            case STORED -> {
                stored.incrementAndGet();
                yield SyncResponse.json(201, "{\"stored\":true}");
            }
            case HAD_IT -> SyncResponse.json(200, "{\"stored\":true}");
            case DIFFERENT ->
                SyncResponse.problem(
                        409, "media-different", "the bytes do not have the CRC that was announced, or others are kept");
            case FULL -> SyncResponse.problem(507, "media-full", "there is no room for media now");
        };
    }

    @Override
    public void close() throws IOException {
        if (write != null) {
            write.close();
        }
    }
}
