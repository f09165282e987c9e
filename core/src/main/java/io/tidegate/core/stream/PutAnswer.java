package io.tidegate.core.stream;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What became of one offered record.
 *
 * @param correlation as given to {@link StreamProducer#offer}
 * @param place null if and only if refused
 * @param refusal why not, in a sentence; null if stored
 * @param retryAfter after which time a refused record may be offered again; {@link AppendResult#NEVER} if never
 */
public record PutAnswer(
        long correlation,
        AppendResult.@Nullable Placed place,
        @Nullable String refusal,
        @Nullable Duration retryAfter) {
    public static PutAnswer stored(long correlation, AppendResult.Placed place) {
        return new PutAnswer(correlation, place, null, null);
    }

    public static PutAnswer refused(long correlation, String refusal, Duration retryAfter) {
        return new PutAnswer(correlation, null, refusal, retryAfter);
    }

    public boolean isStored() {
        return place != null;
    }
}
