package io.tidegate.capture;

import io.tidegate.capture.RecordQueue.Recorded;
import io.tidegate.capture.SegmentFormat.FragmentFrame;
import io.tidegate.core.stream.MediaBytes;
import io.tidegate.core.stream.MediaId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import org.tinylog.Logger;

/**
 * The segment files of one camera and role: written at the end, dropped at the beginning.
 *
 * <p>Written by the store's thread alone; {@link #find}, {@link #findInit} and {@link #latest} are thread-safe, and
 * files that are not being written may go on another.
 */
final class Track {
    private final TrackName name;
    private final Path directory;
    private final String store;
    private final VideoStoreSettings settings;
    private final Forcer forcer;
    private final ConcurrentSkipListMap<Long, SegmentFile> segments = new ConcurrentSkipListMap<>();
    private final AtomicLong queuedBytes = new AtomicLong();
    private @Nullable SegmentWriter writer;
    private volatile @Nullable SegmentFile current;
    private SegmentFormat.@Nullable Start start;
    private long inputRun = -1;
    private long run;
    private long fragment;
    private long endMillis;
    private @Nullable GapCause causeBefore;
    private volatile @Nullable MediaId latest;
    private final AtomicLong ioErrors = new AtomicLong();

    private Track(TrackName name, Path directory, String store, VideoStoreSettings settings, Forcer forcer) {
        this.name = name;
        this.directory = directory;
        this.store = store;
        this.settings = settings;
        this.forcer = forcer;
    }

    /** Rebuilds the index from the files, and queues records of fragments that a crash kept from being recorded. */
    static Track open(
            TrackName name,
            String store,
            VideoStoreSettings settings,
            Forcer forcer,
            Recorded recorded,
            RecordQueue records)
            throws IOException {
        Path directory = settings.directory().resolve(name.directory());
        if (!Files.isDirectory(directory)) {
            Files.createDirectories(directory);
            forcer.forceDirectory(settings.directory());
        }
        Track track = new Track(name, directory, store, settings, forcer);
        track.run = recorded.run();
        track.fragment = recorded.fragment();
        track.endMillis = recorded.endMillis();
        track.recover(records);
        return track;
    }

    private void recover(RecordQueue records) throws IOException {
        List<Path> files;
        try (Stream<Path> found = Files.list(directory)) {
            files = found.filter(SegmentRecovery::isSegment).sorted().toList();
        }
        long recordedFragment = fragment;
        boolean inOrder = true;
        for (Path file : files) {
            SegmentRecovery recovery = SegmentRecovery.of(file, recordedFragment, forcer);
            SegmentFile segment = recovery.segment();
            run = Math.max(run, segment.run());
            inOrder = recovery.closedInOrder();
            if (segment.lastFragment() >= segment.firstFragment()) {
                segments.put(segment.firstFragment(), segment);
                fragment = Math.max(fragment, segment.lastFragment());
                latest = id(recovery.store(), segment.run(), segment.lastFragment());
                recordAgain(recovery, records);
            } else if (segment.firstFragment() > recordedFragment) {
                Files.delete(file); // nothing whole is in it, and the log names nothing of it
            } else {
                segments.put(segment.firstFragment(), segment);
            }
        }
        causeBefore = inOrder ? GapCause.STOPPED : GapCause.POWER_OR_CRASH;
    }

    /** Fragments that became durable, but whose record did not before the gateway ended. */
    private void recordAgain(SegmentRecovery recovery, RecordQueue records) {
        for (SegmentRecovery.Unrecorded unrecorded : recovery.unrecorded()) {
            FragmentFrame frame = unrecorded.frame();
            causeBefore = frame.discontinuity() ? GapCause.POWER_OR_CRASH : null;
            record(unrecorded.start(), frame, records);
            endMillis = frame.endMillis();
        }
        endMillis = Math.max(endMillis, recovery.endMillis());
    }

    private MediaId id(String ofStore, long inRun, long number) {
        return new TrackName.FragmentId(ofStore, name.directory(), inRun, number).mediaId();
    }

    TrackName name() {
        return name;
    }

    AtomicLong queuedBytes() {
        return queuedBytes;
    }

    /** Writes and forces the fragment, then queues its record. What cannot be written becomes a gap. */
    void write(QueuedFragment queued, RecordQueue records) {
        if (queued.causeBefore() != null && causeBefore == null) {
            causeBefore = queued.causeBefore();
        }
        boolean newRun = queued.run() != inputRun;
        try {
            if (newRun || isFull(queued)) {
                finish();
            }
            SegmentWriter open = writer == null ? begin(queued, newRun) : writer;
            SegmentFormat.Start head = Objects.requireNonNull(start);
            FragmentFrame frame = frame(queued.fragment(), newRun);
            open.append(frame, queued.fragment().parts());
            fragment = frame.fragment();
            Objects.requireNonNull(current).grow(fragment, open.length());
            record(head, frame, records);
            endMillis = frame.endMillis();
            latest = id(store, frame.run(), frame.fragment());
        } catch (IOException e) {
            abandon(e);
        }
    }

    private boolean isFull(QueuedFragment queued) {
        SegmentWriter open = writer;
        return open != null
                && (open.length() + queued.fragment().bytes() > settings.segmentBytesMax()
                        || queued.fragment().mediaStart90k() - open.mediaStart90k()
                                >= settings.segmentMax().toMillis() * 90);
    }

    private SegmentWriter begin(QueuedFragment queued, boolean newRun) throws IOException {
        if (newRun) {
            run++;
            inputRun = queued.run();
        }
        VideoFormat format = queued.format();
        SegmentFormat.Start head = new SegmentFormat.Start(
                queued.init().length(),
                queued.init().crc32c(),
                Sha256.of(queued.init()),
                run,
                fragment + 1,
                format.width(),
                format.height(),
                store,
                name.camera(),
                name.role(),
                format.codecs());
        Path path = directory.resolve(SegmentRecovery.name(run, fragment + 1));
        SegmentWriter created = SegmentWriter.create(path, head, queued.init(), forcer, settings.forceBytes());
        SegmentFile file = new SegmentFile(path, run, fragment + 1, fragment, 0, head.initSha256Hex());
        writer = created;
        start = head;
        current = file; // before others can find it
        segments.put(file.firstFragment(), file);
        return created;
    }

    private FragmentFrame frame(FragmentMessage.Fragment message, boolean newRun) {
        CRC32C crc = new CRC32C();
        message.parts().forEach(part -> crc.update(part.asByteBuffer()));
        return new FragmentFrame(
                message.keyFrame(),
                newRun,
                message.timeFromCamera(),
                run,
                fragment + 1,
                message.producerTimeMillis(),
                message.mediaStart90k(),
                message.duration90k(),
                message.frames(),
                message.bytes(),
                (int) crc.getValue());
    }

    private void record(SegmentFormat.Start head, FragmentFrame frame, RecordQueue records) {
        GapCause cause = causeBefore;
        causeBefore = null;
        if (cause != null && endMillis > 0) {
            long from = endMillis;
            records.addGap(name, FragmentRecords.gap(name, cause, from, Math.max(from, frame.producerTimeMillis())));
        }
        records.addFragment(
                name,
                FragmentRecords.fragment(name, head, frame),
                new Recorded(frame.run(), frame.fragment(), frame.endMillis()));
    }

    /** Gives the file up after a failure: what was forced stays, nothing is written to it again. */
    private void abandon(IOException failure) {
        ioErrors.incrementAndGet();
        inputRun = -1;
        causeBefore = causeBefore == null ? GapCause.IO_ERROR : causeBefore;
        Logger.warn(failure, "A fragment of {} could not be written; a new segment starts", name);
        SegmentWriter open = writer;
        SegmentFile file = current;
        writer = null;
        current = null;
        try {
            if (open != null) {
                open.abandon(file == null ? 0 : file.durableBytes());
            }
            if (file != null && file.lastFragment() < file.firstFragment()) {
                segments.remove(file.firstFragment());
                Files.deleteIfExists(file.path());
            }
        } catch (IOException e) {
            failure.addSuppressed(e);
        }
    }

    /** Ends the current segment in order. */
    void finish() throws IOException {
        SegmentWriter open = writer;
        if (open != null) {
            writer = null;
            current = null;
            open.finish();
        }
    }

    void close() {
        try {
            finish();
        } catch (IOException e) {
            abandon(e);
        }
    }

    /** Bytes in the files of this track. */
    long bytes() {
        return segments.values().stream().mapToLong(SegmentFile::durableBytes).sum();
    }

    /** Bytes in those files that are not being written. Thread-safe. */
    long reclaimableBytes() {
        SegmentFile written = current;
        return segments.values().stream()
                .filter(file -> file != written)
                .mapToLong(SegmentFile::durableBytes)
                .sum();
    }

    /**
     * Removes the oldest segment that is not being written, and returns it; empty: there is none. One that cannot be
     * removed stays. For one thread at a time.
     */
    Optional<SegmentFile> dropOldest() throws IOException {
        Map.Entry<Long, SegmentFile> oldest = segments.firstEntry();
        if (oldest == null || oldest.getValue() == current) {
            return Optional.empty();
        }
        Files.deleteIfExists(oldest.getValue().path());
        segments.remove(oldest.getKey(), oldest.getValue());
        return Optional.of(oldest.getValue());
    }

    Optional<StoredFragment> find(TrackName.FragmentId id) throws IOException {
        Map.Entry<Long, SegmentFile> entry = segments.floorEntry(id.number());
        return entry == null ? Optional.empty() : entry.getValue().fragment(id);
    }

    Optional<MediaBytes> findInit(String sha256) throws IOException {
        for (SegmentFile file : segments.descendingMap().values()) {
            if (file.initSha256().equals(sha256) && file.lastFragment() >= file.firstFragment()) {
                return file.init();
            }
        }
        return Optional.empty();
    }

    /** The init that belongs to a fragment. */
    Optional<MediaId> initOf(long number) {
        Map.Entry<Long, SegmentFile> entry = segments.floorEntry(number);
        return entry == null || number > entry.getValue().lastFragment()
                ? Optional.empty()
                : Optional.of(MediaId.ofInit(entry.getValue().initSha256()));
    }

    Optional<MediaId> latest() {
        return Optional.ofNullable(latest);
    }

    long ioErrors() {
        return ioErrors.get();
    }
}
