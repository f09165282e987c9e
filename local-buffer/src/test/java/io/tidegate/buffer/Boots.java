package io.tidegate.buffer;

import static org.awaitility.Awaitility.await;

import io.tidegate.core.runtime.EffectiveClock;
import io.tidegate.core.runtime.FakeClock;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;

/** A machine whose clocks a test moves, and that boots: each boot has a monotonic clock of its own. */
final class Boots {
    private final ShardLogSettings settings;
    private final AtomicBoolean synced = new AtomicBoolean();
    private FakeClock clock = new FakeClock(0);
    private EffectiveClock effective = new EffectiveClock(clock, synced::get, OpenedLogs.BUILD_MILLIS);
    private long boot = 100;

    Boots(ShardLogSettings settings) {
        this.settings = settings;
    }

    FakeClock clock() {
        return clock;
    }

    long boot() {
        return boot;
    }

    boolean isSynced() {
        return synced.get();
    }

    /** The machine starts again, with this on its wall clock and nobody to vouch for it. */
    void boot(long wallMillis) {
        synced.set(false);
        clock = new FakeClock(wallMillis);
        boot++;
    }

    /** A process starts and opens the log; its first commit has been made when this returns. */
    ShardLog open() {
        effective = new EffectiveClock(clock, synced::get, OpenedLogs.BUILD_MILLIS);
        ShardLog log = ShardLog.open(settings, clock, effective, new Random(7), boot);
        await().atMost(Duration.ofSeconds(30)).until(() -> log.status().commits() > 0);
        return log;
    }

    /** Both clocks go on together, as far as a reader in between can see. */
    void advance(Duration duration) {
        boolean before = synced.getAndSet(false);
        clock.advance(duration);
        synced.set(before);
    }

    void set(long wallMillis, boolean isSynced) {
        synced.set(false);
        clock.setWall(wallMillis);
        synced.set(isSynced);
        effective.now();
    }

    long monotonicMillis() {
        return clock.monotonicNanos() / 1_000_000;
    }
}
