package io.tidegate.buffer;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidegate.core.runtime.Clock;
import io.tidegate.core.runtime.SystemClock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * After a power cut at any moment every promise is kept: {@link CrashExploration}.
 *
 * <p>{@code -Dexplorer.states=} says how many states, several seeds from {@code -Dseed=} on together;
 * {@code -Dexplorer.minutes=} when to look at no more.
 */
class CrashExplorerIT {
    private static final long SEED = Long.getLong("seed", 1);
    private static final int STATES = Integer.getInteger("explorer.states", 120);
    private static final int STATES_PER_SEED = 500;
    private static final long MINUTES = Long.getLong("explorer.minutes", 12);

    @TempDir
    Path temporary;

    private final Clock clock = new SystemClock();

    @Test
    void afterAPowerCutAtAnyMoment_everyPromiseIsKept() throws Exception {
        int seeds = (STATES + STATES_PER_SEED - 1) / STATES_PER_SEED;
        long end = clock.monotonicNanos() + Duration.ofMinutes(MINUTES).toNanos();
        List<Future<CrashExploration.Found>> running = new ArrayList<>();
        ExecutorService threads = Executors.newFixedThreadPool(
                Math.min(seeds, Runtime.getRuntime().availableProcessors()));
        CrashExploration.Found all = CrashExploration.Found.NONE;
        try {
            for (int i = 0; i < seeds; i++) {
                long seed = SEED + i;
                Path own = Files.createDirectory(temporary.resolve("seed-" + seed));
                running.add(threads.submit(() ->
                        new CrashExploration(seed, STATES / seeds, own, () -> clock.monotonicNanos() - end > 0).run()));
            }
            for (Future<CrashExploration.Found> one : running) {
                all = all.plus(one.get());
            }
        } finally {
            threads.shutdownNow();
        }
        String summary = String.format(
                "log-explorer: %d seeds from %d, %d operations, %d distinct prefixes, %d states (%d with writes not"
                        + " synced), %d violations",
                seeds,
                SEED,
                all.operations(),
                all.prefixes(),
                all.states(),
                all.uncertain(),
                all.violations().size());
        Files.writeString(
                Path.of("target", "explorer-summary.txt"), summary + "\n" + String.join("\n", all.violations()) + "\n");
        assertThat(all.violations()).as(summary).isEmpty();
        assertThat(all.states()).as(summary).isGreaterThanOrEqualTo(STATES * 3L / 4);
        assertThat(all.uncertain()).as(summary).isGreaterThan(STATES / 2L);
    }
}
