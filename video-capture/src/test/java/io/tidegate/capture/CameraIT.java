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
import java.net.InetAddress;
import java.net.ServerSocket;
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

    @Test
    void rtspCamera_thatDiesAndReturns_leavesAGapWithItsCause() throws Exception {
        Path clip = RtspServer.clip(home);
        VideoStore store = store(Duration.ofMinutes(1));
        RtspServer first = RtspServer.start(clip, 0);
        CameraSettings settings = CameraSettings.of("gate", first.url());
        assertThat(settings.toString()).doesNotContain("topsecret").doesNotContain("viewer");
        try (Camera camera = Camera.start(settings, store, clock, time, new Random(1))) {
            await().atMost(Duration.ofSeconds(30)).until(() -> fragments().size() >= 2);
            first.close();
            await().atMost(Duration.ofSeconds(20)).until(() -> camera.status().state() == CameraStatus.State.FAILED);
            assertThat(camera.status().why())
                    .isEqualTo("rtsp://***@127.0.0.1:" + first.port() + "/cam sends nothing more: End of file");
            int before = fragments().size();
            try (RtspServer second = RtspServer.start(clip, first.port())) {
                await().atMost(Duration.ofSeconds(40)).until(() -> fragments().size() >= before + 2);
                assertThat(second.port()).isEqualTo(first.port());
                assertThat(Tools.ofType(Tools.records(log), "gap"))
                        .singleElement()
                        .asString()
                        .contains("\"cause\":\"CAMERA_ENDED\"");
            }
        }
        store.close();
        List<String> records = fragments();
        assertThat(records.stream().filter(r -> member(r, "discontinuity").equals("true")))
                .hasSize(2);
        assertThat(records.get(0)).contains("\"width\":320,\"height\":180").contains("\"frames\":50");
        for (Path segment : Tools.segments(home.resolve("video"))) {
            Tools.assertPlayable(segment);
        }
    }

    @Test
    void cameraThatNeverAnswers_failsWithinItsDeadline_andOthersDoNotNotice() throws Exception {
        Path clip = RtspServer.clip(home);
        Path file = home.resolve("clip.mp4");
        Tools.run(("ffmpeg -v error -r 25 -i " + clip + " -c copy " + file).split(" "));
        try (ServerSocket blackHole = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
                VideoStore store = store(Duration.ofMinutes(1));
                Camera dead = Camera.start(
                        CameraSettings.of("dead", "rtsp://127.0.0.1:" + blackHole.getLocalPort() + "/x"),
                        store,
                        clock,
                        time,
                        new Random(1));
                Camera alive =
                        Camera.start(CameraSettings.of("alive", file.toString()), store, clock, time, new Random(2))) {
            await().atMost(Duration.ofSeconds(20)).until(() -> fragments().size() >= 5);
            assertThat(alive.status().state()).isEqualTo(CameraStatus.State.RECORDING);
            await().atMost(Duration.ofSeconds(20)).until(() -> dead.status().state() == CameraStatus.State.FAILED);
            // Five fragments of two seconds of a clip of six: it went round, without a gap.
            assertThat(fragments())
                    .allSatisfy(r -> assertThat(member(r, "camera")).isEqualTo("alive"));
            assertThat(fragments()).extracting(r -> member(r, "frames")).startsWith("50", "50", "50", "50");
            assertThat(Tools.ofType(Tools.records(log), "gap")).isEmpty();
        }
        assertThat(Tools.assertPlayable(
                        Tools.segments(home.resolve("video/alive-main")).get(0)))
                .isGreaterThanOrEqualTo(250);
    }

    private void assertStill(VideoStore store, CameraSettings settings) throws Exception {
        Path still = home.resolve("still.jpg");
        Stills stills = new Stills(store, 160);
        Still latest = stills.latest(settings.track()).orElseThrow();
        Files.write(still, latest.jpeg().toBytes());
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
