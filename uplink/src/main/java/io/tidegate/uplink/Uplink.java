package io.tidegate.uplink;

import io.tidegate.core.runtime.Clock;
import io.tidegate.core.runtime.WorkerThread;
import io.tidegate.core.stream.MediaSource;
import io.tidegate.core.stream.StreamLog;
import java.time.Duration;
import java.util.Optional;
import java.util.random.RandomGenerator;
import org.tinylog.Logger;

/**
 * Forwards the streams of a log to one destination, each shard on a lane of its own, in order, for as long as it takes.
 * Runs on one thread, {@code uplink-NAME}. Its consumer in the log is {@code uplink/NAME}.
 *
 * <p>Thread-safe.
 */
public final class Uplink implements AutoCloseable {
    private static final Duration IDLE = Duration.ofMillis(50);

    private final UplinkWorker worker;
    private final WorkerThread thread;

    private Uplink(UplinkWorker worker, WorkerThread thread) {
        this.worker = worker;
        this.thread = thread;
    }

    /**
     * Creates the streams that an uplink writes itself if they are not there, and starts.
     *
     * @param media where the bytes of fragments are; empty: they are not sent, and records do not speak of them
     */
    public static Uplink start(
            UplinkSettings settings,
            Destination.Opener destination,
            StreamLog log,
            Optional<MediaSource> media,
            Clock clock,
            RandomGenerator random) {
        UplinkWorker worker = new UplinkWorker(settings, destination, log, media, clock, random);
        WorkerThread thread = WorkerThread.start(
                "uplink-" + settings.name(),
                worker,
                IDLE,
                failure -> Logger.warn("Uplink {}: a turn failed: {}", settings.name(), failure));
        worker.onWake(thread::wake);
        Logger.info("Uplink {} started", settings.name());
        return new Uplink(worker, thread);
    }

    public UplinkStatus status() {
        return worker.status();
    }

    /** Lets lanes that have stopped try again: for when what stopped them has been put right. */
    public void resumeStopped() {
        worker.resumeStopped();
    }

    /** Ends at once; what was in flight is sent again after the next start. */
    @Override
    public void close() {
        thread.close();
    }
}
