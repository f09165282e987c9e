package io.tidegate.buffer;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidegate.core.runtime.Ballast;
import io.tidegate.core.runtime.EffectiveClock;
import io.tidegate.core.runtime.FakeClock;
import io.tidegate.core.stream.StreamLogException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The machine under a log: a small disk that can be full, of which copies can be made and put back, clocks that jump,
 * boots.
 *
 * <p>Confined to one thread.
 */
final class LogModelMachine {
    private static final int FILLER_BYTES = 4096;
    private static final int COPIES_MAX = 1000;
    private static final int BALLAST_BYTES = 256 << 10;
    private static final long TEN_YEARS_MILLIS = Duration.ofDays(3653).toMillis();

    /** What a directory holds. */
    record Copy(Map<String, byte[]> files) {}

    private final Path disk;
    private final Random random;
    private final int windowsMax;
    private final boolean hasBallast;
    private final AtomicBoolean synced = new AtomicBoolean(true);
    private final Map<String, Integer> counts = new TreeMap<>();
    private FakeClock clock =
            new FakeClock(OpenedLogs.BUILD_MILLIS + Duration.ofDays(30).toMillis());
    private long boot = 1000;
    private boolean isFull;

    LogModelMachine(Path disk, Random random, int windowsMax) {
        this.disk = disk;
        this.random = random;
        this.windowsMax = windowsMax;
        this.hasBallast = random.nextBoolean();
    }

    Path directory() {
        return disk.resolve("log");
    }

    Map<String, Integer> counts() {
        return counts;
    }

    void count(String what) {
        counts.merge(what, 1, Integer::sum);
    }

    ShardLog open() throws IOException {
        try {
            return tryToOpen();
        } catch (StreamLogException e) {
            assertThat(isFull).as(e.toString()).isTrue();
            count("not opened on a full disk");
            makeRoom();
            return tryToOpen();
        }
    }

    private ShardLog tryToOpen() {
        ShardLogSettings settings = ShardLogSettings.of(directory(), "model")
                .withSegmentBytes(64 << 10)
                .withMemory(1 << 20, 50_000)
                .withDuplicateKeysMax(windowsMax)
                .withCompression(random.nextBoolean() ? Compression.ZSTD : Compression.NONE);
        EffectiveClock effective = new EffectiveClock(clock, synced::get, OpenedLogs.BUILD_MILLIS);
        Ballast ballast = hasBallast ? Ballast.in(disk.resolve("ballast"), BALLAST_BYTES) : Ballast.none();
        return ShardLog.open(settings, clock, effective, new Random(random.nextLong()), boot, ballast);
    }

    /** On both clocks; returns how much, in nanoseconds. */
    long advance(Duration duration) {
        clock.advance(duration);
        return duration.toNanos();
    }

    /** To 1970, by ten years, or anywhere; with and without somebody who vouches for it. */
    void jump() {
        long wall =
                switch (random.nextInt(5)) {
                    case 0 -> 0;
                    case 1 -> clock.wallMillis() + TEN_YEARS_MILLIS;
                    case 2 -> OpenedLogs.BUILD_MILLIS + Duration.ofDays(30).toMillis();
                    default ->
                        clock.wallMillis()
                                + Duration.ofDays(random.nextInt(800) - 400).toMillis();
                };
        synced.set(random.nextInt(3) > 0);
        clock.setWall(wall);
    }

    /** While no process has the log: time goes by that the log does not count, and the machine may boot. */
    void whileItIsOff() {
        clock.advance(Duration.ofMinutes(random.nextInt(3000)));
        if (random.nextInt(3) == 0) {
            boot++;
            clock = new FakeClock(random.nextBoolean() ? 0 : clock.wallMillis());
            synced.set(random.nextBoolean());
        }
    }

    /** From the first refusal on until the log has taken a record again. */
    boolean isFull() {
        return isFull;
    }

    String fill() throws IOException {
        isFull = true;
        fill(0);
        assertThat(disk.toFile().getUsableSpace()).isZero();
        return "full disk";
    }

    private void fill(long roomBytes) throws IOException {
        try (OutputStream out = Files.newOutputStream(disk.resolve("filler"))) {
            while (disk.toFile().getUsableSpace() > roomBytes) {
                out.write(new byte[FILLER_BYTES]);
            }
        }
    }

    void makeRoom() throws IOException {
        Files.deleteIfExists(disk.resolve("filler"));
    }

    void healed() {
        isFull = false;
    }

    /** What a power cut would leave now if everything written had reached the disk. */
    Copy copy() throws IOException {
        for (int i = 0; i < COPIES_MAX; i++) {
            Map<String, byte[]> first = files();
            Map<String, byte[]> second = first == null ? null : files();
            if (first != null && second != null && isSame(first, second)) {
                return new Copy(first);
            }
        }
        throw new AssertionError("the log does not come to rest");
    }

    private static boolean isSame(Map<String, byte[]> one, Map<String, byte[]> other) {
        return one.keySet().equals(other.keySet())
                && one.entrySet().stream().allMatch(file -> Arrays.equals(file.getValue(), other.get(file.getKey())));
    }

    private @Nullable Map<String, byte[]> files() throws IOException {
        Map<String, byte[]> files = new TreeMap<>();
        try (Stream<Path> all = Files.list(directory())) {
            for (Path file : all.toList()) {
                String name = file.getFileName().toString();
                if (!name.equals("LOCK") && !name.endsWith("-shm")) {
                    files.put(name, Files.readAllBytes(file));
                }
            }
            return files;
        } catch (NoSuchFileException e) {
            return null;
        }
    }

    void restore(Copy copy) throws IOException {
        boolean wasFull = Files.exists(disk.resolve("filler"));
        long room = disk.toFile().getUsableSpace();
        makeRoom();
        delete(directory());
        Files.createDirectories(directory());
        for (Map.Entry<String, byte[]> file : copy.files().entrySet()) {
            Files.write(directory().resolve(file.getKey()), file.getValue());
        }
        if (wasFull) {
            fill(room);
        }
    }

    static void delete(Path directory) throws IOException {
        if (!Files.exists(directory)) {
            return;
        }
        try (Stream<Path> below = Files.walk(directory)) {
            for (Path path : below.sorted((one, other) -> other.compareTo(one)).toList()) {
                Files.delete(path);
            }
        }
    }
}
