package io.tidegate.capture;

import io.tidegate.core.stream.Payload;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Where a camera hands its messages to the store. Never blocks: a fragment that finds no room is dropped whole, counted,
 * and becomes a gap.
 *
 * <p>Confined to the camera's thread, but for the counter.
 */
final class TrackInput {
    private final VideoStore store;
    private final Track track;
    private long run;
    private @Nullable VideoFormat format;
    private Payload init = Payload.EMPTY;
    private @Nullable GapCause causeBefore;
    private final AtomicLong overruns = new AtomicLong();

    TrackInput(VideoStore store, Track track) {
        this.store = store;
        this.track = track;
    }

    void accept(FragmentMessage message) {
        if (message instanceof FragmentMessage.Init started) {
            run++;
            format = started.format();
            init = started.bytes();
        } else if (message instanceof FragmentMessage.Gap gap) {
            broken(gap.cause());
        } else if (message instanceof FragmentMessage.Fragment fragment) {
            QueuedFragment queued =
                    new QueuedFragment(track, run, Objects.requireNonNull(format), init, fragment, causeBefore);
            if (store.offer(queued)) {
                causeBefore = null;
            } else {
                overruns.incrementAndGet();
                broken(GapCause.WRITER_OVERRUN);
            }
        }
    }

    private void broken(GapCause cause) {
        run++;
        if (causeBefore == null) {
            causeBefore = cause;
        }
    }

    /** Fragments dropped because the disk or the log was too slow. */
    long overruns() {
        return overruns.get();
    }
}
