package io.tidegate.core.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BallastTest {
    private static final int BYTES = 100_000;

    @TempDir
    Path disk;

    private final AtomicLong usable = new AtomicLong(Long.MAX_VALUE);
    private final DiskSpace space = new DiskSpace(path -> usable.get(), path -> Long.MAX_VALUE);
    private Path file = Path.of("unset");

    @BeforeEach
    void name() {
        file = disk.resolve("ballast");
    }

    @Test
    void space_isLetGo_onlyWhereThereIsLess_andTakenBack_whenThereIsTwiceAsMuch() throws Exception {
        Ballast ballast = Ballast.in(file, BYTES, space);
        assertThat(ballast.isOut()).isTrue();
        assertThat(ballast.takeBack()).isTrue();
        assertThat(Files.size(file)).isEqualTo(BYTES);
        assertThat(ballast.releaseIfFull()).isFalse();
        usable.set(BYTES - 1);
        assertThat(ballast.releaseIfFull()).isTrue();
        assertThat(file).doesNotExist();
        usable.set(2 * BYTES - 1);
        assertThat(ballast.takeBack()).isFalse();
        usable.set(2 * BYTES);
        assertThat(ballast.takeBack()).isTrue();
        assertThat(ballast.failure()).isEmpty();
    }

    /** Where nobody knows, only trying tells; else the log would refuse records for ever. */
    @Test
    void fileSystemThatSaysNothing_isTried() {
        Ballast ballast = Ballast.in(file, BYTES, new DiskSpace(path -> 0, path -> 0));
        assertThat(ballast.isOut()).isTrue();
        assertThat(ballast.takeBack()).isTrue();
        assertThat(ballast.releaseIfFull()).isTrue();
    }

    @Test
    void whatAnEarlierStartLeftUnfinished_isRemoved() throws Exception {
        Path unfinished = Files.write(disk.resolve("ballast.new"), new byte[50]);
        Files.write(file, new byte[BYTES]);
        assertThat(Ballast.in(file, BYTES, space).isOut()).isFalse();
        assertThat(unfinished).doesNotExist();
    }

    @Test
    void spaceThatCannotBeTakenBack_isSaid_untilItIs() throws Exception {
        Path inTheWay = Files.createDirectories(disk.resolve("ballast.new/in-the-way"));
        Ballast ballast = Ballast.in(file, BYTES, space);
        assertThat(ballast.takeBack()).isFalse();
        assertThat(ballast.failure()).hasValueSatisfying(why -> assertThat(why).contains("ballast.new"));
        Files.delete(inTheWay);
        Files.delete(disk.resolve("ballast.new"));
        assertThat(ballast.takeBack()).isTrue();
        assertThat(ballast.failure()).isEmpty();
    }

    /** A commit that fails asks, and must not wait until megabytes have reached a slow card. */
    @Test
    void whoLetsGo_doesNotWaitForWhoTakesBack() throws Exception {
        CountDownLatch taking = new CountDownLatch(1);
        CountDownLatch asked = new CountDownLatch(1);
        DiskSpace slow = new DiskSpace(
                path -> {
                    taking.countDown();
                    await(asked);
                    return Long.MAX_VALUE;
                },
                path -> Long.MAX_VALUE);
        Ballast ballast = Ballast.in(file, BYTES, slow);
        CompletableFuture<Boolean> back = CompletableFuture.supplyAsync(ballast::takeBack);
        assertThat(taking.await(30, TimeUnit.SECONDS)).isTrue();
        CompletableFuture<Boolean> released = CompletableFuture.supplyAsync(ballast::releaseIfFull);
        assertThat(released.get(10, TimeUnit.SECONDS)).isFalse();
        asked.countDown();
        assertThat(back.get(30, TimeUnit.SECONDS)).isTrue();
    }

    private static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(30, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
