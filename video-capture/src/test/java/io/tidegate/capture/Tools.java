package io.tidegate.capture;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidegate.core.stream.LogPosition;
import io.tidegate.core.stream.MediaBytes;
import io.tidegate.core.stream.MediaId;
import io.tidegate.core.stream.MediaSource;
import io.tidegate.core.stream.StreamLog;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamRecord;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.CRC32C;

/** Strangers' programs and what they say about our files; what the log says about our fragments. */
final class Tools {
    private Tools() {}

    static String run(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        process.getOutputStream().close();
        try (InputStream out = process.getInputStream()) {
            String said = new String(out.readAllBytes(), StandardCharsets.UTF_8);
            assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
            assertThat(process.exitValue())
                    .as(String.join(" ", command) + "\n" + said)
                    .isZero();
            return said.strip();
        }
    }

    /** FFmpeg decodes every frame and complains of nothing; returns how many there are. */
    static int assertPlayable(Path file) throws IOException, InterruptedException {
        assertThat(run("ffmpeg", "-v", "error", "-i", file.toString(), "-f", "null", "-"))
                .as(file.toString())
                .isEmpty();
        String frames = run(
                "ffprobe",
                "-v",
                "error",
                "-count_packets",
                "-show_entries",
                "stream=nb_read_packets",
                "-of",
                "csv=p=0",
                file.toString());
        return Integer.parseInt(frames.replace(",", ""));
    }

    static List<Path> segments(Path video) throws IOException {
        try (Stream<Path> files = Files.walk(video)) {
            return files.filter(file -> file.toString().endsWith(".mp4"))
                    .sorted()
                    .toList();
        }
    }

    static List<String> records(StreamLog log) {
        List<String> lines = new ArrayList<>();
        try (var cursor = log.cursor(Set.of(StreamName.VIDEO), LogPosition.TRIM_HORIZON)) {
            for (var batch = cursor.read(1 << 20); !batch.entries().isEmpty(); batch = cursor.read(1 << 20)) {
                batch.entries()
                        .forEach(
                                entry -> lines.add(((StreamRecord) entry).data().utf8()));
            }
        }
        return lines;
    }

    static List<String> ofType(List<String> records, String type) {
        return records.stream()
                .filter(line -> line.startsWith("{\"type\":\"" + type + "\""))
                .toList();
    }

    /** A member of a flat JSON object, as text. */
    static String member(String json, String name) {
        Matcher matcher =
                Pattern.compile("\"" + name + "\":(?:\"([^\"]*)\"|([^,}]*))").matcher(json);
        assertThat(matcher.find()).as(name + " in " + json).isTrue();
        return matcher.group(1) != null ? matcher.group(1) : matcher.group(2);
    }

    static byte[] bytes(MediaSource source, MediaId id) throws IOException {
        try (MediaBytes media = source.open(id).orElseThrow(() -> new AssertionError("no media " + id))) {
            byte[] all = Channels.newInputStream(media.channel()).readAllBytes();
            assertThat(all).hasSize((int) media.length());
            return all;
        }
    }

    /** What a fragment record says is what the source serves. */
    static byte[] assertServed(MediaSource source, String record) throws IOException {
        byte[] bytes = bytes(source, new MediaId(member(record, "fragmentId")));
        CRC32C crc = new CRC32C();
        crc.update(bytes);
        assertThat(bytes).as(record).hasSize(Integer.parseInt(member(record, "bytes")));
        assertThat(String.format("%08x", crc.getValue())).as(record).isEqualTo(member(record, "crc32c"));
        return bytes;
    }
}
