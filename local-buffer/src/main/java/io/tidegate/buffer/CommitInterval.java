package io.tidegate.buffer;

import java.time.Duration;

/** The least time between two commits. */
public sealed interface CommitInterval {
    Duration FIXED_MAX = Duration.ofSeconds(1);

    /** What waits is committed as soon as the last commit is durable, however much is written. */
    CommitInterval AT_ONCE = new Auto(0);

    /** 0 to 1 s, always the same. */
    record Fixed(Duration interval) implements CommitInterval {
        public Fixed {
            if (interval.isNegative() || interval.compareTo(FIXED_MAX) > 0) {
                throw new IllegalArgumentException("interval must be 0 to 1s, found " + interval);
            }
        }
    }

    /**
     * At once as long as little is written; up to 250 ms when more is written than a day allows.
     *
     * @param writeBytesPerDay what the log may make the medium write in 24 hours of powered-on time, at least 1 MiB; 0:
     *     as much as comes
     */
    record Auto(long writeBytesPerDay) implements CommitInterval {
        static final long BUDGET_BYTES_MIN = 1 << 20;

        public Auto {
            if (writeBytesPerDay != 0 && writeBytesPerDay < BUDGET_BYTES_MIN) {
                throw new IllegalArgumentException(
                        "writeBytesPerDay must be 0 (no limit) or at least 1 MiB, found " + writeBytesPerDay);
            }
        }
    }
}
