package io.tidegate.buffer;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidegate.core.runtime.Clock;
import io.tidegate.core.runtime.SystemClock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Random operations on a log, on a small disk that is full now and then, whose old copies come back and whose clocks
 * jump, against a model that follows docs/design/0001-shard-log.md; its invariants are checked after every step.
 *
 * <p>{@code -Dlog.model.rounds=} says how many seeds, {@code -Dseed=} the first of them, {@code -Dlog.model.minutes=}
 * when to begin no other.
 */
class LogModelIT {
    private static final int ROUNDS = Integer.getInteger("log.model.rounds", 4);
    private static final int STEPS = Integer.getInteger("log.model.steps", 120);
    private static final long MINUTES = Long.getLong("log.model.minutes", 60);
    private static final long SEED = Long.getLong("seed", 1);

    @TempDir
    Path temporary;

    private final Clock clock = new SystemClock();
    private Path disk = Path.of("unset");

    @BeforeEach
    void mount() throws Exception {
        // The driver's library would fill the small disk: it is loaded from elsewhere before.
        OpenedLogs.open(temporary.resolve("other")).close();
        disk = Files.createDirectory(temporary.resolve("disk"));
        Command.run("mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", disk.toString());
    }

    @AfterEach
    void unmount() throws Exception {
        Command.run("umount", "-l", disk.toString());
    }

    @Test
    void anyOperations_leaveWhatTheModelSays_afterEveryStep() throws Exception {
        Map<String, Integer> counts = new TreeMap<>();
        long begun = clock.monotonicNanos();
        int rounds = 0;
        while (rounds < ROUNDS
                && clock.monotonicNanos() - begun < Duration.ofMinutes(MINUTES).toNanos()) {
            round(SEED + rounds, counts);
            rounds++;
        }
        assertThat(counts).containsKeys("restore", "abrupt restart", "reshard", "retain", "full disk", "follow");
        Files.writeString(
                Files.createDirectories(Path.of("target")).resolve("model-summary.txt"),
                "log-model: " + rounds + " seeds from " + SEED + ", "
                        + counts.values().stream().mapToInt(Integer::intValue).sum()
                        + " steps, the invariants held after each: " + counts + "\n");
    }

    private void round(long seed, Map<String, Integer> counts) throws Exception {
        int step = 0;
        LogModelRun run = new LogModelRun(disk, seed);
        try (run) {
            for (; step < STEPS; step++) {
                run.step();
            }
        } catch (AssertionError | Exception e) {
            throw new AssertionError("seed " + seed + ", step " + step, e);
        }
        run.counts().forEach((what, count) -> counts.merge(what, count, Integer::sum));
        for (String name : new String[] {"log", "filler", "ballast"}) {
            LogModelMachine.delete(disk.resolve(name));
        }
    }
}
