package io.tidegate.buffer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;

/** Keys of encrypted logs, and the files of a log as a whole. */
final class Keys {
    private Keys() {}

    static MasterKey key(int seed) {
        byte[] secret = new byte[MasterKey.BYTES];
        new Random(seed).nextBytes(secret);
        return MasterKey.of(secret);
    }

    /** New segments are under the first of these keys. */
    static LogEncryption keys(Integer... seeds) {
        return LogEncryption.of(Arrays.stream(seeds).map(Keys::key).toList());
    }

    /** A copy of a log that nobody appends to, as a power cut would leave it. */
    static void copyAsCrashed(ShardLog log, Path home, Path to) throws IOException {
        await().atMost(Duration.ofSeconds(30)).until(() -> {
            log.lookNow();
            try (Stream<Path> files = Files.list(home.resolve("log"))) {
                List<String> names = files.map(Path::toString).toList();
                return names.stream().filter(name -> name.endsWith("-wal")).count() == 1
                        && names.stream().noneMatch(name -> name.endsWith("-journal") || name.contains(".new"));
            }
        });
        copy(home, to);
    }

    /** A copy of everything below a directory. */
    static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> paths = Files.walk(from)) {
            for (Path path : paths.toList()) {
                Path target = to.resolve(from.relativize(path).toString());
                if (Files.isDirectory(path)) {
                    Files.createDirectories(target);
                } else {
                    try {
                        Files.copy(path, target);
                    } catch (NoSuchFileException e) {
                        assertThat(path.toString()).contains(SegmentFile.NEW_SUFFIX);
                    }
                }
            }
        }
    }

    /** What the files of a log hold, by name; LOCK only says who had it last. */
    static Map<String, List<Byte>> content(Path log) throws IOException {
        Map<String, List<Byte>> content = new TreeMap<>();
        try (Stream<Path> files = Files.list(log)) {
            for (Path file : files.toList()) {
                String name = file.getFileName().toString();
                if (!name.equals("LOCK")) {
                    content.put(name, bytes(Files.readAllBytes(file)));
                }
            }
        }
        return content;
    }

    private static List<Byte> bytes(byte[] content) {
        Byte[] boxed = new Byte[content.length];
        Arrays.setAll(boxed, i -> content[i]);
        return List.of(boxed);
    }
}
