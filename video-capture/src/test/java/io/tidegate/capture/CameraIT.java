package io.tidegate.capture;

import static io.tidegate.capture.Tools.member;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.tidegate.core.runtime.EffectiveClock;
import io.tidegate.core.runtime.SystemClock;
import io.tidegate.core.stream.MediaId;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamSettings;
import io.tidegate.support.InMemoryLog;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Real pictures through the store, judged by FFmpeg's own programs. */
class CameraIT {
    private final SystemClock clock = new SystemClock();
    private final EffectiveClock time = new EffectiveClock(clock, () -> true, 0);
    private final InMemoryLog log = InMemoryLog.create(clock);

    @TempDir
    Path home;

    CameraIT() {
        log.admin().create(StreamSettings.of(StreamName.VIDEO));
    }

    private VideoStore store(Duration segmentMax) throws IOException {
        VideoStoreSettings settings =
                VideoStoreSettings.of(home.resolve("video")).withSegmentMax(segmentMax);
        return VideoStore.open(settings, log, clock, new Random(7));
    }

    private List<String> fragments() {
        return Tools.ofType(Tools.records(log), "fragment");
    }

    @Test
    void syntheticCamera_fillsSegmentsThatFfmpegReads_andEveryRecordIsServed() throws Exception {
        CameraSettings settings = new CameraSettings("yard", "synthetic:", "main", true, 320, 180, 10);
        try (VideoStore store = store(Duration.ofSeconds(4))) {
            try (Camera camera = Camera.start(settings, store, clock, time, new Random(1))) {
                await().atMost(Duration.ofSeconds(30)).until(() -> fragments().size() >= 3);
                assertThat(camera.status().state()).isEqualTo(CameraStatus.State.RECORDING);
            }
            await().atMost(Duration.ofSeconds(5)).until(() -> fragments().size() >= 4);
            List<String> records = fragments();
            assertStill(store, settings);
            List<byte[]> served = new ArrayList<>();
            for (String record : records) {
                served.add(Tools.assertServed(store, record));
            }
            assertThat(records).extracting(r -> member(r, "fragment")).startsWith("1", "2", "3");
            assertThat(records).extracting(r -> member(r, "discontinuity")).startsWith("true", "false", "false");
            assertThat(records.get(1)).contains("\"mediaStart90k\":\"180000\",\"duration90k\":180000,\"frames\":20");
            MediaId init = MediaId.ofInit(member(records.get(0), "init").substring("sha256:".length()));
            Path clip = home.resolve("clip.mp4");
            Files.write(clip, Tools.bytes(store, init));
            Files.write(clip, served.get(1), StandardOpenOption.APPEND);
            assertThat(Tools.assertPlayable(clip)).isEqualTo(20);
        }
        List<Path> segments = Tools.segments(home.resolve("video"));
        assertThat(segments).hasSizeGreaterThanOrEqualTo(2);
        int frames = 0;
        for (Path segment : segments) {
            frames += Tools.assertPlayable(segment);
        }
        int recorded = fragments().stream()
                .mapToInt(r -> Integer.parseInt(member(r, "frames")))
                .sum();
        assertThat(frames).isEqualTo(recorded);
        assertThat(Tools.run(
                        "ffprobe",
                        "-v",
                        "error",
                        "-show_entries",
                        "stream=codec_name,width,height",
                        "-of",
                        "csv",
                        segments.get(0).toString()))
                .isEqualTo("stream,h264,320,180");
    }

    private void assertStill(VideoStore store, CameraSettings settings) throws Exception {
        Path still = home.resolve("still.jpg");
        Stills stills = new Stills(store, 160);
        Files.write(still, stills.latest(settings.track()).orElseThrow().toBytes());
        assertThat(Tools.run(
                        "ffprobe",
                        "-v",
                        "error",
                        "-show_entries",
                        "stream=codec_name,width,height",
                        "-of",
                        "csv",
                        still.toString()))
                .isEqualTo("stream,mjpeg,160,90");
        assertThat(stills.of(new MediaId("other.yard-main.1.1"))).isEmpty();
    }
}
