package io.tidegate.support;

import io.tidegate.core.runtime.Clock;
import io.tidegate.core.runtime.TokenBucket;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.ShardQuota;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The quotas of an {@link InMemoryLog}'s provisioned streams. Guarded by their log. */
final class MemoryQuotas {
    private static final Duration HOLD_MIN = Duration.ofMillis(100);

    private static final class Quota {
        final TokenBucket bytes;
        final TokenBucket records;
        long refusesUntilNanos;
        long throttled;

        Quota(long nowNanos) {
            bytes = new TokenBucket(ShardQuota.WRITE_BYTES_PER_SECOND, nowNanos);
            records = new TokenBucket(ShardQuota.WRITE_RECORDS_PER_SECOND, nowNanos);
            refusesUntilNanos = nowNanos;
        }
    }

    private final Clock clock;
    private final Map<ShardId, Quota> quotas = new HashMap<>();

    MemoryQuotas(Clock clock) {
        this.clock = clock;
    }

    /** Null: taken. From a refusal on, everything is refused until its time is over. */
    @Nullable
    Duration refusal(ShardId shard, long bytes) {
        long now = clock.monotonicNanos();
        Quota quota = quotas.computeIfAbsent(shard, id -> new Quota(now));
        long wait = Math.max(quota.bytes.nanosUntil(bytes, now), quota.records.nanosUntil(1, now));
        if (wait <= 0 && now - quota.refusesUntilNanos >= 0) {
            quota.bytes.take(bytes);
            quota.records.take(1);
            return null;
        }
        quota.throttled++;
        if (now - quota.refusesUntilNanos >= 0) {
            quota.refusesUntilNanos = now + Math.max(wait, HOLD_MIN.toNanos());
        }
        return Duration.ofNanos(quota.refusesUntilNanos - now);
    }

    long throttled(ShardId shard) {
        Quota quota = quotas.get(shard);
        return quota == null ? 0 : quota.throttled;
    }
}
