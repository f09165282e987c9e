package io.tidegate.capture;

import io.tidegate.core.stream.MediaBytes;
import io.tidegate.core.stream.MediaId;
import io.tidegate.core.stream.MediaSink;
import io.tidegate.core.stream.MediaSource;
import io.tidegate.core.stream.MediaWrite;
import io.tidegate.core.stream.Payload;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.HexFormat;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.tinylog.Logger;

/**
 * Media received from gateways: one file per object, in 256 directories by the SHA-256 of its id. A file is the object
 * followed by a {@link MediaTrailer}, so that what rots is noticed; init and fragments put together still play.
 *
 * <p>Thread-safe. Files appear whole and durable or not at all: temporary file, force, rename, force of the directory.
 */
public final class MediaStore implements MediaSink, MediaSource, AutoCloseable {
    private static final String TEMPORARY = "receiving";

    private final Path directory;
    private final long bytesMax;
    private final Forcer forcer;
    private final AtomicLong used = new AtomicLong();
    private final AtomicLong names = new AtomicLong();
    private final AtomicLong damaged = new AtomicLong();

    private MediaStore(Path directory, long bytesMax, Forcer forcer) {
        this.directory = directory;
        this.bytesMax = bytesMax;
        this.forcer = forcer;
    }

    /**
     * Opens or creates the store; what an earlier start was still receiving is removed.
     *
     * @param bytesMax when this much is kept, further objects are turned away
     */
    public static MediaStore open(Path directory, long bytesMax) throws IOException {
        return open(directory, bytesMax, Forcer.SYSTEM);
    }

    static MediaStore open(Path directory, long bytesMax, Forcer forcer) throws IOException {
        MediaStore store = new MediaStore(directory, bytesMax, forcer);
        Path temporary = Files.createDirectories(directory.resolve(TEMPORARY));
        try (Stream<Path> left = Files.list(temporary)) {
            for (Path file : left.toList()) {
                Files.delete(file);
            }
        }
        try (Stream<Path> kept = Files.walk(directory, 2)) {
            for (Path file : kept.filter(Files::isRegularFile).toList()) {
                store.used.addAndGet(Files.size(file));
            }
        }
        return store;
    }

    @Override
    public MediaWrite begin(MediaId id, long length, int crc32c) {
        if (length < 0) {
            throw new IllegalArgumentException("a media object has 0 or more bytes, found " + length);
        }
        return new ReceivedMedia(this, id, length, crc32c);
    }

    @Override
    public Optional<MediaBytes> open(MediaId id) {
        try {
            FileChannel file = FileChannel.open(path(id), StandardOpenOption.READ);
            try {
                Optional<MediaTrailer> trailer = MediaTrailer.read(file);
                if (trailer.isPresent()
                        && RangeChannel.crc32c(file, 0, trailer.get().length())
                                == trailer.get().crc32c()) {
                    long length = trailer.get().length();
                    return Optional.of(
                            new MediaBytes(length, trailer.get().crc32c(), new RangeChannel(file, 0, length)));
                }
            } catch (IOException e) {
                file.close();
                throw e;
            }
            file.close();
            damaged.incrementAndGet();
            Logger.warn("Media {} is damaged and not served", id);
            return Optional.empty();
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (IOException e) {
            damaged.incrementAndGet();
            Logger.warn(e, "Media {} cannot be read", id);
            return Optional.empty();
        }
    }

    private Path path(MediaId id) {
        byte[] hash = Sha256.of(Payload.ofUtf8(id.value())).toBytes();
        return directory.resolve(HexFormat.of().formatHex(hash, 0, 1)).resolve(id.value());
    }

    Path temporary() {
        return directory.resolve(TEMPORARY).resolve(Long.toString(names.incrementAndGet()));
    }

    /** Sets room aside; false: there is none. */
    boolean reserve(long bytes) {
        if (used.addAndGet(bytes) > bytesMax) {
            used.addAndGet(-bytes);
            return false;
        }
        return true;
    }

    void release(long bytes) {
        used.addAndGet(-bytes);
    }

    Forcer forcer() {
        return forcer;
    }

    /** Makes a forced temporary file the object. One at a time: "had it" must not be said before it is durable. */
    synchronized MediaWrite.Outcome publish(MediaId id, Path temporary, MediaTrailer announced) throws IOException {
        Path target = path(id);
        Path parent = Objects.requireNonNull(target.getParent());
        Optional<MediaTrailer> kept = kept(target);
        if (kept.isPresent()) {
            return kept.get().equals(announced) ? MediaWrite.Outcome.HAD_IT : MediaWrite.Outcome.DIFFERENT;
        }
        try {
            Files.createDirectory(parent);
            forcer.forceDirectory(directory);
        } catch (FileAlreadyExistsException e) {
            Logger.trace("{} is there", parent);
        }
        long replaced = Files.exists(target) ? Files.size(target) : 0;
        Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
        forcer.forceDirectory(parent);
        release(replaced);
        return MediaWrite.Outcome.STORED;
    }

    /** What is kept under this name, if it is whole: damaged objects may be sent again. */
    private static Optional<MediaTrailer> kept(Path target) throws IOException {
        try (FileChannel file = FileChannel.open(target, StandardOpenOption.READ)) {
            Optional<MediaTrailer> trailer = MediaTrailer.read(file);
            return trailer.isPresent()
                            && RangeChannel.crc32c(file, 0, trailer.get().length())
                                    == trailer.get().crc32c()
                    ? trailer
                    : Optional.empty();
        } catch (NoSuchFileException e) {
            return Optional.empty();
        }
    }

    /** Bytes kept and being received. */
    public long usedBytes() {
        return used.get();
    }

    /** Objects found damaged when they were asked for. */
    public long damaged() {
        return damaged.get();
    }

    @Override
    public void close() {
        // Every file is durable when its commit has returned; nothing is kept open.
    }
}
