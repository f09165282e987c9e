package io.tidegate.buffer;

import io.tidegate.core.runtime.Clock;
import io.tidegate.core.runtime.ClockSync;
import io.tidegate.core.runtime.EffectiveClock;
import io.tidegate.core.runtime.SystemClock;
import java.nio.file.Path;
import java.util.Random;

/** Opens logs as tests want them. */
final class OpenedLogs {
    static final long BUILD_MILLIS = 1_790_000_000_000L;

    private OpenedLogs() {}

    static ShardLogSettings settings(Path home) {
        return ShardLogSettings.of(home.resolve("log"), "gateway-under-test");
    }

    static ShardLog open(Path home) {
        return open(settings(home), new SystemClock());
    }

    static ShardLog open(ShardLogSettings settings, Clock clock) {
        return open(settings, clock, new Random(7));
    }

    /**
     * @param random where epochs come from: a log that is opened more than once needs more than one
     */
    static ShardLog open(ShardLogSettings settings, Clock clock, Random random) {
        return ShardLog.open(settings, clock, new EffectiveClock(clock, ClockSync.TRUSTED, BUILD_MILLIS), random);
    }
}
