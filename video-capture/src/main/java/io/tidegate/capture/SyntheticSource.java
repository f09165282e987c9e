package io.tidegate.capture;

import io.tidegate.core.runtime.Clock;
import io.tidegate.core.runtime.EffectiveClock;
import io.tidegate.core.stream.IsoTime;
import io.tidegate.core.stream.Payload;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A camera without hardware: moving bars, the time and a frame counter, drawn here and encoded with FFmpeg's
 * libopenh264, in real time.
 *
 * <p>Confined to its camera's thread.
 */
final class SyntheticSource implements FragmentSource {
    private static final int BAR_COUNT = 8;
    private static final long NANOS = 1_000_000_000L;

    private final CameraSettings settings;
    private final Clock clock;
    private final EffectiveClock time;
    private @Nullable Fragmenter fragmenter;
    private @Nullable H264Encoder encoder;
    private final Pixels pixels;
    private long startNanos;
    private long frame;

    SyntheticSource(CameraSettings settings, Clock clock, EffectiveClock time) {
        this.settings = settings;
        this.clock = clock;
        this.time = time;
        this.pixels = new Pixels(settings.width(), settings.height());
    }

    @Override
    public void open(Consumer<FragmentMessage> sink) throws SourceException {
        H264Encoder opened = H264Encoder.open(settings.width(), settings.height(), settings.framesPerSecond());
        encoder = opened;
        fragmenter = new Fragmenter(sink);
        fragmenter.format(new VideoFormat(opened.avcC(), settings.width(), settings.height()));
        startNanos = clock.monotonicNanos();
    }

    @Override
    public int read() throws SourceException {
        long elapsed = clock.monotonicNanos() - startNanos;
        if (elapsed < frame * NANOS / settings.framesPerSecond()) {
            return 0;
        }
        // After a pause of the machine the clock on the picture stays right: frames are left out, not caught up.
        frame = Math.max(frame, elapsed * settings.framesPerSecond() / NANOS);
        long millis = time.now().millis();
        draw(millis);
        long dts90k = frame * 90_000 / settings.framesPerSecond();
        Fragmenter target = Objects.requireNonNull(fragmenter);
        Objects.requireNonNull(encoder).encode(pixels, frame, (annexB, keyFrame) -> {
            Payload sample = NalUnits.ofAnnexB(annexB).toSample();
            target.frame(new Fragmenter.Frame(sample, dts90k, dts90k, keyFrame, millis, false));
        });
        frame++;
        return 1;
    }

    private void draw(long millis) {
        int bar = settings.width() / BAR_COUNT;
        for (int i = 0; i <= BAR_COUNT; i++) {
            int shade = 60 + (int) ((i + frame / 4) % BAR_COUNT) * 20;
            pixels.fill(i * bar, 0, bar, settings.height(), shade, 96 + i * 8, 160 - i * 8);
        }
        int size = settings.height() / 6;
        int span = settings.width() - size;
        int step = (int) (frame * 4 % (2L * span));
        pixels.fill(step < span ? step : 2 * span - step, settings.height() / 2, size, size, 200, 90, 200);
        int scale = Math.max(1, settings.width() / 200);
        pixels.text(4 * scale, 4 * scale, scale, IsoTime.text(millis));
        pixels.text(4 * scale, settings.height() - 12 * scale, scale, "#" + frame);
    }

    @Override
    public void stop() {
        // Nothing here waits.
    }

    @Override
    public void close(GapCause cause) {
        if (fragmenter != null) {
            fragmenter.end(cause);
        }
        if (encoder != null) {
            encoder.close();
            encoder = null;
        }
    }
}
