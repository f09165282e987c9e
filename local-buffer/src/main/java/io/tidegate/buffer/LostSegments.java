package io.tidegate.buffer;

import io.tidegate.core.stream.GapReason;
import java.nio.file.Path;
import java.util.List;
import org.tinylog.Logger;

/**
 * Reports the records of segments whose files are not there any more though their records should be: when the log is
 * opened, before anybody reads there.
 */
final class LostSegments {
    private LostSegments() {}

    /** Whether a segment's file is gone, or has nothing in it. */
    static boolean isLost(Path directory, int number) {
        return SegmentFile.path(directory, number).toFile().length() == 0;
    }

    static void report(LogReading log, List<SegmentSummary> lost) {
        for (SegmentSummary summary : lost) {
            Logger.error(
                    "Segment {} is missing; what it held is lost, and told to readers as a gap",
                    SegmentFile.path(log.store().directory(), summary.number()));
            for (SegmentSummary.Span span : summary.spans()) {
                Hole hole = new Hole(
                        span.first(),
                        span.next(),
                        span.next() - span.first(),
                        true,
                        GapReason.CORRUPT,
                        log.clock().now().millis());
                log.state().shardState(span.ordinal()).ifPresent(shard -> log.reports()
                        .lost(shard, hole, summary.nextLsn() - 1));
            }
        }
    }
}
