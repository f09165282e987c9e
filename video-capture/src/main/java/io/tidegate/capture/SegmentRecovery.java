package io.tidegate.capture;

import io.tidegate.capture.SegmentFormat.FragmentFrame;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.tinylog.Logger;

/**
 * What a start finds in a segment file of an earlier one; a tail that is torn is cut off at the last whole fragment.
 *
 * @param store whose name its fragments have: not this one's if the home was copied since; empty if none is whole
 */
record SegmentRecovery(
        SegmentFile segment, String store, boolean closedInOrder, long endMillis, List<Unrecorded> unrecorded) {
    private static final Pattern NAME = Pattern.compile("([0-9]{10})-([0-9]{12})\\.mp4");

    /** A fragment that is in the file and not in the log, and the head of its file. */
    record Unrecorded(SegmentFormat.Start start, FragmentFrame frame) {}

    SegmentRecovery {
        unrecorded = List.copyOf(unrecorded);
    }

    static String name(long run, long firstFragment) {
        return String.format(Locale.ROOT, "%010d-%012d.mp4", run, firstFragment);
    }

    static boolean isSegment(Path path) {
        return NAME.matcher(String.valueOf(path.getFileName())).matches();
    }

    /** @param recordedFragment fragments up to this one are in the log */
    static SegmentRecovery of(Path path, long recordedFragment, Forcer forcer) throws IOException {
        Matcher name = NAME.matcher(String.valueOf(path.getFileName()));
        if (!name.matches()) {
            throw new IllegalArgumentException("expected RUN-FRAGMENT.mp4, found '" + path.getFileName() + "'");
        }
        long run = Long.parseLong(name.group(1));
        long first = Long.parseLong(name.group(2));
        Optional<SegmentReader> opened = SegmentReader.open(path, Long.MAX_VALUE);
        if (opened.isEmpty()) {
            Logger.warn("The beginning of {} is torn; it is kept until retention removes it", path);
            return new SegmentRecovery(
                    new SegmentFile(path, run, first, first - 1, Files.size(path), ""), "", false, 0, List.of());
        }
        try (SegmentReader reader = opened.get()) {
            Optional<SegmentFormat.End> end = SegmentReader.endMark(path);
            if (end.isPresent() && end.get().lastFragment() <= recordedFragment) {
                return new SegmentRecovery(
                        segment(path, reader, end.get().lastFragment(), Files.size(path)),
                        reader.start().store(),
                        true,
                        end.get().endMillis(),
                        List.of());
            }
            return walked(path, reader, end.isPresent(), recordedFragment, forcer);
        }
    }

    private static SegmentFile segment(Path path, SegmentReader reader, long last, long bytes) {
        SegmentFormat.Start start = reader.start();
        return new SegmentFile(path, start.run(), start.firstFragment(), last, bytes, start.initSha256Hex());
    }

    private static SegmentRecovery walked(
            Path path, SegmentReader reader, boolean closedInOrder, long recordedFragment, Forcer forcer)
            throws IOException {
        List<Unrecorded> unrecorded = new ArrayList<>();
        SegmentFormat.Start start = reader.start();
        long last = start.firstFragment() - 1;
        long goodEnd = -1;
        long endMillis = 0;
        int count = 0;
        Optional<SegmentReader.Found> found = reader.next();
        for (; found.isPresent(); found = reader.next()) {
            FragmentFrame frame = found.get().frame();
            if (!reader.isIntact(found.get())) {
                Logger.warn("Fragment {} in {} is damaged", frame.fragment(), path);
                continue;
            }
            last = frame.fragment();
            goodEnd = found.get().end();
            endMillis = frame.endMillis();
            count++;
            if (frame.fragment() > recordedFragment) {
                unrecorded.add(new Unrecorded(start, frame));
            }
        }
        if (!closedInOrder) {
            cut(path, goodEnd, new SegmentFormat.End(last, endMillis, count), forcer);
        }
        return new SegmentRecovery(
                segment(path, reader, last, Files.size(path)), start.store(), closedInOrder, endMillis, unrecorded);
    }

    /** Ends the file after its last whole fragment. The force also covers fragments that had not been forced. */
    private static void cut(Path path, long goodEnd, SegmentFormat.End mark, Forcer forcer) throws IOException {
        if (goodEnd < 0) {
            return;
        }
        try (FileChannel file = FileChannel.open(path, StandardOpenOption.WRITE)) {
            long torn = file.size() - goodEnd;
            file.truncate(goodEnd);
            ByteBuffer bytes = SegmentFormat.encode(mark).asByteBuffer();
            long at = goodEnd;
            while (bytes.hasRemaining()) {
                at += file.write(bytes, at);
            }
            forcer.force(path, file);
            Logger.info("Recovered {} up to fragment {}; {} torn bytes were cut off", path, mark.lastFragment(), torn);
        }
        forcer.forceDirectory(Objects.requireNonNull(path.getParent()));
    }
}
