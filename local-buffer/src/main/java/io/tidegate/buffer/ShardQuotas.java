package io.tidegate.buffer;

import io.tidegate.core.runtime.Clock;
import io.tidegate.core.runtime.TokenBucket;
import io.tidegate.core.stream.ShardQuota;
import io.tidegate.core.stream.StreamMode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * What the shards of provisioned streams take from clients; steps 1 to 5 of "Quotas" in
 * docs/design/0006-quotas-consumers-received.md. What a commit takes is settled when it is durable, and given back when
 * it is decided anew.
 *
 * <p>Confined to the log's writer, but for {@link #throttled}.
 */
final class ShardQuotas {
    /** So that what is refused does not come again one by one. */
    static final Duration HOLD_MIN = Duration.ofMillis(100);

    private static final long RETRY_NANOS_MIN = Duration.ofMillis(50).toNanos();

    /** A shard refuses: until a time, and until what was offered before its clients could know is answered. */
    private static final class Hold {
        final long untilNanos;
        boolean isMarked;
        boolean isPassed;

        Hold(long untilNanos) {
            this.untilNanos = untilNanos;
        }

        boolean isOver(long nowNanos) {
            return isPassed && nowNanos - untilNanos >= 0;
        }
    }

    private static final class Quota {
        final TokenBucket bytes;
        final TokenBucket records;
        final List<Hold> holds;
        long takenBytes;
        long takenRecords;
        final LongAdder throttled = new LongAdder();

        Quota(List<Hold> inherited, long nowNanos) {
            bytes = new TokenBucket(ShardQuota.WRITE_BYTES_PER_SECOND, nowNanos);
            records = new TokenBucket(ShardQuota.WRITE_RECORDS_PER_SECOND, nowNanos);
            holds = new ArrayList<>(inherited);
        }
    }

    private final LogState state;
    private final Clock clock;
    private final Map<ShardState, Quota> quotas = new ConcurrentHashMap<>();
    private final List<Quota> touched = new ArrayList<>();
    private final List<Hold> holds = new ArrayList<>();
    private long nowNanos;

    ShardQuotas(LogState state, Clock clock) {
        this.state = state;
        this.clock = clock;
        this.nowNanos = clock.monotonicNanos();
    }

    /** A commit is decided, possibly once more: what was taken since the last one was settled did not go by. */
    void begin() {
        nowNanos = clock.monotonicNanos();
        for (Quota quota : touched) {
            quota.bytes.giveBack(quota.takenBytes);
            quota.records.giveBack(quota.takenRecords);
            quota.takenBytes = 0;
            quota.takenRecords = 0;
        }
        touched.clear();
        // One that was never told to anybody goes with the commit that it was made in.
        holds.removeIf(hold -> !hold.isMarked || hold.isOver(nowNanos));
    }

    /** What the commit took has gone by. */
    void settle() {
        for (Quota quota : touched) {
            quota.takenBytes = 0;
            quota.takenRecords = 0;
        }
        touched.clear();
    }

    /** Whether records of this stream need not be asked for. */
    boolean isExempt(StreamState stream) {
        // While anything is refused, also what has just become on-demand: its clients still have to send again.
        return holds.isEmpty() && stream.settings().mode() == StreamMode.ON_DEMAND;
    }

    /** Takes what a client's record needs, and returns null; or refuses it, and says when to retry. */
    @Nullable
    Duration refusal(StreamState stream, ShardState shard, long bytes) {
        Quota quota = quotas.get(shard);
        if (quota == null) {
            quota = open(stream, shard);
        }
        Hold hold = holdOf(quota);
        boolean isProvisioned = stream.settings().mode() == StreamMode.PROVISIONED;
        if (hold == null && isProvisioned) {
            long wait = Math.max(quota.bytes.nanosUntil(bytes, nowNanos), quota.records.nanosUntil(1, nowNanos));
            if (wait == 0) {
                take(quota, bytes);
                return null;
            }
            hold = new Hold(nowNanos + Math.max(wait, HOLD_MIN.toNanos()));
            quota.holds.add(hold);
            holds.add(hold);
        }
        if (hold == null) {
            return null;
        }
        quota.throttled.increment();
        return Duration.ofNanos(Math.max(RETRY_NANOS_MIN, hold.untilNanos - nowNanos));
    }

    private void take(Quota quota, long bytes) {
        if (quota.takenRecords == 0) {
            touched.add(quota);
        }
        quota.bytes.take(bytes);
        quota.records.take(1);
        quota.takenBytes += bytes;
        quota.takenRecords++;
    }

    /** Null: it does not refuse. */
    private @Nullable Hold holdOf(Quota quota) {
        if (quota.holds.isEmpty()) {
            return null;
        }
        quota.holds.removeIf(hold -> !holds.contains(hold) || hold.isOver(nowNanos));
        Hold longest = null;
        for (Hold hold : quota.holds) {
            longest = longest == null || hold.untilNanos - longest.untilNanos > 0 ? hold : longest;
        }
        return longest;
    }

    /** A child begins with a quota of its own, and refuses as long as a parent would: its keys were the parent's. */
    private Quota open(StreamState stream, ShardState shard) {
        quotas.keySet().removeIf(known -> state.find(known.id()).isEmpty());
        Quota quota = new Quota(holdsOfParents(stream, shard), nowNanos);
        quotas.put(shard, quota);
        return quota;
    }

    private List<Hold> holdsOfParents(StreamState stream, ShardState shard) {
        List<Hold> inherited = new ArrayList<>();
        for (int number : shard.parents()) {
            ShardState parent = stream.shard(number).orElse(null);
            if (parent == null) {
                continue;
            }
            Quota quota = quotas.get(parent);
            inherited.addAll(quota == null ? holdsOfParents(stream, parent) : quota.holds);
        }
        return inherited;
    }

    /** Refusals have been told: what comes behind these marks has been offered later. */
    void mark(CommitQueue queue) {
        for (Hold hold : holds) {
            if (!hold.isMarked) {
                hold.isMarked = true;
                queue.offerAlways(new Submission.Mark(() -> hold.isPassed = true));
            }
        }
    }

    /** How many records of clients a shard has refused, since the log was opened. Thread-safe. */
    long throttled(ShardState shard) {
        Quota quota = quotas.get(shard);
        return quota == null ? 0 : quota.throttled.sum();
    }
}
