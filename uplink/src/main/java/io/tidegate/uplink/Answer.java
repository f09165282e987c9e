package io.tidegate.uplink;

import io.tidegate.core.stream.ShardEpoch;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/** What a destination said, in the words of lanes. */
public sealed interface Answer {
    /** How far each epoch has come there, in any order. */
    record Known(List<ShardEpoch> epochs) implements Answer {
        public Known {
            epochs = List.copyOf(epochs);
        }
    }

    /** Durable there: everything of the epoch below {@code next}. */
    record Accepted(long epoch, long next, boolean fork) implements Answer {}

    /** Not there, and something before it is missing: ask what is known. */
    record OutOfPlace(String detail) implements Answer {}

    /** Failed, or its fate is unknown: do the same again, not before {@code retryAfter}. */
    record TryLater(String detail, Duration retryAfter) implements Answer {
        static TryLater soon(String detail) {
            return new TryLater(detail, Duration.ZERO);
        }
    }

    /** Nothing that is sent will be taken before a person has changed something. */
    record Refused(String detail) implements Answer {}

    /** Nothing was done; a smaller unit may be taken. */
    record TooLarge(String detail) implements Answer {}

    /** Nothing was done; these records are refused for good, by their sequence numbers. */
    record Rejected(Map<Long, String> reasons) implements Answer {
        public Rejected {
            reasons = Map.copyOf(reasons);
        }
    }

    /** The media object is durable there. */
    record MediaKept() implements Answer {}

    /** The media object will not be taken: {@code held} here or {@code gone}. */
    record MediaNotTaken(String media, String detail) implements Answer {}
}
