package io.tidegate.capture;

import io.tidegate.capture.SegmentFormat.FragmentFrame;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;

/**
 * Walks the frames of one segment file, from the first fragment on, as far as they are whole.
 *
 * <p>Confined to one thread.
 */
final class SegmentReader implements AutoCloseable {
    private static final int FTYP = 0x6674_7970;
    private static final int MOOV = 0x6d6f_6f76;

    /** A fragment: where its media bytes start. */
    record Found(FragmentFrame frame, long position) {
        long end() {
            return position + frame.bytes();
        }
    }

    private final FileChannel file;
    private final long end;
    private final SegmentFormat.Start start;
    private long position;

    private SegmentReader(FileChannel file, long end, SegmentFormat.Start start, long position) {
        this.file = file;
        this.end = end;
        this.start = start;
        this.position = position;
    }

    /** Empty: not a segment, or its beginning is torn. */
    static Optional<SegmentReader> open(Path path, long endExclusive) throws IOException {
        FileChannel file = FileChannel.open(path, StandardOpenOption.READ);
        try {
            long end = Math.min(endExclusive, file.size());
            int ftyp = boxLength(file, 0, FTYP, end);
            int moov = ftyp < 0 ? -1 : boxLength(file, ftyp, MOOV, end);
            long at = ftyp + (long) moov;
            if (moov >= 0 && end - at >= 8) {
                int size = ByteBuffer.wrap(RangeChannel.read(file, at, 4)).getInt();
                if (size >= 8 && size <= SegmentFormat.START_BYTES_MAX && size <= end - at) {
                    Optional<SegmentFormat.Start> start = SegmentFormat.decodeStart(RangeChannel.read(file, at, size))
                            .filter(found -> found.initLength() == at);
                    if (start.isPresent()) {
                        return Optional.of(new SegmentReader(file, end, start.get(), at + size));
                    }
                }
            }
            file.close();
            return Optional.empty();
        } catch (IOException e) {
            file.close();
            throw e;
        }
    }

    private static int boxLength(FileChannel file, long at, int type, long end) throws IOException {
        if (end - at < 8) {
            return -1;
        }
        ByteBuffer header = ByteBuffer.wrap(RangeChannel.read(file, at, 8));
        int length = header.getInt();
        boolean fits = length >= 8 && length <= SegmentFormat.INIT_BYTES_MAX && length <= end - at;
        return fits && header.getInt() == type ? length : -1;
    }

    SegmentFormat.Start start() {
        return start;
    }

    FileChannel file() {
        return file;
    }

    /** The next fragment that lies wholly in the file, its CRC not yet checked; empty: an end mark, or a torn tail. */
    Optional<Found> next() throws IOException {
        if (end - position < SegmentFormat.FRAGMENT_FRAME_BYTES) {
            return Optional.empty();
        }
        long media = position + SegmentFormat.FRAGMENT_FRAME_BYTES;
        Optional<Found> found = SegmentFormat.decodeFragment(
                        RangeChannel.read(file, position, SegmentFormat.FRAGMENT_FRAME_BYTES))
                .filter(frame -> frame.bytes() > 0 && frame.bytes() <= end - media)
                .map(frame -> new Found(frame, media));
        found.ifPresent(fragment -> position = fragment.end());
        return found;
    }

    boolean isIntact(Found fragment) throws IOException {
        return RangeChannel.crc32c(file, fragment.position(), fragment.frame().bytes())
                == fragment.frame().crc32c();
    }

    /** The mark of an orderly close, read from the end of the file. */
    static Optional<SegmentFormat.End> endMark(Path path) throws IOException {
        try (FileChannel file = FileChannel.open(path, StandardOpenOption.READ)) {
            long at = file.size() - SegmentFormat.END_FRAME_BYTES;
            return at < 0
                    ? Optional.empty()
                    : SegmentFormat.decodeEnd(RangeChannel.read(file, at, SegmentFormat.END_FRAME_BYTES));
        } catch (EOFException e) {
            return Optional.empty();
        }
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
