package io.tidegate.buffer;

import java.util.List;

/**
 * What later segments know about an older one, without opening it.
 *
 * @param nextLsn its end: blocks from here on, if the file has any, do not exist
 * @param lastTimeMillis effective time of its last block
 * @param lastPoweredOnNanos powered-on time of its last block
 * @param bytes size of the file, about
 * @param suspect never to be written, checkpointed or sealed
 * @param spans what it holds of each shard
 */
record SegmentSummary(
        int number,
        long firstLsn,
        long nextLsn,
        long lastTimeMillis,
        long lastPoweredOnNanos,
        long bytes,
        boolean suspect,
        List<Span> spans) {
    /** The numbers [first, next) of one shard; some of them may be holes. */
    record Span(int ordinal, long first, long next) {}

    SegmentSummary {
        spans = List.copyOf(spans);
    }

    SegmentSummary asSuspect() {
        return new SegmentSummary(number, firstLsn, nextLsn, lastTimeMillis, lastPoweredOnNanos, bytes, true, spans);
    }
}
