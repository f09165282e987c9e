package io.tidegate.capture;

import io.tidegate.capture.RecordQueue.Recorded;
import io.tidegate.core.runtime.Clock;
import io.tidegate.core.runtime.DiskSpace;
import io.tidegate.core.runtime.DiskUser;
import io.tidegate.core.runtime.Worker;
import io.tidegate.core.runtime.WorkerThread;
import io.tidegate.core.stream.MediaBytes;
import io.tidegate.core.stream.MediaId;
import io.tidegate.core.stream.MediaSource;
import io.tidegate.core.stream.StreamLog;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.tinylog.Logger;

/**
 * The recordings of all cameras of one home: append-only segment files, whose fragments are recorded in stream {@code
 * video} once they are durable (invariants and steps: docs/design/0003-video-store.md).
 *
 * <p>Thread-safe. One thread, {@code video-writer}, writes the files; cameras hand fragments over through a queue that is
 * bounded in bytes per camera and never blocks them; who needs room removes old files. Close the cameras first, then the store, then the log.
 */
public final class VideoStore implements MediaSource, DiskUser, AutoCloseable {
    private static final Duration IDLE = Duration.ofMillis(200);
    private static final Duration DRAIN = Duration.ofSeconds(2);
    private static final int TURN_FRAGMENTS_MAX = 16;

    /** What the recordings take and lost so far. */
    public record Usage(long bytes, long expiredFragments, long ioErrors, long unreadable) {}

    private final VideoStoreSettings settings;
    private final Forcer forcer;
    private final String storeId;
    private final StreamLog log;
    private final RecordQueue records;
    private final Map<String, Track> tracks = new ConcurrentHashMap<>();
    private final Queue<QueuedFragment> queue = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean closed = new AtomicBoolean();
    private final AtomicLong expired = new AtomicLong();
    private final AtomicLong unreadable = new AtomicLong();
    private volatile boolean stopping;
    private @Nullable WorkerThread thread;

    private VideoStore(VideoStoreSettings settings, StreamLog log, Clock clock, String storeId, Forcer forcer) {
        this.settings = settings;
        this.forcer = forcer;
        this.storeId = storeId;
        this.log = log;
        this.records = new RecordQueue(log, clock, this::wake);
    }

    /**
     * Reads what earlier starts recorded, cuts torn tails off, and starts the writing thread.
     *
     * @param log must have the stream {@code video}
     * @param random names a new store
     */
    public static VideoStore open(VideoStoreSettings settings, StreamLog log, Clock clock, RandomGenerator random)
            throws IOException {
        return open(settings, log, clock, random, Forcer.SYSTEM);
    }

    static VideoStore open(
            VideoStoreSettings settings, StreamLog log, Clock clock, RandomGenerator random, Forcer forcer)
            throws IOException {
        VideoStore store = openWithoutThread(settings, log, clock, random, forcer);
        store.thread =
                WorkerThread.start("video-writer", store.worker(), IDLE, e -> Logger.error(e, "Writing video failed"));
        return store;
    }

    static VideoStore openWithoutThread(
            VideoStoreSettings settings, StreamLog log, Clock clock, RandomGenerator random, Forcer forcer)
            throws IOException {
        Files.createDirectories(settings.directory());
        String id = StoreId.of(settings.directory(), random, forcer);
        VideoStore store = new VideoStore(settings, log, clock, id, forcer);
        List<TrackName> known;
        try (Stream<Path> found = Files.list(settings.directory())) {
            known = found.filter(Files::isDirectory)
                    .flatMap(path -> TrackName.ofDirectory(String.valueOf(path.getFileName())).stream())
                    .toList();
        }
        for (TrackName name : known) {
            store.track(name);
        }
        return store;
    }

    Worker worker() {
        return new Worker() {
            @Override
            public int doWork() {
                return VideoStore.this.doWork();
            }

            @Override
            public void onClose() {
                VideoStore.this.finish();
            }
        };
    }

    private Track track(TrackName name) throws IOException {
        Track existing = tracks.get(name.directory());
        if (existing == null) {
            existing = Track.open(name, storeId, settings, forcer, Recorded.of(log, name), records);
            tracks.put(name.directory(), existing);
        }
        return existing;
    }

    /** For one camera and role; called while the store has no other input of that name, before its camera starts. */
    synchronized TrackInput input(TrackName name) {
        try {
            return new TrackInput(this, track(name));
        } catch (IOException e) {
            throw new UncheckedIOException("the directory of " + name + " cannot be made", e);
        }
    }

    /** False: the track has too much waiting; nothing was kept. */
    boolean offer(QueuedFragment fragment) {
        int weight = fragment.weightBytes();
        Track track = fragment.track();
        if (stopping || track.queuedBytes().addAndGet(weight) > settings.queueBytesMax()) {
            track.queuedBytes().addAndGet(-weight);
            return false;
        }
        queue.add(fragment);
        wake();
        return true;
    }

    private void wake() {
        WorkerThread running = thread;
        if (running != null) {
            running.wake();
        }
    }

    private int doWork() {
        int done = records.doWork();
        for (int i = 0; i < TURN_FRAGMENTS_MAX && !records.isFull(); i++) {
            QueuedFragment next = queue.poll();
            if (next == null) {
                break;
            }
            next.track().queuedBytes().addAndGet(-next.weightBytes());
            next.track().write(next, records);
            done++;
        }
        if (done > 0) {
            retain();
            records.doWork();
        }
        return done;
    }

    private void retain() {
        long excess = usedBytes() - settings.bytesMax();
        long missing = settings.freeBytesMin() - usableBytes();
        drop(Math.max(excess, missing));
    }

    @Override
    public long usedBytes() {
        return tracks.values().stream().mapToLong(Track::bytes).sum();
    }

    /** The oldest go at once, on the thread that asks: asked twice for the same, the store would give twice as much. */
    @Override
    public long reclaim(long bytesMin) {
        return drop(bytesMin);
    }

    /**
     * The oldest segment of the largest track goes, of those that have one to give, until there are so many bytes: no
     * clock has a say. Returns how many there are.
     */
    private synchronized long drop(long bytesMin) {
        long dropped = 0;
        try {
            while (dropped < bytesMin) {
                Optional<Track> largest = tracks.values().stream()
                        .filter(track -> track.reclaimableBytes() > 0)
                        .max(Comparator.comparingLong(Track::bytes));
                Optional<SegmentFile> oldest =
                        largest.isEmpty() ? Optional.empty() : largest.get().dropOldest();
                if (oldest.isEmpty()) {
                    break;
                }
                dropped += oldest.get().durableBytes();
                expired.addAndGet(oldest.get().fragments());
            }
        } catch (IOException e) {
            Logger.warn(e, "An old segment could not be removed");
        }
        return dropped;
    }

    private long usableBytes() {
        return settings.freeBytesMin() == 0
                ? Long.MAX_VALUE
                : DiskSpace.SYSTEM.usableBytes(settings.directory()).orElse(Long.MAX_VALUE);
    }

    private void finish() {
        stopping = true;
        while (!queue.isEmpty() && !records.isFull()) {
            doWork();
        }
        tracks.values().forEach(Track::close);
        records.drain(DRAIN);
    }

    @Override
    public Optional<MediaBytes> open(MediaId id) {
        return id.isInit() ? init(id) : fragment(id).map(StoredFragment::bytes);
    }

    /** A fragment of this store with its times. */
    Optional<StoredFragment> fragment(MediaId id) {
        try {
            return find(id);
        } catch (NoSuchFileException e) {
            return Optional.empty(); // retention was faster
        } catch (IOException e) {
            return unreadable(id, e);
        }
    }

    private <T> Optional<T> unreadable(MediaId id, IOException failure) {
        unreadable.incrementAndGet();
        Logger.warn(failure, "Media {} cannot be read", id);
        return Optional.empty();
    }

    private Optional<StoredFragment> find(MediaId id) throws IOException {
        Optional<TrackName.FragmentId> parsed = TrackName.FragmentId.parse(id);
        Track track = parsed.isEmpty() ? null : tracks.get(parsed.get().directory());
        return track == null ? Optional.empty() : track.find(parsed.orElseThrow());
    }

    private Optional<MediaBytes> init(MediaId id) {
        String sha256 = id.value().substring(MediaId.ofInit("").value().length());
        try {
            for (Track track : tracks.values()) {
                Optional<MediaBytes> found = track.findInit(sha256);
                if (found.isPresent()) {
                    return found;
                }
            }
        } catch (NoSuchFileException e) {
            return Optional.empty(); // retention was faster
        } catch (IOException e) {
            return unreadable(id, e);
        }
        return Optional.empty();
    }

    /** The newest durable fragment of a camera and role. */
    public Optional<MediaId> latest(TrackName name) {
        Track track = tracks.get(name.directory());
        return track == null ? Optional.empty() : track.latest();
    }

    /** The initialisation segment that a fragment needs. */
    public Optional<MediaId> initOf(MediaId fragment) {
        return TrackName.FragmentId.parse(fragment)
                .flatMap(id -> Optional.ofNullable(tracks.get(id.directory())).flatMap(t -> t.initOf(id.number())));
    }

    public Usage usage() {
        return new Usage(
                usedBytes(),
                expired.get(),
                tracks.values().stream().mapToLong(Track::ioErrors).sum(),
                unreadable.get());
    }

    /** Writes what waits, closes the files in order and gives the log two seconds to take the last records. */
    @Override
    public void close() {
        if (closed.getAndSet(true)) {
            return;
        }
        WorkerThread running = thread;
        if (running == null) {
            finish();
        } else {
            running.close();
        }
    }
}
