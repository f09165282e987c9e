package io.tidegate.capture;

import io.tidegate.capture.SegmentFormat.FragmentFrame;
import io.tidegate.core.stream.Payload;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Objects;

/**
 * Appends fragments to one segment file; each is durable when {@link #append} returns (the steps: docs/design/0003).
 * After an exception only {@link #abandon} may follow: what an fsync that failed left behind is not known.
 *
 * <p>Confined to the thread that writes the store.
 */
final class SegmentWriter implements AutoCloseable {
    private final Path path;
    private final FileChannel file;
    private final Forcer forcer;
    private final long forceBytes;
    private long position;
    private long unforced;
    private boolean inDirectory;
    private int count;
    private long lastFragment;
    private long endMillis;
    private long mediaStart90k;

    private SegmentWriter(Path path, FileChannel file, Forcer forcer, long forceBytes) {
        this.path = path;
        this.file = file;
        this.forcer = forcer;
        this.forceBytes = forceBytes;
    }

    static SegmentWriter create(Path path, SegmentFormat.Start start, Payload init, Forcer forcer, long forceBytes)
            throws IOException {
        FileChannel file = FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        SegmentWriter writer = new SegmentWriter(path, file, forcer, forceBytes);
        try {
            writer.write(init);
            writer.write(SegmentFormat.encode(start));
            return writer;
        } catch (IOException e) {
            file.close();
            Files.deleteIfExists(path);
            throw e;
        }
    }

    /** Writes a fragment and forces it; returns where its media bytes start. */
    long append(FragmentFrame frame, List<Payload> parts) throws IOException {
        write(SegmentFormat.encode(frame));
        long media = position;
        for (Payload part : parts) {
            write(part);
        }
        force();
        if (!inDirectory) {
            forcer.forceDirectory(Objects.requireNonNull(path.getParent()));
            inDirectory = true;
        }
        if (count++ == 0) {
            mediaStart90k = frame.mediaStart90k();
        }
        lastFragment = frame.fragment();
        endMillis = frame.endMillis();
        return media;
    }

    private void write(Payload bytes) throws IOException {
        ByteBuffer buffer = bytes.asByteBuffer();
        while (buffer.hasRemaining()) {
            int step = (int) Math.min(buffer.remaining(), forceBytes - unforced);
            int limit = buffer.limit();
            int written = file.write(buffer.limit(buffer.position() + step), position);
            buffer.limit(limit);
            position += written;
            unforced += written;
            if (unforced >= forceBytes) {
                force();
            }
        }
    }

    private void force() throws IOException {
        if (unforced > 0) {
            forcer.force(path, file);
            unforced = 0;
        }
    }

    /** Where the first fragment of the file starts in its run. */
    long mediaStart90k() {
        return mediaStart90k;
    }

    long length() {
        return position;
    }

    /** Marks the file as closed in order, durably, and closes it. */
    void finish() throws IOException {
        try (file) {
            write(SegmentFormat.encode(new SegmentFormat.End(lastFragment, endMillis, count)));
            force();
        }
    }

    /** Closes the file after a failure, without what was not forced: a later start could not tell it from the rest. */
    void abandon(long durableBytes) throws IOException {
        try (file) {
            file.truncate(durableBytes);
        }
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
