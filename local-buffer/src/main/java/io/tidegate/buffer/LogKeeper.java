package io.tidegate.buffer;

import io.tidegate.core.runtime.Ballast;
import io.tidegate.core.runtime.DiskBudget;
import io.tidegate.core.runtime.Worker;
import io.tidegate.core.stream.StreamPriority;
import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.tinylog.Logger;

/**
 * Seals full segments, moves horizons by age and bytes, and removes segments that nobody can ask for any more; "Roll" 3
 * in docs/design/0001-shard-log.md and "Retain" in docs/design/0010-retention.md.
 *
 * <p>Confined to the thread {@code log-keeper}.
 */
final class LogKeeper implements Worker {
    /** Turns come every second when nobody asks for one. */
    private static final int TURNS_PER_LOOK = 10;

    private final LogReading log;
    private final Tasks tasks;
    private final Ballast ballast;
    private final AtomicBoolean wanted = new AtomicBoolean(true);
    private volatile DiskBudget disk;
    private Optional<String> ballastFailure = Optional.empty();
    /** Segments of which that has been said. */
    private final Set<Integer> undeletable = new HashSet<>();

    private int turns;

    /** What it does at each look, beside sealing and removing files. */
    record Tasks(
            SegmentSealer sealer,
            HorizonMover mover,
            Retention retention,
            ClosedShards closedShards,
            SegmentTrimmer trimmer) {}

    LogKeeper(LogReading log, Tasks tasks, Ballast ballast) {
        this.log = log;
        this.tasks = tasks;
        this.ballast = ballast;
        this.disk = DiskBudget.unlimited(log.store().directory());
    }

    @Override
    public int doWork() throws Exception {
        if (ballast.takeBack()) {
            Logger.info("There is room on the disk again: records are taken");
        }
        tellOfBallast();
        turns++;
        if (!wanted.getAndSet(false) && turns < TURNS_PER_LOOK) {
            return 0;
        }
        turns = 0;
        Steps look = new Steps();
        look.run(tasks.sealer()::sealWhatIsFull);
        look.run(this::moveHorizons);
        look.run(tasks.closedShards()::expire);
        look.run(this::unlink);
        look.run(this::makeRoom);
        look.finish();
        return wanted.get() ? 1 : 0;
    }

    /** What a look does, each step whether or not those before it failed: one broken part must not stop the others. */
    private static final class Steps {
        private @Nullable Exception failure;

        /** A step of a look. */
        @FunctionalInterface
        interface Step {
            void run() throws Exception;
        }

        void run(Step step) throws InterruptedException {
            try {
                step.run();
            } catch (InterruptedException e) {
                throw e;
            } catch (Exception e) {
                Exception first = failure;
                if (first == null) {
                    failure = e;
                } else {
                    first.addSuppressed(e);
                }
            }
        }

        void finish() throws Exception {
            Exception first = failure;
            if (first != null) {
                throw first;
            }
        }
    }

    private void moveHorizons() throws InterruptedException {
        if (tasks.mover().isIdle()) {
            tasks.mover().move(tasks.retention().due());
        }
    }

    /** What is on its way out is out before more is given up. */
    private void makeRoom() {
        if (tasks.trimmer().trim(disk.status().excessBytes() > 0) || disk.balance()) {
            wanted.set(true);
        }
    }

    /** Once for each cause. */
    private void tellOfBallast() {
        Optional<String> failure = ballast.failure();
        if (failure.isPresent() && !failure.equals(ballastFailure)) {
            Logger.warn("Records are refused for longer than they need be: {}", failure.get());
        }
        ballastFailure = failure;
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

    private void unlink() {
        SegmentStore store = log.store();
        List<SegmentSummary> closed = store.closedSegments();
        for (SegmentSummary summary : closed) {
            // The newest but one stays: the live one's snapshot can be made again from it.
            boolean isNewest = summary.number() == store.liveNumber() - 1;
            if (!isNewest && log.state().isBelowHorizons(summary)) {
                unlink(summary);
            }
        }
    }

    /** One that cannot be removed is tried again at the next look, and does not stop the rest. */
    private void unlink(SegmentSummary summary) {
        SegmentStore store = log.store();
        store.remove(summary.number());
        try {
            SegmentFile.delete(store.directory(), summary.number());
            log.state().forget(summary.number());
            undeletable.remove(summary.number());
            Logger.debug("Segment {} is below every horizon and has been removed", summary.number());
        } catch (IOException e) {
            store.addClosed(summary);
            if (undeletable.add(summary.number())) {
                Logger.warn(
                        "Segment {} is below every horizon and cannot be removed: {}", summary.number(), e.toString());
            }
        }
    }
}
