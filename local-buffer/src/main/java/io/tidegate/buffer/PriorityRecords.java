package io.tidegate.buffer;

import io.tidegate.core.runtime.DiskUser;
import io.tidegate.core.stream.StreamPriority;
import java.util.List;
import org.tinylog.Logger;

/**
 * The records of one priority as a user of the disk. What the files take is counted with the first priority that gives
 * up, as files hold records of all.
 *
 * <p>Gives up on the thread of the log's keeper only.
 */
record PriorityRecords(StreamPriority priority, LogReading log, Retention retention, HorizonMover mover)
        implements DiskUser {
    @Override
    public long usedBytes() {
        return priority == StreamPriority.BULK ? log.store().bytesOnDisk() : 0;
    }

    @Override
    public long reclaim(long bytesMin) {
        if (!mover.isIdle()) {
            return 0;
        }
        List<HorizonMove> moves = retention.reclaim(priority, bytesMin);
        try {
            if (moves.isEmpty() || !mover.move(moves)) {
                return 0;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return 0;
        }
        long bytes = moves.stream().mapToLong(move -> move.moved().bytes()).sum();
        Logger.debug("{} bytes of {} records are given up for space", bytes, priority.text());
        return bytes;
    }
}
