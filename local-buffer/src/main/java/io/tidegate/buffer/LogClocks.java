package io.tidegate.buffer;

import io.tidegate.core.runtime.Clock;
import io.tidegate.core.runtime.EffectiveClock;
import java.util.random.RandomGenerator;

/**
 * The clocks of an opened log.
 *
 * @param boot which boot of the machine this is, 63 bits, never 0; a number of this opening alone where the machine does
 *     not say, or where its monotonic clock contradicts what it says
 */
record LogClocks(Clock clock, EffectiveClock effective, long boot) {
    /**
     * Raises the effective clock to what the log knows: the time of its newest commit, and, in the same boot, what has
     * gone by on the monotonic clock since.
     *
     * @param machineBoot what the machine says, 0: nothing
     */
    static LogClocks of(
            Clock clock, EffectiveClock effective, LogState state, long machineBoot, RandomGenerator random) {
        ControlEntry.ClockRun run = state.clock().run();
        long sinceNanos = clock.monotonicNanos() - (state.poweredOnNanos() + run.monotonicAheadNanos());
        boolean isSameBoot = run.epoch() != 0 && machineBoot != 0 && run.boot() == machineBoot;
        effective.raiseTo(state.lastTimeMillis() + (isSameBoot && sinceNanos > 0 ? sinceNanos / 1_000_000 : 0));
        boolean isUsable = machineBoot != 0 && !(isSameBoot && sinceNanos < 0);
        return new LogClocks(clock, effective, isUsable ? machineBoot : Math.max(1, random.nextLong() >>> 1));
    }
}
