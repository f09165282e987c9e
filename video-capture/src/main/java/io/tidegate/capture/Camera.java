package io.tidegate.capture;

import io.tidegate.core.runtime.Backoff;
import io.tidegate.core.runtime.Clock;
import io.tidegate.core.runtime.EffectiveClock;
import io.tidegate.core.runtime.Worker;
import io.tidegate.core.runtime.WorkerThread;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.tinylog.Logger;

/**
 * One camera under supervision: connected, read, and after a failure connected again with a growing pause. Whatever
 * happens to it stays with it.
 *
 * <p>Thread-safe; the source is confined to the thread {@code camera-NAME}.
 */
public final class Camera implements AutoCloseable {
    private static final Duration RETRY_FIRST = Duration.ofSeconds(1);
    private static final Duration RETRY_MAX = Duration.ofSeconds(30);
    private static final Duration IDLE = Duration.ofMillis(10);

    /** Makes a source for each try. */
    interface Sources {
        FragmentSource create();
    }

    private final CameraSettings settings;
    private final VideoStore store;
    private final TrackInput input;
    private final Clock clock;
    private final EffectiveClock time;
    private final Backoff backoff;
    private final Sources sources;
    private volatile @Nullable FragmentSource source;
    private volatile CameraStatus.State state = CameraStatus.State.CONNECTING;
    private volatile String why = "starting";
    private volatile long sinceMillis;
    private final AtomicLong fragments = new AtomicLong();
    private final AtomicLong reconnects = new AtomicLong();
    private volatile FragmentMessage.Stats stats = new FragmentMessage.Stats(0, 0, 0, 0);
    private volatile FragmentMessage.Stats earlier = stats;
    private volatile boolean stopping;
    private long retryAtNanos;
    private @Nullable WorkerThread thread;

    Camera(
            CameraSettings settings,
            VideoStore store,
            Clock clock,
            EffectiveClock time,
            RandomGenerator random,
            Sources sources) {
        this.settings = settings;
        this.store = store;
        this.input = store.input(settings.track());
        this.clock = clock;
        this.time = time;
        this.backoff = new Backoff(RETRY_FIRST, RETRY_MAX, random);
        this.sources = sources;
        this.retryAtNanos = clock.monotonicNanos();
        this.sinceMillis = time.now().millis();
    }

    /** Starts the camera's thread; connecting happens there. */
    public static Camera start(
            CameraSettings settings, VideoStore store, Clock clock, EffectiveClock time, RandomGenerator random) {
        Sources sources = () -> settings.isSynthetic()
                ? new SyntheticSource(settings, clock, time)
                : new DemuxedSource(settings, clock, time);
        Camera camera = new Camera(settings, store, clock, time, random, sources);
        Logger.info("Camera {} starts: {}", settings.name(), settings.shownUrl());
        camera.thread = WorkerThread.start(
                "camera-" + settings.name(), camera.worker(), IDLE, e -> Logger.error(e, "Camera {}", settings.name()));
        return camera;
    }

    Worker worker() {
        return new Worker() {
            @Override
            public int doWork() {
                return Camera.this.doWork();
            }

            @Override
            public void onClose() {
                closeSource(GapCause.STOPPED);
                become(CameraStatus.State.STOPPED, "closed");
            }
        };
    }

    private int doWork() {
        if (state == CameraStatus.State.FINISHED || stopping || clock.monotonicNanos() - retryAtNanos < 0) {
            return 0;
        }
        try {
            FragmentSource current = source;
            if (current == null) {
                open();
                return 1;
            }
            return current.read();
        } catch (SourceException e) {
            ended(e);
            return 0;
        } catch (LinkageError e) {
            // The native library is missing or does not fit: only cameras are concerned, not the gateway.
            Logger.error(e, "FFmpeg cannot be loaded for camera {}", settings.name());
            failed(GapCause.CAMERA_UNREACHABLE, "FFmpeg cannot be loaded: " + e.getMessage());
            return 0;
        } catch (IllegalArgumentException | IllegalStateException e) {
            Logger.warn(e, "Camera {} sends what cannot be used", settings.name());
            failed(GapCause.FORMAT_CHANGED, String.valueOf(e.getMessage()));
            return 0;
        }
    }

    private void open() throws SourceException {
        become(CameraStatus.State.CONNECTING, "connecting to " + settings.shownUrl());
        FragmentSource created = sources.create();
        source = created;
        if (stopping) {
            created.stop();
        }
        created.open(this::accept);
    }

    private void accept(FragmentMessage message) {
        if (message instanceof FragmentMessage.Stats counted) {
            stats = counted;
            return;
        }
        if (message instanceof FragmentMessage.Init) {
            become(CameraStatus.State.RECORDING, "");
            backoff.succeeded();
        } else if (message instanceof FragmentMessage.Fragment) {
            fragments.incrementAndGet();
        }
        input.accept(message);
    }

    private void ended(SourceException e) {
        if (e.isFinished()) {
            closeSource(e.gapCause());
            become(CameraStatus.State.FINISHED, String.valueOf(e.getMessage()));
        } else if (!stopping) {
            failed(e.gapCause(), String.valueOf(e.getMessage()));
        }
    }

    private void failed(GapCause cause, String reason) {
        closeSource(cause);
        reconnects.incrementAndGet();
        retryAtNanos = clock.monotonicNanos() + backoff.next().toNanos();
        become(CameraStatus.State.FAILED, reason);
    }

    private void closeSource(GapCause cause) {
        FragmentSource current = source;
        source = null;
        if (current != null) {
            current.close(cause);
            earlier = new FragmentMessage.Stats(
                    earlier.frames() + stats.frames(),
                    earlier.bytes() + stats.bytes(),
                    earlier.fixedTimestamps() + stats.fixedTimestamps(),
                    earlier.droppedPackets() + stats.droppedPackets());
            stats = new FragmentMessage.Stats(0, 0, 0, 0);
        }
    }

    private void become(CameraStatus.State next, String reason) {
        boolean news = next != state || (next == CameraStatus.State.FAILED && !reason.equals(why));
        // Trying again and failing again is one state to a person, not two.
        boolean quiet = next == CameraStatus.State.CONNECTING && state == CameraStatus.State.FAILED;
        if (quiet) {
            return;
        }
        if (news) {
            sinceMillis = time.now().millis();
            if (next == CameraStatus.State.FAILED) {
                Logger.warn("Camera {} has failed: {}", settings.name(), reason);
            } else {
                Logger.info("Camera {} is {} {}", settings.name(), next, reason);
            }
        }
        why = reason;
        state = next;
    }

    public CameraSettings settings() {
        return settings;
    }

    public CameraStatus status() {
        FragmentMessage.Stats now = stats;
        FragmentMessage.Stats before = earlier;
        return new CameraStatus(
                settings.name(),
                settings.role(),
                state,
                why,
                sinceMillis,
                fragments.get(),
                before.frames() + now.frames(),
                before.bytes() + now.bytes(),
                before.fixedTimestamps() + now.fixedTimestamps(),
                before.droppedPackets() + now.droppedPackets(),
                reconnects.get(),
                input.overruns(),
                store.latest(settings.track()));
    }

    /** Ends a call that waits for the camera, delivers what is left, and says good-bye to it. */
    @Override
    public void close() {
        stopping = true;
        FragmentSource current = source;
        if (current != null) {
            current.stop();
        }
        WorkerThread running = thread;
        if (running != null) {
            running.close();
        }
    }
}
