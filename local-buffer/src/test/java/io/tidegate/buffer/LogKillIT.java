package io.tidegate.buffer;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A process that appends to several streams, rolls, rewrites, reshards, confirms and expires is killed again and again,
 * also while it opens the log. What it had said is the truth: after each kill a copy of its log is opened and held
 * against all of it.
 *
 * <p>{@code -Dlog.kill.rounds=200} is the long form, {@code -Dseed=} plays the same operations again; the moment of a kill
 * is never quite the same.
 */
class LogKillIT {
    private static final int ROUNDS = Integer.getInteger("log.kill.rounds", 4);
    private static final long SEED = Long.getLong("seed", 1);
    /** Records of a round have numbers of their own. */
    private static final int IDS_PER_ROUND = 40_000;

    private static final int STARTS_WITHIN_SECONDS = 60;
    private static final int LIVES_MILLIS_MAX = 700;

    @TempDir
    Path temporary;

    private final Random random = new Random(SEED);
    private final ExplorerPromises promises = new ExplorerPromises(SEED);
    private Path home = Path.of("unset");
    private int whileOpening;

    @AfterEach
    void removeHome() throws IOException {
        LogModelMachine.delete(home);
    }

    @Test
    void killedAtAnyMoment_everyPromiseIsKept() throws Exception {
        Path memory = Path.of("/dev/shm");
        home = Files.createTempDirectory(Files.isWritable(memory) ? memory : temporary, "tidegate-killed");
        for (int round = 0; round < ROUNDS; round++) {
            try {
                runAndKill(round);
                checkCopy();
            } catch (AssertionError | RuntimeException e) {
                throw new AssertionError("seed " + SEED + ", round " + round, e);
            }
        }
        assertThat(promises.everAcknowledged()).isGreaterThan(4L * ROUNDS);
        Files.writeString(
                Files.createDirectories(Path.of("target")).resolve("kill-summary.txt"),
                "log-kill: " + ROUNDS + " rounds from seed " + SEED + ", " + promises.everAcknowledged()
                        + " records acknowledged, killed " + whileOpening
                        + " times while the log was opened; nothing is missing without a gap, no number was used"
                        + " twice\n");
    }

    private void runAndKill(int round) throws Exception {
        Path said = temporary.resolve("said-" + round);
        promises.starting((long) round * IDS_PER_ROUND);
        Process child = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx128m",
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "-XX:-UsePerfData",
                        "-Dtinylog.level=error",
                        "-cp",
                        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                        ExplorerChild.class.getName(),
                        home.toString(),
                        Long.toString(SEED),
                        Integer.toString(round * IDS_PER_ROUND),
                        Long.toString(promises.hours()),
                        Integer.toString(Integer.MAX_VALUE))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                // A file, so that nothing that was said is lost with the process.
                .redirectOutput(said.toFile())
                .start();
        try {
            boolean isEarly = round > 0 && random.nextInt(6) == 0;
            if (!isEarly) {
                Awaitility.await()
                        .atMost(Duration.ofSeconds(STARTS_WITHIN_SECONDS))
                        .pollInterval(Duration.ofMillis(10))
                        .until(() -> said.toFile().length() > 0 || !child.isAlive());
            }
            assertThat(child.waitFor(1 + random.nextInt(LIVES_MILLIS_MAX), TimeUnit.MILLISECONDS))
                    .as("the process lives until it is killed")
                    .isFalse();
        } finally {
            child.destroyForcibly();
            assertThat(child.waitFor(30, TimeUnit.SECONDS)).isTrue();
        }
        String text = Files.readString(said, StandardCharsets.UTF_8);
        whileOpening += text.isEmpty() ? 1 : 0;
        // The process may have died in the middle of a line.
        text.substring(0, text.lastIndexOf('\n') + 1).lines().forEach(line -> promises.hear(line + "\n"));
        Files.delete(said);
    }

    /** A copy, because the check appends. */
    private void checkCopy() throws IOException {
        if (!Files.isDirectory(home.resolve("log"))) {
            return; // killed before there was anything
        }
        Path copy = Files.createTempDirectory(home.getParent(), "tidegate-copy");
        try {
            Files.createDirectories(copy.resolve("log"));
            for (Path file : files(home.resolve("log"))) {
                if (!file.toString().endsWith("-shm") && !file.endsWith("LOCK")) {
                    Files.copy(file, copy.resolve("log").resolve(file.getFileName()));
                }
            }
            promises.check(copy);
            promises.forgetWhatHasGone();
        } finally {
            LogModelMachine.delete(copy);
        }
    }

    private static List<Path> files(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.toList();
        }
    }
}
