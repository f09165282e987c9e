package io.tidegate.analytics;

import java.time.Duration;

/**
 * Limits of the engine.
 *
 * @param readBytesMax data that one rule reads at a time
 * @param checkpointInterval how long a rule that writes nothing may leave its place uncommitted; after a restart that
 *     much is read again, and nothing is written twice
 * @param retryMax the longest pause of a rule that fails
 */
public record RuleEngineSettings(int readBytesMax, Duration checkpointInterval, Duration retryMax) {
    public RuleEngineSettings {
        if (readBytesMax < 1024 || readBytesMax > 4 << 20) {
            throw new IllegalArgumentException("readBytesMax must be 1 KiB to 4 MiB, found " + readBytesMax);
        }
        if (checkpointInterval.isNegative() || checkpointInterval.isZero()) {
            throw new IllegalArgumentException("checkpointInterval must be positive, found " + checkpointInterval);
        }
        if (retryMax.compareTo(Duration.ofSeconds(1)) < 0) {
            throw new IllegalArgumentException("retryMax must be at least 1s, found " + retryMax);
        }
    }

    /** 256 KiB, 5 seconds, 30 seconds. */
    public static RuleEngineSettings defaults() {
        return new RuleEngineSettings(256 << 10, Duration.ofSeconds(5), Duration.ofSeconds(30));
    }

    /** Splits a budget among so many rules: what is read may stand in memory twice, as input and as output. */
    public static RuleEngineSettings within(long bytes, int rules) {
        long share = bytes / Math.max(1, 2L * rules);
        int readBytes = (int) Math.max(16 << 10, Math.min(256 << 10, share));
        return new RuleEngineSettings(readBytes, Duration.ofSeconds(5), Duration.ofSeconds(30));
    }
}
