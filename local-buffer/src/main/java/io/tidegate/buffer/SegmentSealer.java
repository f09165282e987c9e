package io.tidegate.buffer;

import io.tidegate.core.stream.StreamLogException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.tinylog.Logger;

/**
 * Seals full segments; "Roll" 3 in docs/design/0001-shard-log.md. One that sees an I/O error meanwhile is given up, and
 * its connection neither used nor closed again: closing would write what the kernel may have dropped.
 *
 * <p>Confined to the thread {@code log-keeper}.
 */
final class SegmentSealer {
    /** Connections that must stay open for ever; on a disk that needs more nothing is sealed any more. */
    private static final int PARKED_MAX = 8;

    private final LogReading log;
    private final Queue<LiveSegment> full;
    private final Set<Integer> unsealable = new HashSet<>();
    private final List<Object> parked = new ArrayList<>();
    private final SuspectMarks marks;

    /**
     * @param full connections of segments that have just become full; taken over from the log's writer
     */
    SegmentSealer(LogReading log, Queue<LiveSegment> full, SuspectMarks marks) {
        this.log = log;
        this.marks = marks;
        this.full = full;
    }

    void sealWhatIsFull() {
        marks.askAgain();
        for (LiveSegment segment = full.poll(); segment != null; segment = full.poll()) {
            close(segment);
        }
        for (SegmentSummary summary : log.store().closedSegments()) {
            if (!summary.suspect() && !unsealable.contains(summary.number()) && parked.size() < PARKED_MAX) {
                seal(summary);
            }
        }
    }

    /**
     * Its write-ahead log is emptied first: a failure of that must be seen before the connection is closed. Where no more
     * can be parked, closing does both.
     */
    private void close(LiveSegment segment) {
        log.store().dropReaders(segment.number());
        if (parked.size() < PARKED_MAX) {
            try {
                segment.checkpointAll();
            } catch (SQLException e) {
                if (isFailure(e)) {
                    park(segment);
                    giveUp(segment.number(), e.getMessage());
                    return;
                }
                Logger.debug("Segment {} is checkpointed later: {}", segment.number(), e.getMessage());
            }
        }
        segment.close().filter(SegmentSealer::isFailure).ifPresent(e -> giveUp(segment.number(), e.getMessage()));
    }

    private void park(Object connection) {
        parked.add(connection);
        if (parked.size() == PARKED_MAX) {
            Logger.warn(
                    "The disk has failed {} times when segments were sealed; none is sealed any more until the next start",
                    PARKED_MAX);
        }
    }

    private static boolean isFailure(SQLException e) {
        return Sql.isIoError(e) || Sql.isDamage(e);
    }

    private void seal(SegmentSummary summary) {
        SegmentStore store = log.store();
        Path file = SegmentFile.path(store.directory(), summary.number());
        try {
            if (!Files.exists(file) || !SegmentFile.isInWalMode(file)) {
                return;
            }
            SegmentIndex index = store.indexOf(summary);
            if (!index.isWhole()) {
                // Left in WAL mode, read with care; each reader is told what is missing.
                unsealable.add(summary.number());
                Logger.warn("Segment {} lacks commits and is not sealed", file);
                return;
            }
            // While readers are connected, SQLite cannot leave WAL mode.
            store.dropReaders(summary.number());
            long before = file.toFile().length();
            seal(file, index);
            store.meter().checkpointed(Math.max(0, file.toFile().length() - before));
            store.dropReaders(summary.number());
        } catch (SQLException e) {
            if (isFailure(e)) {
                giveUp(summary.number(), e.getMessage());
            } else {
                Logger.debug("Segment {} is sealed later: {}", file, e.getMessage());
            }
        } catch (IOException | StreamLogException e) {
            Logger.debug("Segment {} is sealed later: {}", file, e.getMessage());
        }
    }

    private void seal(Path file, SegmentIndex index) throws SQLException {
        Connection connection = Sql.openWritable(file);
        try {
            SegmentFile.seal(connection, index.encode());
        } catch (SQLException e) {
            if (isFailure(e)) {
                park(connection);
            } else {
                connection.close();
            }
            throw e;
        }
        connection.close();
    }

    private void giveUp(int number, @Nullable String cause) {
        Logger.warn("Segment {} cannot be sealed and is left as it is: {}", number, cause);
        marks.mark(number, cause);
    }
}
