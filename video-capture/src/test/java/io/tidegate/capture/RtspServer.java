package io.tidegate.capture;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** GStreamer's RTSP server with a looped clip, as a child process (hardware-tests/peers/rtsp_server.py). */
final class RtspServer implements AutoCloseable {
    private static final Path SCRIPT = Path.of("../hardware-tests/peers/rtsp_server.py");

    private final Process process;
    private final int port;

    private RtspServer(Process process, int port) {
        this.process = process;
        this.port = port;
    }

    /** Six seconds of Debian's FFmpeg's test picture, a key frame every two. */
    static Path clip(Path directory) throws IOException, InterruptedException {
        Path clip = directory.resolve("clip.h264");
        Tools.run(
                ("ffmpeg -v error -f lavfi -i testsrc2=size=320x180:rate=25 -t 6 -c:v libx264 -preset ultrafast -x264-params aud=1"
                                + " -g 50 -bf 0 -pix_fmt yuv420p " + clip)
                        .split(" "));
        return clip;
    }

    static RtspServer start(Path clip, int port) throws IOException {
        Process process = new ProcessBuilder(
                        "/usr/bin/python3", SCRIPT.toString(), clip.toString(), Integer.toString(port))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        BufferedReader out = process.inputReader(StandardCharsets.UTF_8);
        String line = out.readLine();
        if (line == null || !line.startsWith("listening ")) {
            process.destroyForcibly();
            throw new IOException("the RTSP server did not start: " + line);
        }
        return new RtspServer(process, Integer.parseInt(line.substring("listening ".length())));
    }

    int port() {
        return port;
    }

    String url() {
        return "rtsp://viewer:topsecret@127.0.0.1:" + port + "/cam";
    }

    long pid() {
        return process.pid();
    }

    @Override
    public void close() throws InterruptedException {
        process.destroyForcibly();
        process.waitFor(10, TimeUnit.SECONDS);
    }
}
