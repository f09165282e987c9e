package io.tidegate.capture;

import io.tidegate.core.stream.MediaBytes;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A segment file in the index: its fragments are a dense range of numbers.
 *
 * <p>Thread-safe; grown by the store's thread alone.
 */
final class SegmentFile {
    private final Path path;
    private final long run;
    private final long firstFragment;
    private final String initSha256;
    private volatile long lastFragment;
    private volatile long durableBytes;

    /** @param initSha256 empty if the beginning of the file is torn */
    SegmentFile(Path path, long run, long firstFragment, long lastFragment, long durableBytes, String initSha256) {
        this.path = path;
        this.run = run;
        this.firstFragment = firstFragment;
        this.lastFragment = lastFragment;
        this.durableBytes = durableBytes;
        this.initSha256 = initSha256;
    }

    Path path() {
        return path;
    }

    long run() {
        return run;
    }

    long firstFragment() {
        return firstFragment;
    }

    /** Less than the first: no fragment in it. */
    long lastFragment() {
        return lastFragment;
    }

    long fragments() {
        return lastFragment - firstFragment + 1;
    }

    long durableBytes() {
        return durableBytes;
    }

    String initSha256() {
        return initSha256;
    }

    void grow(long fragment, long bytes) {
        durableBytes = bytes;
        lastFragment = fragment;
    }

    /** The fragment; empty if it is not here or its bytes are not what was written. */
    Optional<StoredFragment> fragment(TrackName.FragmentId id) throws IOException {
        if (id.run() != run || id.number() < firstFragment || id.number() > lastFragment) {
            return Optional.empty();
        }
        Optional<SegmentReader> reader = SegmentReader.open(path, durableBytes);
        return reader.isEmpty() ? Optional.empty() : search(reader.get(), id);
    }

    private static Optional<StoredFragment> search(SegmentReader reader, TrackName.FragmentId id) throws IOException {
        boolean handedOver = false;
        long number = id.number();
        try {
            if (!reader.start().store().equals(id.store())) {
                return Optional.empty();
            }
            Optional<SegmentReader.Found> found = reader.next();
            while (found.isPresent() && found.get().frame().fragment() < number) {
                found = reader.next();
            }
            if (found.isEmpty() || found.get().frame().fragment() != number || !reader.isIntact(found.get())) {
                return Optional.empty();
            }
            handedOver = true;
            SegmentFormat.FragmentFrame frame = found.get().frame();
            return Optional.of(new StoredFragment(
                    frame, bytes(reader.file(), found.get().position(), frame.bytes(), frame.crc32c())));
        } finally {
            if (!handedOver) {
                reader.close();
            }
        }
    }

    /** The initialisation segment at the head of the file, if it has the CRC that it was written with. */
    Optional<MediaBytes> init() throws IOException {
        Optional<SegmentReader> opened = SegmentReader.open(path, durableBytes);
        if (opened.isEmpty()) {
            return Optional.empty();
        }
        SegmentReader reader = opened.get();
        SegmentFormat.Start start = reader.start();
        if (RangeChannel.crc32c(reader.file(), 0, start.initLength()) != start.initCrc32c()) {
            reader.close();
            return Optional.empty();
        }
        return Optional.of(bytes(reader.file(), 0, start.initLength(), start.initCrc32c()));
    }

    private static MediaBytes bytes(FileChannel file, long position, int length, int crc32c) {
        return new MediaBytes(length, crc32c, new RangeChannel(file, position, length));
    }
}
