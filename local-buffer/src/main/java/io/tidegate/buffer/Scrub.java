package io.tidegate.buffer;

import io.tidegate.core.stream.StreamLogException;
import java.io.IOException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.tinylog.Logger;

/**
 * Reads the sealed segments again, the oldest first, slowly, once a day: damage is counted and told before somebody needs
 * the records. After a restart it begins with the oldest.
 *
 * <p>Confined to the thread {@code log-keeper}.
 */
final class Scrub {
    private static final long BYTES_PER_SECOND = 1 << 20;
    private static final long BYTES_PER_TURN = 10 << 20;
    private static final int READ_BYTES = 256 << 10;
    private static final long PERIOD_NANOS = Duration.ofDays(1).toNanos();

    private final LogReading log;
    private final LongSupplier poweredOnNanos;
    private long turnNanos;
    private long roundNanos;
    private boolean isResting;
    private int segment;
    private long nextLsn;

    /**
     * @param poweredOnNanos how long the log has been open in its whole life
     */
    Scrub(LogReading log, LongSupplier poweredOnNanos) {
        this.log = log;
        this.poweredOnNanos = poweredOnNanos;
        this.turnNanos = poweredOnNanos.getAsLong();
        this.roundNanos = turnNanos;
    }

    /** Reads as much as is due since the last turn. */
    void turn() {
        long now = poweredOnNanos.getAsLong();
        long elapsedMillis = Duration.ofNanos(now - turnNanos).toMillis();
        if (isResting && now - roundNanos < PERIOD_NANOS) {
            return;
        }
        if (isResting) {
            isResting = false;
            roundNanos = now;
            segment = 0;
        }
        long budget = Math.min(BYTES_PER_TURN, elapsedMillis * BYTES_PER_SECOND / 1000);
        if (budget < READ_BYTES) {
            return;
        }
        turnNanos = now;
        try {
            while (budget > 0) {
                Optional<SegmentSummary> current = current();
                if (current.isEmpty()) {
                    isResting = true;
                    return;
                }
                budget -= read(current.get());
            }
        } catch (IOException | SQLException | StreamLogException e) {
            Logger.debug("Reading again goes on later: {}", e.getMessage());
        }
    }

    /** The segment to go on with, at {@link #nextLsn}. */
    private Optional<SegmentSummary> current() throws IOException {
        for (SegmentSummary summary : log.store().closedSegments()) {
            if (summary.number() < segment || summary.suspect()) {
                continue;
            }
            if (summary.number() == segment && nextLsn >= summary.nextLsn()) {
                continue;
            }
            if (LostSegments.isLost(log.store().directory(), summary.number())
                    || SegmentFile.isInWalMode(SegmentFile.path(log.store().directory(), summary.number()))) {
                continue;
            }
            if (summary.number() > segment) {
                segment = summary.number();
                nextLsn = summary.firstLsn();
            }
            return Optional.of(summary);
        }
        return Optional.empty();
    }

    private long read(SegmentSummary summary) throws IOException, SQLException {
        SegmentIndex index = log.store().indexOf(summary);
        Optional<SegmentIndex.Entry> entry = index.firstFrom(nextLsn);
        if (entry.isEmpty() || entry.get().lsn() >= summary.nextLsn()) {
            nextLsn = summary.nextLsn();
            return 1;
        }
        long lsn = entry.get().lsn();
        List<Block> blocks = List.of();
        try {
            blocks = entry.get().isLost()
                    ? List.of()
                    : log.store().read(summary.number(), lsn, summary.nextLsn(), READ_BYTES);
        } catch (SQLException | DamageException e) {
            LogFiles.throwUnlessDamage(e);
        }
        if (blocks.isEmpty() || blocks.get(0).lsn() != lsn) {
            // Asked for as readers do: what fails for the moment is tried again by a later turn.
            SegmentStore.Found found = new SegmentStore.Found(summary.number(), entry.get(), index.isDoubtful());
            if (log.reader().read(found).isEmpty()) {
                entry.get().runs().forEach(run -> report(run, lsn));
            }
            nextLsn = lsn + 1;
            return READ_BYTES;
        }
        nextLsn = blocks.get(blocks.size() - 1).lsn() + 1;
        return Math.max(1, blocks.stream().mapToLong(Block::plainBytes).sum());
    }

    private void report(Run run, long lsn) {
        log.state()
                .shardState(run.ordinal())
                .filter(shard -> log.state().counters(shard).horizon() < run.nextSequenceNumber())
                .ifPresent(shard -> log.damaged(shard, 0, run, lsn));
    }
}
