package io.tidegate.buffer;

import io.tidegate.core.runtime.EffectiveClock;
import io.tidegate.core.stream.GapReason;
import io.tidegate.core.stream.ShardId;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The state of a log while its blocks are read one after the other, and what damage did to it. Confined to the thread
 * that opens the log.
 */
final class RecoveryFold implements BlockScan.Sink {
    /** The smallest record takes so many bytes of a body: how many an unreadable stretch can have held at most. */
    private static final int RECORD_BYTES_MIN = 5;

    private final ShardLogSettings settings;
    private final EffectiveClock effective;
    private LogState state = new LogState();
    private DuplicateWindow window;
    private SegmentIndex index = new SegmentIndex();
    /** Shards of which nothing verified has been seen since the last damage. */
    private final Set<Integer> unproven = new HashSet<>();

    /** Empty: there is none that can be read. */
    private final Optional<List<ControlEntry>> catalog;

    private boolean isHistoryLost;
    private boolean isLsnUnproven;
    private boolean isSegmentDamaged;
    /** Segments since the snapshot that was restored that have not been read whole: each may have ended in a jump. */
    private int jumpsMissed;

    private @Nullable String cause;

    RecoveryFold(ShardLogSettings settings, EffectiveClock effective) {
        this.settings = settings;
        this.effective = effective;
        this.window = new DuplicateWindow(settings.duplicateKeysMax());
        this.catalog = ShardCatalog.read(settings.directory(), settings.encryption());
    }

    LogState state() {
        return state;
    }

    DuplicateWindow window() {
        return window;
    }

    SegmentIndex index() {
        return index;
    }

    boolean isDamaged() {
        return cause != null;
    }

    String cause() {
        return cause == null ? "" : cause;
    }

    void reset() {
        state = new LogState();
        window = new DuplicateWindow(settings.duplicateKeysMax());
        index = new SegmentIndex();
        isSegmentDamaged = false;
        jumpsMissed = 0;
    }

    /** An entry of a snapshot. */
    void restore(ControlEntry entry) {
        if (entry instanceof ControlEntry.WindowPoint point) {
            window.restore(point);
        } else {
            state.fold(entry);
        }
    }

    @Override
    public void sound(Block block) {
        if (isOutOfOrder(block)) {
            damaged(block.lsn(), "commit " + block.lsn() + " comes after " + state.lastLsn() + " and repeats numbers");
            return;
        }
        if (block.lsn() != state.lastLsn() + 1) {
            damaged(state.lastLsn() + 1, "commit " + (state.lastLsn() + 1) + " is missing before " + block.lsn());
        }
        block.entries().forEach(this::jumpAsTold);
        block.runs().forEach(this::fillBefore);
        block.runs().forEach(run -> unproven.remove(run.ordinal()));
        state.fold(block);
        for (ControlEntry entry : block.entries()) {
            if (entry instanceof ControlEntry.ShardOpened opened) {
                // Of a shard that begins here, nothing was lost before.
                unproven.remove(opened.ordinal());
            }
        }
        fillClosed(block);
        index.add(block);
        DeviceNumbers.forEach(block, (ordinal, sequenceNumber, key, deviceNumber, data) -> {
            ShardId shard = state.shard(ordinal);
            if (shard != null) {
                window.add(
                        new DuplicateWindow.Key(shard.stream(), key),
                        new DuplicateWindow.Seen(deviceNumber, data.crc32c(), ordinal, sequenceNumber));
            }
        });
        window.forgetDeleted(block.entries());
        isLsnUnproven = false;
    }

    /** The snapshot that had the jump cannot be read, the commit that told of it can. */
    private void jumpAsTold(ControlEntry entry) {
        if (entry instanceof ControlEntry.HoleTold told) {
            state.shardState(told.ordinal())
                    .filter(shard -> told.hole().fromInclusive() == shard.next())
                    .ifPresent(shard -> state.fold(new ControlEntry.HoleMade(shard.ordinal(), told.hole())));
        }
    }

    /** The number after the last is written where a shard is closed: nothing of it is unproven from there on. */
    private void fillClosed(Block block) {
        for (ControlEntry entry : block.entries()) {
            if (entry instanceof ControlEntry.ShardClosed closed) {
                unproven.remove(closed.ordinal());
                state.shardState(closed.ordinal())
                        .filter(shard -> closed.nextSequenceNumber() > shard.next())
                        .ifPresent(shard -> missing(shard, closed.nextSequenceNumber()));
            }
        }
    }

    /** A database whose pages are of different ages can show what it has shown before. */
    boolean isOutOfOrder(Block block) {
        return block.lsn() <= state.lastLsn()
                || block.runs().stream().anyMatch(run -> state.shardState(run.ordinal())
                        .filter(shard -> run.firstSequenceNumber() < shard.next())
                        .isPresent());
    }

    /** Numbers are dense: what lies between two verified runs was appended and is lost. */
    private void fillBefore(Run run) {
        state.shardState(run.ordinal()).ifPresent(shard -> {
            if (run.firstSequenceNumber() > shard.next()) {
                missing(shard, run.firstSequenceNumber());
            }
        });
    }

    /** Both ends of the stretch are proven, so it says nothing of other shards. */
    private void missing(ShardState shard, long next) {
        noteDamage("numbers " + shard.next() + " to " + next + " of " + shard + " are missing");
        punch(shard, new Hole(shard.next(), next, next - shard.next(), true, GapReason.CORRUPT, nowMillis()));
    }

    private void noteDamage(String what) {
        if (cause == null) {
            cause = what;
        }
        isSegmentDamaged = true;
    }

    @Override
    public void damaged(long lsn, String what) {
        noteDamage(what);
        isLsnUnproven = true;
        restoreShards();
        state.allShards().stream().filter(ShardState::isOpen).forEach(shard -> unproven.add(shard.ordinal()));
    }

    /**
     * Shards that were opened by a commit that cannot be read: as they were opened, with nothing in them. Those that were
     * closed, or have gone, by such a commit, too.
     */
    private void restoreShards() {
        int endOrdinal = 0;
        Set<Integer> listed = new HashSet<>();
        for (ControlEntry entry : catalog.orElse(List.of())) {
            if (entry instanceof ControlEntry.LogPoint point) {
                endOrdinal = point.nextOrdinal();
                state.skipOrdinals(endOrdinal);
            } else {
                state.fold(entry);
            }
            if (entry instanceof ControlEntry.ShardOpened opened) {
                listed.add(opened.ordinal());
            }
        }
        for (ShardState shard : state.allShards()) {
            if (shard.ordinal() < endOrdinal && !listed.contains(shard.ordinal())) {
                state.fold(new ControlEntry.ShardExpired(shard.ordinal()));
            }
        }
    }

    /** Numbers that the state counts as there and that no block has. */
    void lost(ShardState shard, long fromInclusive, long toExclusive, boolean exact, long timeMillis) {
        long records = toExclusive - fromInclusive;
        punch(shard, new Hole(fromInclusive, toExclusive, records, exact, GapReason.CORRUPT, timeMillis));
    }

    private void punch(ShardState shard, Hole hole) {
        state.fold(new ControlEntry.HoleMade(shard.ordinal(), hole));
        state.fold(new ControlEntry.HoleTold(shard.ordinal(), hole));
    }

    private long nowMillis() {
        return Math.max(state.lastTimeMillis(), effective.now().millis());
    }

    /** Where the blocks of a segment begin, as far as its blocks or the state say. */
    long firstLsn(int number) {
        SegmentIndex.Entry first = index.first();
        return first == null ? state.lastLsn() + 1 : first.lsn();
    }

    /** An older segment has been folded whole; the index starts anew. */
    void endSegment(int number, long firstLsn, long bytes) {
        state.remember(index.summary(number, firstLsn, state.lastLsn() + 1, bytes, isSegmentDamaged));
        index = new SegmentIndex();
        jumpsMissed += isSegmentDamaged ? 1 : 0;
        isSegmentDamaged = false;
    }

    /** An older segment cannot be folded at all. */
    void skipSegment(String what) {
        damaged(-1, what);
        jumpsMissed++;
    }

    /** What a closed shard must have had and no block has. */
    private void fillClosed(ShardState shard, ControlEntry.ShardClosed closed) {
        long missing = closed.nextSequenceNumber() - shard.next();
        if (missing > 0) {
            punch(
                    shard,
                    new Hole(shard.next(), closed.nextSequenceNumber(), missing, true, GapReason.CORRUPT, nowMillis()));
        }
    }

    /**
     * Where nothing proves how a shard went on, its numbers jump; so do LSNs. They jump once more for each segment that
     * the state should know and does not: it may have ended in a jump itself, and numbers beyond that have been given.
     */
    void endDamagedSegment(int number, long firstLsn, long bytes) {
        SegmentSummary summary = index.summary(number, firstLsn, state.lastLsn() + 1, bytes, true);
        long jumps = isHistoryLost ? number : 1L + jumpsMissed;
        for (int ordinal : unproven) {
            state.shardState(ordinal).ifPresent(shard -> {
                long next = shard.next();
                long jump = LogRecovery.JUMP * jumps;
                long middle = next + jump / 2;
                long lostMax = Math.max(1, bytes / RECORD_BYTES_MIN) * jumps;
                punch(shard, new Hole(next, middle, lostMax, false, GapReason.CORRUPT, nowMillis()));
                punch(shard, new Hole(middle, next + jump, 0, true, GapReason.RENUMBERED, nowMillis()));
            });
        }
        state.allShards().forEach(shard -> shard.closed().ifPresent(closed -> fillClosed(shard, closed)));
        if (catalog.isEmpty()) {
            // Shards may be lost whose numbers and ordinals nobody knows. A number below this one can have been given
            // only if a shard got 2^32 records in fewer segments than there were.
            state.startShardsAt(Math.max(state.firstSequenceNumber(), LogRecovery.JUMP * number + 1));
            state.skipOrdinals(state.nextOrdinal() + LogAdmin.SHARDS_IN_ALL_MAX);
        }
        state.remember(summary);
        if (isHistoryLost) {
            state.continueAt(Math.max(state.lastLsn(), number * LogRecovery.JUMP));
        }
        if (isLsnUnproven) {
            state.continueAt(state.lastLsn() + LogRecovery.JUMP * jumps);
        }
    }

    /** Nothing is left of what was before this segment: whatever starts now starts beyond all that can have been. */
    void loseHistory(int number) {
        isHistoryLost = true;
        damaged(-1, "no earlier state can be read");
        state.startShardsAt(number * LogRecovery.JUMP + 1);
    }
}
