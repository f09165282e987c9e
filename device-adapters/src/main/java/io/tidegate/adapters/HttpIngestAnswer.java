package io.tidegate.adapters;

import io.tidegate.core.stream.ShardId;
import java.time.Duration;

/** What became of a message that came over HTTP. */
public sealed interface HttpIngestAnswer {
    /**
     * Durable: 200.
     *
     * @param duplicate it was recognised as a second copy; the place is the first copy's
     */
    record Accepted(ShardId shard, long sequenceNumber, boolean duplicate) implements HttpIngestAnswer {}

    /** Taken, by the class of its stream to be acknowledged before it is durable: 202. */
    record Received() implements HttpIngestAnswer {}

    /** Durable in {@code _rejected}, for this reason: 200 as well, sending it again changes nothing. */
    record Rejected(String reason) implements HttpIngestAnswer {}

    /** A route says that such messages are forgotten: 200. */
    record Dropped() implements HttpIngestAnswer {}

    /**
     * Not stored, come again after this time: 503 with Retry-After, 429 if it is throttled.
     *
     * @param throttled more than the quota of a shard
     */
    record NotNow(String reason, Duration retryAfter, boolean throttled) implements HttpIngestAnswer {}

    /** Not stored: 413. */
    record TooLarge(int bytesMax) implements HttpIngestAnswer {}

    /** Not stored, and never will be: 422. */
    record Impossible(String reason) implements HttpIngestAnswer {}
}
