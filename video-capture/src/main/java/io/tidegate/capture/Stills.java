package io.tidegate.capture;

import io.tidegate.core.stream.MediaBytes;
import io.tidegate.core.stream.MediaId;
import io.tidegate.core.stream.Payload;
import java.io.IOException;
import java.nio.channels.Channels;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.tinylog.Logger;

/**
 * Still pictures: the first frame of a stored fragment as JPEG.
 *
 * <p>Thread-safe; decodes on the calling thread, so call it where waiting for some 20 ms is allowed. One picture is
 * decoded at a time, and the newest one is kept: further requests for it cost nothing.
 */
public final class Stills {
    private static final int FRAGMENT_BYTES_MAX = 16 << 20;
    private static final int WAIT_SECONDS = 5;

    private final VideoStore store;
    private final int widthMax;
    private final Semaphore decoding = new Semaphore(1);
    private volatile @Nullable Still kept;

    /** @param widthMax wider pictures are scaled down to this many columns */
    public Stills(VideoStore store, int widthMax) {
        if (widthMax < 16 || widthMax > 3840) {
            throw new IllegalArgumentException("widthMax must be 16 to 3840, found " + widthMax);
        }
        this.store = store;
        this.widthMax = widthMax;
    }

    /** The newest picture of a camera as JPEG; empty: nothing recorded yet, or it cannot be decoded. */
    public Optional<Still> latest(TrackName track) {
        return store.latest(track).flatMap(this::of);
    }

    /** The first picture of a fragment as JPEG; empty: gone, damaged, busy for too long, or it cannot be decoded. */
    public Optional<Still> of(MediaId fragment) {
        Optional<Still> known = known(fragment);
        if (known.isPresent()) {
            return known;
        }
        try {
            if (!decoding.tryAcquire(WAIT_SECONDS, TimeUnit.SECONDS)) {
                return Optional.empty();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        }
        try {
            Optional<Still> meanwhile = known(fragment);
            return meanwhile.isPresent() ? meanwhile : decode(fragment);
        } finally {
            decoding.release();
        }
    }

    private Optional<Still> known(MediaId fragment) {
        Still newest = kept;
        return newest != null && newest.fragment().equals(fragment) ? Optional.of(newest) : Optional.empty();
    }

    private Optional<Still> decode(MediaId fragment) {
        try {
            Optional<byte[]> init = store.initOf(fragment).flatMap(store::open).flatMap(Stills::bytes);
            Optional<StoredFragment> stored = store.fragment(fragment);
            Optional<byte[]> media = stored.map(StoredFragment::bytes).flatMap(Stills::bytes);
            if (init.isEmpty() || media.isEmpty()) {
                return Optional.empty();
            }
            Payload jpeg = JpegPicture.of(StoredPicture.of(init.get(), media.get()), widthMax);
            Still still = new Still(fragment, stored.orElseThrow().frame().producerTimeMillis(), jpeg);
            kept = still;
            return Optional.of(still);
        } catch (SourceException | IllegalArgumentException e) {
            Logger.warn(e, "No still of fragment {}", fragment);
            return Optional.empty();
        }
    }

    private static Optional<byte[]> bytes(MediaBytes media) {
        try (media) {
            return media.length() > FRAGMENT_BYTES_MAX
                    ? Optional.empty()
                    : Optional.of(Channels.newInputStream(media.channel()).readAllBytes());
        } catch (IOException e) {
            Logger.warn(e, "A fragment cannot be read");
            return Optional.empty();
        }
    }
}
