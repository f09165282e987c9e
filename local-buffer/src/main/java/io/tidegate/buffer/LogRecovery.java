package io.tidegate.buffer;

import io.tidegate.core.runtime.EffectiveClock;
import io.tidegate.core.stream.StreamLogException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.tinylog.Logger;

/**
 * Opens a log directory: finds its state, repairs what a damaged live segment leaves open, and says where to go on;
 * "Open" in docs/design/0001-shard-log.md. Confined to the thread that opens the log.
 */
final class LogRecovery {
    /** How far numbers jump where continuity cannot be proven. */
    static final long JUMP = 1L << 32;

    private static final int READ_TRIES = 2;
    private static final String WAL_DAMAGED = "commits in its write-ahead log cannot be read";

    private final ShardLogSettings settings;
    private final Path directory;
    private final EffectiveClock effective;
    private SegmentKeys keys = new SegmentKeys();

    /** An opened log directory. {@code toTell} belongs into the first commit; the files of {@code lost} are not there. */
    record Opened(
            LogState state,
            DuplicateWindow window,
            SegmentStore store,
            LiveSegment live,
            List<ControlEntry> toTell,
            List<SegmentSummary> lost) {
        Opened {
            toTell = List.copyOf(toTell);
            lost = List.copyOf(lost);
        }
    }

    LogRecovery(ShardLogSettings settings, EffectiveClock effective) {
        this.settings = settings;
        this.directory = settings.directory();
        this.effective = effective;
    }

    Opened open() throws IOException, SQLException {
        keys = SegmentKeys.look(directory);
        // Before anything is touched: without its key a sound segment looks like a broken one.
        keys.require(
                directory,
                settings.encryption(),
                StreamLogException.Category.FATAL,
                "name the key's file under log.encryption.keys, after the one in use; without it what the segment holds"
                        + " is lost");
        SegmentFile.deleteUnfinished(directory);
        SegmentFile.rollBackJournals(directory);
        List<Integer> numbers = SegmentFile.list(directory);
        if (numbers.isEmpty()) {
            create(1, new RecoveryFold(settings, effective));
            numbers = List.of(1);
        }
        int number = numbers.get(numbers.size() - 1);
        RecoveryFold fold = new RecoveryFold(settings, effective);
        // Asked before SQLite has the file: it takes damage for the end.
        boolean isWalDamaged = WalFile.hasLostCommits(SegmentFile.walPath(SegmentFile.path(directory, number)));
        LiveSegment live;
        try {
            live = openLive(number);
        } catch (SQLException | DamageException e) {
            if (e instanceof SQLException sql && !Sql.isDamage(sql) && !Sql.isUnreadable(sql)) {
                throw new StreamLogException(
                        StreamLogException.Category.FATAL,
                        "segment " + SegmentFile.path(directory, number) + " cannot be opened: " + e.getMessage(),
                        e);
            }
            loadStateBefore(number, fold);
            // Only now are the shards known of which nothing more can be read.
            fold.damaged(-1, String.valueOf(e.getMessage()));
            return quarantine(number, fold);
        }
        if (!loadSnapshot(live, fold)) {
            loadStateBefore(number, fold);
        }
        long firstLsn = fold.state().lastLsn() + 1;
        live.scan(fold);
        if (isWalDamaged) {
            fold.damaged(-1, WAL_DAMAGED);
        }
        if (fold.isDamaged()) {
            // Not closed: closing would write into it.
            return quarantine(number, fold);
        }
        // A process that ended between writing and syncing has left commits that only the page cache may hold.
        SegmentFile.syncWal(directory, number);
        ShardCatalog.keep(directory, fold.state(), settings.encryption());
        SegmentStore store = new SegmentStore(directory, settings.encryption(), keys);
        store.setLive(number, firstLsn, fold.index());
        List<SegmentSummary> lost = addClosed(store, fold.state(), number);
        return new Opened(fold.state(), fold.window(), store, live, fold.state().untold(), lost);
    }

    /** A failure to read that passes must not end a segment. */
    private LiveSegment openLive(int number) throws SQLException {
        Path file = SegmentFile.path(directory, number);
        for (int tries = 0; tries < READ_TRIES && !SegmentFile.isReadable(file); tries++) {
            Logger.error("Segment {} cannot be read whole", file);
        }
        return LiveSegment.open(directory, number, settings.encryption());
    }

    private static boolean loadSnapshot(LiveSegment live, RecoveryFold fold) {
        try {
            live.snapshot().forEach(fold::restore);
            return true;
        } catch (SQLException | DamageException e) {
            Logger.warn("The snapshot of segment {} is damaged: {}", live.number(), e.getMessage());
            fold.damaged(-1, String.valueOf(e.getMessage()));
            return false;
        }
    }

    /** The state at the end of the segment before this one, from that one's snapshot and blocks. */
    private void loadStateBefore(int number, RecoveryFold fold) throws IOException {
        fold.reset();
        int before = number - 1;
        Path file = SegmentFile.path(directory, before);
        if (!Files.exists(file)) {
            if (before > 1 && SegmentFile.list(directory).get(0) < before) {
                loadStateBefore(before, fold);
                fold.skipSegment("segment " + before + " is missing");
            } else {
                fold.loseHistory(number);
            }
            return;
        }
        boolean isWalDamaged = WalFile.hasLostCommits(SegmentFile.walPath(file));
        try (SegmentReader reader = SegmentReader.open(file, !SegmentFile.isInWalMode(file), settings.encryption())) {
            try {
                reader.snapshot().forEach(fold::restore);
            } catch (SQLException | DamageException e) {
                loadStateBefore(before, fold);
            }
            long firstLsn = fold.state().lastLsn() + 1;
            reader.scan(fold);
            if (isWalDamaged) {
                fold.damaged(-1, WAL_DAMAGED);
            }
            fold.endSegment(before, firstLsn, SegmentFile.bytesOnDisk(directory, before));
        } catch (SQLException e) {
            Logger.error("Segment {} cannot be read either: {}", file, e.getMessage());
            loadStateBefore(before, fold);
            fold.skipSegment(String.valueOf(e.getMessage()));
        }
    }

    private Opened quarantine(int number, RecoveryFold fold) throws IOException, SQLException {
        Logger.error(
                "Segment {} is damaged ({}); what verifies is served, the log goes on in a new one",
                SegmentFile.path(directory, number),
                fold.cause());
        long firstLsn = fold.firstLsn(number);
        fold.endDamagedSegment(number, firstLsn, SegmentFile.bytesOnDisk(directory, number));
        List<ControlEntry> toTell = new ArrayList<>(fold.state().untold());
        toTell.add(new ControlEntry.SegmentQuarantined(number, fold.cause()));
        create(number + 1, fold);
        ShardCatalog.keep(directory, fold.state(), settings.encryption());
        SegmentStore store = new SegmentStore(directory, settings.encryption(), keys);
        store.setLive(number + 1, fold.state().lastLsn() + 1, new SegmentIndex());
        List<SegmentSummary> lost = addClosed(store, fold.state(), number + 1);
        LiveSegment live = LiveSegment.open(directory, number + 1, settings.encryption());
        return new Opened(fold.state(), fold.window(), store, live, toTell, lost);
    }

    private void create(int number, RecoveryFold fold) throws SQLException, IOException {
        SegmentFile.create(
                directory,
                number,
                fold.state()
                        .snapshot(settings.gatewayId(), number, fold.window().snapshot()),
                settings.encryption());
        keys.written(number, settings.encryption().currentKeyId());
    }

    /** Lines up the older segments with the files that are there; those that should be there and are not. */
    private List<SegmentSummary> addClosed(SegmentStore store, LogState state, int liveNumber) throws IOException {
        List<SegmentSummary> lost = new ArrayList<>();
        int oldest = liveNumber;
        for (SegmentSummary summary : state.segments()) {
            boolean isGone = LostSegments.isLost(directory, summary.number());
            if (isGone && state.isBelowHorizons(summary)) {
                state.forget(summary.number());
            } else {
                store.addClosed(summary);
                oldest = Math.min(oldest, summary.number());
                if (isGone) {
                    lost.add(summary);
                }
            }
        }
        if (state.firstSequenceNumber() > 1) {
            // The history is lost: nothing says that an older file may go, and it may still be salvaged.
            return lost;
        }
        for (int number : SegmentFile.list(directory)) {
            if (number < oldest) {
                // Removed before, but the removal had not reached the disk.
                SegmentFile.delete(directory, number);
                store.keys().removed(number);
            }
        }
        return lost;
    }
}
