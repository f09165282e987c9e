package io.tidegate.buffer;

import io.tidegate.core.runtime.EffectiveClock;
import io.tidegate.core.stream.HashKey;
import io.tidegate.core.stream.HashKeyRange;
import io.tidegate.core.stream.ShardId;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * Makes an ordinary log of what a damaged one still holds, segment by segment; steps: docs/design/0007-salvage.md. Commits
 * keep their LSNs, records their numbers; what is missing becomes holes; new numbers begin beyond all that can have been
 * given.
 *
 * <p>Confined to one thread.
 */
final class SalvageBuild {
    private final ShardLogSettings from;
    private final Path to;
    private final EffectiveClock effective;
    private final SalvagePlan plan;
    private final Map<Integer, NumberRanges> held = new HashMap<>();
    private final List<SegmentSummary> written = new ArrayList<>();
    private final SalvageTally tally = new SalvageTally();
    /** One time for all that is found missing: the same hole is found again with each segment. */
    private final long nowMillis;

    private @Nullable RecoveryFold fold;

    /**
     * @param from the damaged log, and whose it is
     * @param to the directory of the new one
     */
    SalvageBuild(ShardLogSettings from, Path to, EffectiveClock effective, SalvagePlan plan) {
        this.from = from;
        this.to = to;
        this.effective = effective;
        this.plan = plan;
        this.nowMillis = effective.now().millis();
    }

    SalvageTally tally() {
        return tally;
    }

    /** Takes over what one segment still has. */
    void add(int number) throws IOException, SQLException {
        Decryptor decryptor = from.encryption().decryptor(number, OptionalLong.empty());
        try (SegmentSalvage segment =
                        SegmentSalvage.look(SegmentFile.path(from.directory(), number), from.encryption());
                BlockUnpacker unpacker = new BlockUnpacker(decryptor)) {
            Collection<SegmentSalvage.Found> blocks = segment.blocks(plan.epochs());
            blocks.removeIf(block -> block.lsn() >= plan.endLsn(number));
            tally.segment(number, segment, blocks.size());
            RecoveryFold state = begin(number, segment, blocks);
            if (state != null && !blocks.isEmpty()) {
                write(number, segment, blocks, new Target(state, unpacker, decryptor));
            }
        }
    }

    private record Target(RecoveryFold fold, BlockUnpacker unpacker, Decryptor decryptor) {}

    /** The state before a segment; null: as long as nothing has been found. */
    private @Nullable RecoveryFold begin(int number, SegmentSalvage segment, Collection<SegmentSalvage.Found> blocks) {
        RecoveryFold before = fold;
        if (segment.isSnapshotWhole()) {
            RecoveryFold restored = new RecoveryFold(from, effective);
            segment.snapshotRows().forEach(restored::restore);
            restored.state().segments().forEach(older -> restored.state().forget(older.number()));
            tellLost(restored);
            if (before != null) {
                settle(before.state(), restored.state());
            }
            written.forEach(restored.state()::remember);
            fold = restored;
        } else if (before == null) {
            if (blocks.isEmpty() && segment.snapshotRows().isEmpty()) {
                return null;
            }
            RecoveryFold begun = new RecoveryFold(from, effective);
            segment.snapshotRows().stream()
                    .filter(entry -> !(entry instanceof ControlEntry.SegmentPoint))
                    .sorted(Comparator.comparing(entry -> entry instanceof ControlEntry.StreamSet ? 0 : 1))
                    .forEach(begun::restore);
            begun.loseHistory(number);
            fold = begun;
        } else {
            segment.snapshotRows().stream()
                    .filter(entry -> entry instanceof ControlEntry.CheckpointSet
                            || entry instanceof ControlEntry.StateSet
                            || entry instanceof ControlEntry.StreamSet)
                    .forEach(before::restore);
            before.damaged(-1, "the state in segment " + number + " cannot be read");
            suspectLast();
        }
        return fold;
    }

    /** What a segment says was there, and no block that was found before has. */
    private void tellLost(RecoveryFold restored) {
        LogState state = restored.state();
        for (ShardState shard : state.allShards()) {
            long from = Math.max(shard.horizon(), plan.horizon(shard.ordinal()));
            NumberRanges known = state.holes(shard);
            for (NumberRanges.Range range :
                    held.getOrDefault(shard.ordinal(), new NumberRanges()).missing(from, shard.next())) {
                known.missing(range.fromInclusive(), range.toExclusive())
                        .forEach(part ->
                                restored.lost(shard, part.fromInclusive(), part.toExclusive(), true, nowMillis));
            }
        }
    }

    /** A segment after which the log does not go on as its blocks say has lost some of them. */
    private void settle(LogState folded, LogState following) {
        if (!LogCheck.comparable(folded).equals(LogCheck.comparable(following))) {
            suspectLast();
        }
    }

    private void suspectLast() {
        if (!written.isEmpty()) {
            int last = written.size() - 1;
            written.set(last, written.get(last).asSuspect());
        }
    }

    private void write(int number, SegmentSalvage segment, Collection<SegmentSalvage.Found> blocks, Target target)
            throws SQLException, IOException {
        LogState state = target.fold().state();
        SegmentSalvage.Found first = blocks.iterator().next();
        if (state.epoch() == 0) {
            // Nothing says what was before.
            segment.read(first).ifPresent(stored -> startAt(state, number, stored.header()));
        }
        blocks.forEach(found -> define(found, target.fold()));
        long firstLsn = state.lastLsn() + 1;
        try (SalvageFile file = SalvageFile.create(to, number, snapshot(number, target.fold()), from.encryption())) {
            for (SegmentSalvage.Found found : blocks) {
                Optional<StoredBlock> stored = segment.read(found);
                if (stored.isEmpty() || !take(stored.get(), target)) {
                    tally.leftOut();
                } else {
                    file.add(target.decryptor().block(stored.get()));
                }
            }
            file.seal(target.fold().index().encode());
        }
        target.fold().endSegment(number, firstLsn, SegmentFile.bytesOnDisk(to, number));
        state.segments().stream().filter(summary -> summary.number() == number).forEach(written::add);
    }

    private void startAt(LogState state, int number, BlockHeader header) {
        state.fold(new ControlEntry.LogPoint(
                from.gatewayId(),
                number,
                header.lsn() - 1,
                header.timeMillis(),
                header.poweredOnNanos(),
                header.epoch(),
                state.nextOrdinal(),
                state.firstSequenceNumber(),
                0));
    }

    private List<ControlEntry> snapshot(int number, RecoveryFold state) {
        return state.state().snapshot(from.gatewayId(), number, state.window().snapshot());
    }

    /** Folds a block, if it can be one of this log. */
    private boolean take(StoredBlock stored, Target target) {
        try {
            Block block = target.unpacker().unpack(stored);
            skipPast(block, target.fold());
            if (target.fold().isOutOfOrder(block)) {
                return false;
            }
            target.fold().sound(block);
            for (Run run : block.runs()) {
                held.computeIfAbsent(run.ordinal(), ordinal -> new NumberRanges())
                        .add(run.firstSequenceNumber(), run.nextSequenceNumber());
            }
            return true;
        } catch (DamageException | IllegalArgumentException e) {
            // Its checksum is right and its content is not: a fault of ours, and nothing that may go on.
            target.fold().damaged(stored.lsn(), String.valueOf(e.getMessage()));
            return false;
        }
    }

    /**
     * Shards of which the opening is lost begin with the first number that is found, and before the segment in which that
     * is.
     */
    private void define(SegmentSalvage.Found found, RecoveryFold target) {
        for (Run run : found.runs()) {
            if (target.state().shardState(run.ordinal()).isEmpty() && !plan.isOpenedUntil(run.ordinal(), found.lsn())) {
                plan.define(run.ordinal(), run.firstSequenceNumber(), nowMillis).forEach(target::restore);
            }
        }
    }

    /** Of a shard's past nothing is known: some may have expired, some may be lost. */
    private void skipPast(Block block, RecoveryFold target) {
        for (Run run : block.runs()) {
            target.state()
                    .shardState(run.ordinal())
                    .filter(shard -> shard.counters().appended() == 0 && run.firstSequenceNumber() > shard.next())
                    .ifPresent(shard -> target.lost(shard, shard.next(), run.firstSequenceNumber(), false, nowMillis));
        }
    }

    /** Makes the segment that new records go to. False: nothing has been found at all. */
    boolean finish(int newest) throws IOException, SQLException {
        RecoveryFold last = fold;
        if (last == null) {
            return false;
        }
        LogState state = last.state();
        last.damaged(-1, "salvaged");
        tally.finish(state, held);
        last.endDamagedSegment(newest, state.lastLsn() + 1, SegmentFile.bytesOnDisk(from.directory(), newest));
        state.forget(newest);
        suspectLast();
        written.forEach(state::remember);
        coverEveryKey(state);
        SegmentFile.create(to, newest + 1, snapshot(newest + 1, last), from.encryption());
        return true;
    }

    /** I14: where shards are lost, one new shard takes the place of all open ones of its stream. */
    private static void coverEveryKey(LogState state) {
        for (StreamState stream : state.allStreams()) {
            List<ShardState> open =
                    stream.shards().stream().filter(ShardState::isOpen).toList();
            if (isCovered(open)) {
                continue;
            }
            List<Integer> parents =
                    open.stream().map(shard -> shard.id().number()).toList();
            for (ShardState shard : open) {
                state.fold(new ControlEntry.ShardClosed(shard.ordinal(), shard.next(), state.poweredOnNanos()));
            }
            int number = Math.max(stream.nextShardNumber(), state.firstShardNumber(stream.name()));
            state.fold(new ControlEntry.ShardOpened(
                    state.nextOrdinal(),
                    new ShardId(stream.name(), number),
                    new HashKeyRange(HashKey.MIN, HashKey.MAX),
                    state.firstSequenceNumber(),
                    parents));
        }
    }

    private static boolean isCovered(List<ShardState> open) {
        List<HashKeyRange> ranges = open.stream()
                .map(ShardState::range)
                .sorted(Comparator.comparing(HashKeyRange::startInclusive))
                .toList();
        BigInteger next = BigInteger.ZERO;
        for (HashKeyRange range : ranges) {
            if (!range.startInclusive().value().equals(next)) {
                return false;
            }
            next = range.endInclusive().value().add(BigInteger.ONE);
        }
        return next.equals(HashKey.MAX.value().add(BigInteger.ONE));
    }
}
