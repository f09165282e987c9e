package io.tidegate.adapters;

import io.tidegate.core.stream.AppendResult;
import java.time.Duration;

/** What became of one message that {@link Ingest} took. */
record IngestAnswer<T>(T token, Outcome outcome) {

    /** How it ended. */
    sealed interface Outcome {
        /** Durable: to be acknowledged. */
        record Stored(AppendResult.Placed place) implements Outcome {}

        /** Taken, by the class of its stream to be acknowledged before it is durable. */
        record Received() implements Outcome {}

        /**
         * Durable in {@code _rejected}, for this reason: to be acknowledged too, sending it again changes nothing.
         *
         * @param byLog the log would not take the record (too large); false: the message could not be decoded
         */
        record Rejected(String reason, boolean byLog) implements Outcome {}

        /** Not stored, and never will be. */
        record Impossible(String reason) implements Outcome {}

        /**
         * Not stored; the device may send it again after this time.
         *
         * @param throttled it sends more than the quota of a shard
         */
        record NotNow(String reason, Duration retryAfter, boolean throttled) implements Outcome {}
    }
}
