package io.tidegate.core.stream;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What became of one offered record.
 *
 * @param correlation as given to {@link StreamProducer#offer}
 * @param place null if refused, or received
 * @param refusal why not, in a sentence; null if stored or received
 * @param retryAfter after which time a refused record may be offered again; {@link AppendResult#NEVER} if never
 * @param throttled it was refused because it is beyond the quota of its shard
 */
public record PutAnswer(
        long correlation,
        AppendResult.@Nullable Placed place,
        @Nullable String refusal,
        @Nullable Duration retryAfter,
        boolean throttled) {
    public static PutAnswer stored(long correlation, AppendResult.Placed place) {
        return new PutAnswer(correlation, place, null, null, false);
    }

    public static PutAnswer refused(long correlation, String refusal, Duration retryAfter) {
        return new PutAnswer(correlation, null, refusal, retryAfter, false);
    }

    /** Beyond the quota of a shard. */
    public static PutAnswer throttled(long correlation, ShardId shard, Duration retryAfter) {
        return new PutAnswer(correlation, null, ShardQuota.exceeded(shard), retryAfter, true);
    }

    /** Acknowledged when it was taken, by the class of its stream; nothing more will be said about it. */
    public static PutAnswer received(long correlation) {
        return new PutAnswer(correlation, null, null, null, false);
    }

    public boolean isReceived() {
        return place == null && refusal == null;
    }

    public boolean isStored() {
        return place != null;
    }
}
