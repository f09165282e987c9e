package io.tidegate.capture;

import io.tidegate.core.runtime.Clock;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.bytedeco.ffmpeg.avformat.AVFormatContext;
import org.bytedeco.ffmpeg.avformat.AVIOInterruptCB;
import org.bytedeco.javacpp.Pointer;

/**
 * How long one camera may stay inside FFmpeg. FFmpeg asks many times a second whether to give up; one callback answers
 * for all cameras, because JavaCPP has room for ten instances of a callback class and the eleventh would silently be
 * null (bytedeco/javacpp issues 611 and 648).
 *
 * <p>Thread-safe; {@link #limit} is called by the camera's thread.
 */
final class NativeDeadline implements AutoCloseable {
    private static final int CAMERAS_MAX = 64;
    private static final long ADDRESS_BASE = 0x1000;
    private static final AtomicReferenceArray<NativeDeadline> SLOTS = new AtomicReferenceArray<>(CAMERAS_MAX);
    private static final AVIOInterruptCB.Callback_Pointer CALLBACK = new Callback();

    private final Clock clock;
    private final int slot;
    private volatile long endNanos;
    private volatile boolean expired;
    private volatile boolean stopped;

    private NativeDeadline(Clock clock, int slot) {
        this.clock = clock;
        this.slot = slot;
    }

    /** Throws SourceException if there are too many cameras. */
    static NativeDeadline create(Clock clock) throws SourceException {
        for (int i = 0; i < CAMERAS_MAX; i++) {
            NativeDeadline created = new NativeDeadline(clock, i);
            if (SLOTS.compareAndSet(i, null, created)) {
                return created;
            }
        }
        throw SourceException.failed(
                GapCause.CAMERA_UNREACHABLE, "at most " + CAMERAS_MAX + " cameras can be connected at once");
    }

    /** Before the context is opened, so that name lookup and connecting are covered, too. */
    void guard(AVFormatContext context) {
        context.interrupt_callback().callback(CALLBACK);
        context.interrupt_callback().opaque(new Slot(ADDRESS_BASE + slot));
    }

    void limit(Duration fromNow) {
        expired = false;
        endNanos = clock.monotonicNanos() + fromNow.toNanos();
    }

    /** For saying good-bye to the camera, even after a stop. */
    void limitGoodbye(Duration fromNow) {
        stopped = false;
        limit(fromNow);
    }

    boolean isExpired() {
        return expired;
    }

    boolean isStopped() {
        return stopped;
    }

    void stop() {
        stopped = true;
    }

    private boolean isOver() {
        if (clock.monotonicNanos() - endNanos > 0) {
            expired = true;
        }
        return expired || stopped;
    }

    @Override
    public void close() {
        SLOTS.compareAndSet(slot, this, null);
    }

    /** A number disguised as a pointer; nobody follows it. */
    private static final class Slot extends Pointer {
        Slot(long number) {
            address = number;
        }
    }

    private static final class Callback extends AVIOInterruptCB.Callback_Pointer {
        @Override
        public int call(Pointer opaque) {
            NativeDeadline asked = SLOTS.get((int) (opaque.address() - ADDRESS_BASE));
            return asked == null || asked.isOver() ? 1 : 0;
        }
    }
}
