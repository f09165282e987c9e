package io.tidegate.gateway.http;

import io.tidegate.core.runtime.Clock;
import io.tidegate.core.runtime.TokenBucket;
import io.tidegate.core.stream.LogEntry;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.ShardQuota;
import io.tidegate.core.stream.StreamDescription;
import io.tidegate.core.stream.StreamLog;
import io.tidegate.core.stream.StreamMode;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamRecord;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What clients read of the shards of provisioned streams, as long as they share it. A read is let through while
 * anything of the second's worth is left, and paid in full: what it takes beyond delays those that follow.
 *
 * <p>Thread-safe.
 */
final class ReadQuotas {
    private static final class Quota {
        final TokenBucket bytes;
        long throttled;

        Quota(long nowNanos) {
            bytes = new TokenBucket(ShardQuota.READ_BYTES_PER_SECOND, nowNanos);
        }
    }

    private final StreamLog log;
    private final Clock clock;
    /** Guarded by this. At most one for each shard that is listed. */
    private final Map<ShardId, Quota> quotas = new HashMap<>();

    ReadQuotas(StreamLog log, Clock clock) {
        this.log = log;
        this.clock = clock;
    }

    /**
     * How long a reader has to wait, 0: it may read now.
     *
     * @param shard null: all of the stream
     */
    long waitNanos(StreamName stream, @Nullable ShardId shard) {
        Optional<StreamDescription> provisioned = provisioned(stream);
        return provisioned.isEmpty() ? 0 : waitNanos(provisioned.get(), shard);
    }

    private synchronized long waitNanos(StreamDescription stream, @Nullable ShardId shard) {
        long now = clock.monotonicNanos();
        long longest = 0;
        for (Map.Entry<ShardId, Quota> one : quotas.entrySet()) {
            boolean isAsked = shard == null
                    ? one.getKey().stream().equals(stream.name())
                    : one.getKey().equals(shard);
            long wait = isAsked ? one.getValue().bytes.nanosUntil(1, now) : 0;
            if (wait > 0) {
                one.getValue().throttled++;
                longest = Math.max(longest, wait);
            }
        }
        return longest;
    }

    /** These have been read. */
    void charge(StreamName stream, List<LogEntry> entries) {
        Optional<StreamDescription> provisioned = entries.isEmpty() ? Optional.empty() : provisioned(stream);
        if (provisioned.isPresent()) {
            charge(entries);
        }
    }

    private synchronized void charge(List<LogEntry> entries) {
        for (LogEntry entry : entries) {
            if (entry instanceof StreamRecord record) {
                Quota quota = quotas.get(record.shard());
                if (quota == null) {
                    quotas.keySet().removeIf(this::isGone);
                    quota = new Quota(clock.monotonicNanos());
                    quotas.put(record.shard(), quota);
                }
                quota.bytes.take(
                        (long) record.data().length() + record.partitionKey().length());
            }
        }
    }

    private boolean isGone(ShardId shard) {
        return log.admin().describe(shard.stream()).stream()
                .flatMap(stream -> stream.shards().stream())
                .noneMatch(listed -> listed.id().equals(shard));
    }

    private Optional<StreamDescription> provisioned(StreamName stream) {
        return log.admin().describe(stream).filter(found -> found.settings().mode() == StreamMode.PROVISIONED);
    }

    /** How often a reader of this shard had to wait or was sent away, since the start. */
    synchronized long throttled(ShardId shard) {
        Quota quota = quotas.get(shard);
        return quota == null ? 0 : quota.throttled;
    }
}
