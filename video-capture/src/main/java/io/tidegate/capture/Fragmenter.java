package io.tidegate.capture;

import io.tidegate.core.stream.Payload;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Frames to parts and fragments: cut at the first key frame after two seconds, or without one at the limits. A run
 * starts at a key frame and with decode time 0; time stamps that are missing or go back a little are replaced and
 * counted, a jump ends the run.
 *
 * <p>Confined to its source's thread.
 */
final class Fragmenter {
    static final long NO_TIME = Long.MIN_VALUE;
    static final long FRAGMENT_MIN_90K = 2 * 90_000L;
    static final long FRAGMENT_MAX_90K = 10 * 90_000L;
    static final int FRAGMENT_BYTES_MAX = 8 << 20;
    private static final long PART_90K = 29_700; // 330 ms
    private static final long JUMP_FORWARD_90K = 10 * 90_000L;
    private static final long JUMP_BACK_90K = 90_000L;
    /** After so many frames whose time does not move, the camera's time stamps are believed no more. */
    private static final int STANDING_MAX = 25;

    private static final long FRAME_DEFAULT_90K = 3_600; // 25 a second, until two frames are known

    /**
     * One coded picture.
     *
     * @param data as MP4 stores it
     * @param dts90k decode time in any origin, or {@link #NO_TIME}; so {@code pts90k}
     */
    record Frame(
            Payload data, long dts90k, long pts90k, boolean keyFrame, long producerTimeMillis, boolean timeFromCamera) {
        Frame timedByArrival() {
            long now90k = producerTimeMillis * 90;
            return new Frame(data, now90k, now90k, keyFrame, producerTimeMillis, timeFromCamera);
        }
    }

    private final Consumer<FragmentMessage> sink;
    private final List<MediaPart.Sample> part = new ArrayList<>();
    private final List<Payload> parts = new ArrayList<>();
    private @Nullable Frame first;
    private boolean started;
    private int sequence;
    private int frames;
    private long bytes;
    private long origin;
    private boolean originKnown;
    private int standing;
    private boolean timedByArrival;
    private long fragmentStart;
    private long lastDts;
    private long frame90k = FRAME_DEFAULT_90K;
    private @Nullable VideoFormat format;
    private long totalFrames;
    private long totalBytes;
    private long fixed;
    private long dropped;

    Fragmenter(Consumer<FragmentMessage> sink) {
        this.sink = sink;
    }

    /** What the frames that follow look like; ends the current run. */
    void format(VideoFormat changed) {
        if (started) {
            end(GapCause.FORMAT_CHANGED);
        }
        format = changed;
    }

    Optional<VideoFormat> format() {
        return Optional.ofNullable(format);
    }

    /** A packet that is not recorded: sound, or something that is no picture. */
    void drop() {
        dropped++;
    }

    void frame(Frame received) {
        if (received.data().isEmpty()) {
            dropped++;
            return;
        }
        if (started && standing >= STANDING_MAX) {
            end(GapCause.TIMESTAMP_JUMP);
            timedByArrival = true;
        }
        Frame frame = timedByArrival ? received.timedByArrival() : received;
        if (started && isJump(raw(frame))) {
            end(GapCause.TIMESTAMP_JUMP);
        }
        if (!started) {
            if (!frame.keyFrame() || format == null) {
                dropped++;
                return;
            }
            beginRun(frame, format);
        }
        long dts = fixed(frame);
        long pts = frame.pts90k() == NO_TIME || !originKnown ? dts : frame.pts90k() - origin;
        long age = dts - fragmentStart;
        boolean cut = (frame.keyFrame() && age >= FRAGMENT_MIN_90K)
                || age >= FRAGMENT_MAX_90K
                || bytes + frame.data().length() > FRAGMENT_BYTES_MAX;
        if (cut && frames > 0) {
            cutFragment(dts);
        } else if (!part.isEmpty() && dts - part.get(0).dts90k() >= PART_90K) {
            cutPart(dts);
        }
        add(frame, dts, pts);
    }

    private void add(Frame frame, long dts, long pts) {
        if (frames == 0) {
            first = frame;
            fragmentStart = dts;
        }
        part.add(new MediaPart.Sample(frame.data(), dts, pts, frame.keyFrame()));
        frames++;
        bytes += frame.data().length();
        totalFrames++;
        totalBytes += frame.data().length();
        lastDts = dts;
    }

    /** Delivers what is left and, if a run was under way, a gap. The next frame starts a run. */
    void end(GapCause cause) {
        if (!started) {
            return;
        }
        if (frames > 0) {
            cutFragment(lastDts + frame90k);
        }
        started = false;
        sink.accept(new FragmentMessage.Gap(cause));
    }

    private void beginRun(Frame frame, VideoFormat current) {
        started = true;
        sequence = 0;
        origin = raw(frame);
        originKnown = origin != NO_TIME;
        standing = 0;
        lastDts = -1;
        frame90k = FRAME_DEFAULT_90K;
        sink.accept(new FragmentMessage.Init(current, InitSegment.of(current)));
    }

    private static long raw(Frame frame) {
        return frame.dts90k() != NO_TIME ? frame.dts90k() : frame.pts90k();
    }

    private boolean isJump(long raw) {
        if (raw == NO_TIME || !originKnown) {
            return false;
        }
        long step = raw - origin - lastDts;
        return step > JUMP_FORWARD_90K || step < -JUMP_BACK_90K;
    }

    /** The decode time in the run, later than the last. */
    private long fixed(Frame frame) {
        if (lastDts < 0) {
            return 0;
        }
        long raw = raw(frame);
        if (raw == NO_TIME) {
            fixed++;
            return lastDts + frame90k;
        }
        if (!originKnown) {
            // RTSP: the first frame often has no time; it is one frame before the first that has.
            originKnown = true;
            origin = raw - lastDts - frame90k;
        }
        long dts = raw - origin;
        if (dts <= lastDts) {
            fixed++;
            standing++;
            return lastDts + 1;
        }
        standing = 0;
        frame90k = Math.min(dts - lastDts, 90_000);
        return dts;
    }

    private void cutPart(long endDts) {
        boolean keyFrame = part.get(0).keyFrame();
        Payload made = MediaPart.of(++sequence, part, endDts);
        part.clear();
        parts.add(made);
        sink.accept(new FragmentMessage.Part(made, keyFrame));
    }

    private void cutFragment(long endDts) {
        cutPart(endDts);
        Frame start = Objects.requireNonNull(first);
        sink.accept(new FragmentMessage.Fragment(
                parts,
                start.producerTimeMillis(),
                start.timeFromCamera(),
                fragmentStart,
                (int) (endDts - fragmentStart),
                frames,
                start.keyFrame()));
        parts.clear();
        frames = 0;
        bytes = 0;
        sink.accept(new FragmentMessage.Stats(totalFrames, totalBytes, fixed, dropped));
    }
}
