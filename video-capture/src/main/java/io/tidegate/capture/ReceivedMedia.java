package io.tidegate.capture;

import io.tidegate.core.stream.MediaId;
import io.tidegate.core.stream.MediaWrite;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Objects;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/** One object on its way into a {@link MediaStore}. Confined to the thread that receives it. */
final class ReceivedMedia implements MediaWrite {
    private static final long FORCE_BYTES = 1 << 20;

    private final MediaStore store;
    private final MediaId id;
    private final MediaTrailer announced;
    private final boolean hasRoom;
    private final CRC32C crc = new CRC32C();
    private @Nullable Path path;
    private @Nullable FileChannel file;
    private long received;
    private long unforced;
    private boolean isStored;
    private boolean isClosed;

    ReceivedMedia(MediaStore store, MediaId id, long length, int crc32c) {
        this.store = store;
        this.id = id;
        this.announced = new MediaTrailer(length, crc32c);
        this.hasRoom = store.reserve(length + MediaTrailer.BYTES);
    }

    @Override
    public void write(ByteBuffer bytes) throws IOException {
        received += bytes.remaining();
        if (!hasRoom || received > announced.length()) {
            bytes.position(bytes.limit()); // the commit says why
            return;
        }
        crc.update(bytes.duplicate());
        append(bytes);
    }

    private void append(ByteBuffer bytes) throws IOException {
        FileChannel target = open();
        while (bytes.hasRemaining()) {
            unforced += target.write(bytes);
        }
        if (unforced >= FORCE_BYTES) {
            force(target);
        }
    }

    private FileChannel open() throws IOException {
        FileChannel open = file;
        if (open == null) {
            path = store.temporary();
            open = FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
            file = open;
        }
        return open;
    }

    private void force(FileChannel target) throws IOException {
        store.forcer().force(Objects.requireNonNull(path), target);
        unforced = 0;
    }

    @Override
    public Outcome commit() throws IOException {
        if (isClosed || isStored) {
            throw new IllegalStateException("media " + id + " was committed or closed before");
        }
        if (!hasRoom) {
            return Outcome.FULL;
        }
        if (received != announced.length() || (int) crc.getValue() != announced.crc32c()) {
            return Outcome.DIFFERENT;
        }
        append(announced.encode().asByteBuffer());
        force(open());
        Outcome outcome = store.publish(id, Objects.requireNonNull(path), announced);
        isStored = outcome == Outcome.STORED;
        return outcome;
    }

    @Override
    public void close() throws IOException {
        if (isClosed) {
            return;
        }
        isClosed = true;
        if (hasRoom && !isStored) {
            store.release(announced.length() + MediaTrailer.BYTES);
        }
        if (file != null) {
            file.close();
        }
        if (path != null && !isStored) {
            Files.deleteIfExists(path);
        }
    }
}
