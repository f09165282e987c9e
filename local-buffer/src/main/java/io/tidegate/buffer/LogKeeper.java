package io.tidegate.buffer;

import io.tidegate.core.runtime.Ballast;
import io.tidegate.core.runtime.DiskBudget;
import io.tidegate.core.runtime.Worker;
import io.tidegate.core.stream.StreamPriority;
import java.io.IOException;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.atomic.AtomicBoolean;
import org.tinylog.Logger;

/**
 * Seals full segments, moves horizons by age and bytes, and removes segments that nobody can ask for any more; "Roll" 3
 * and "Retain" in docs/design/0001-shard-log.md.
 *
 * <p>Confined to the thread {@code log-keeper}.
 */
final class LogKeeper implements Worker {
    /** Turns come every second when nobody asks for one. */
    private static final int TURNS_PER_LOOK = 10;

    private final LogReading log;
    private final Tasks tasks;
    private final SegmentSealer sealer;
    private final Ballast ballast;
    private final AtomicBoolean wanted = new AtomicBoolean(true);
    private volatile DiskBudget disk;
    private int turns;

    /** What it does at each look, beside sealing and removing files. */
    record Tasks(HorizonMover mover, Retention retention, ClosedShards closedShards, SegmentTrimmer trimmer) {}

    /**
     * @param full connections of segments that have just become full; taken over from the log's writer
     */
    LogKeeper(LogReading log, Tasks tasks, Queue<LiveSegment> full, Ballast ballast) {
        this.log = log;
        this.tasks = tasks;
        this.sealer = new SegmentSealer(log, full);
        this.ballast = ballast;
        this.disk = DiskBudget.unlimited(log.store().directory());
    }

    @Override
    public int doWork() throws Exception {
        if (ballast.takeBack()) {
            Logger.info("There is room on the disk again: records are taken");
        }
        turns++;
        if (!wanted.getAndSet(false) && turns < TURNS_PER_LOOK) {
            return 0;
        }
        turns = 0;
        sealer.sealWhatIsFull();
        if (tasks.mover().isIdle()) {
            tasks.mover().move(tasks.retention().due());
        }
        tasks.closedShards().expire();
        unlink();
        // What is on its way out is out before more is given up.
        if (tasks.trimmer().trim(disk.status().excessBytes() > 0) || disk.balance()) {
            wanted.set(true);
            return 1;
        }
        return 0;
    }

    /** Keeps to the limits of this disk from now on. Thread-safe. */
    void share(DiskBudget budget) {
        for (StreamPriority priority : StreamPriority.values()) {
            budget.add(new PriorityRecords(priority, log, tasks.retention(), tasks.mover()));
        }
        disk = budget;
        lookNow();
    }

    /** The next turn looks. Thread-safe. */
    void lookNow() {
        wanted.set(true);
    }

    private void unlink() throws IOException {
        SegmentStore store = log.store();
        List<SegmentSummary> closed = store.closedSegments();
        for (SegmentSummary summary : closed) {
            // The newest but one stays: the live one's snapshot can be made again from it.
            boolean isNewest = summary.number() == store.liveNumber() - 1;
            if (!isNewest && log.state().isBelowHorizons(summary)) {
                store.remove(summary.number());
                SegmentFile.delete(store.directory(), summary.number());
                log.state().forget(summary.number());
                Logger.debug("Segment {} is below every horizon and has been removed", summary.number());
            }
        }
    }
}
