package io.tidegate.support;

import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.StreamProducer;

/** Offering as a producer does that has only one record. Stateless. */
public final class Offers {
    private Offers() {}

    /** Offers a record until there is room: the room of earlier ones comes back a moment after their answers. */
    public static void untilTaken(StreamProducer producer, NewRecord record, long correlation) {
        while (!producer.offer(record, correlation)) {
            Thread.onSpinWait();
        }
    }
}
