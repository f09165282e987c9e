package io.tidegate.buffer;

import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StreamName;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Checks the blocks of one segment and folds them into a state. Confined to one thread. */
final class CheckedBlocks implements BlockScan.Sink {
    private final LogState state;
    private final CheckFindings findings;
    private final String where;
    private final long endLsn;
    private final boolean isDamageKnown;
    private final Map<Integer, NumberRanges> held;
    private final SegmentIndex index = new SegmentIndex();
    /** Per shard, the number after the last that a rewritten block has no more. */
    private final Map<Integer, Long> leftOutBelow = new HashMap<>();

    private long count;
    private long records;
    private long damages;
    private @Nullable String firstDamage;
    /** Shards of which, after damage, no block has said yet where their numbers are. */
    private final Set<Integer> unsure = new HashSet<>();

    private boolean isLsnUnsure;
    /** What came before cannot be read, and no copy of the state: shards may be there that nobody can know here. */
    private boolean isBeginUnknown;

    /**
     * @param endLsn blocks from here on do not exist
     * @param isDamageKnown commits may be missing in between: what they held is looked for in the state's holes
     * @param held takes, per shard's ordinal, the numbers of the sound blocks
     */
    CheckedBlocks(
            LogState state,
            CheckFindings findings,
            String where,
            long endLsn,
            boolean isDamageKnown,
            Map<Integer, NumberRanges> held) {
        this.state = state;
        this.findings = findings;
        this.where = where;
        this.endLsn = endLsn;
        this.isDamageKnown = isDamageKnown;
        this.held = held;
    }

    /** To be said first, of a segment before which nobody knows the state whole. */
    void begunUnsure() {
        isBeginUnknown = true;
        makeUnsure();
    }

    private void makeUnsure() {
        isLsnUnsure = true;
        state.allShards().forEach(shard -> unsure.add(shard.ordinal()));
    }

    long count() {
        return count;
    }

    long records() {
        return records;
    }

    /** Per shard's ordinal, where the records that rewritten blocks have no more end. */
    Map<Integer, Long> leftOutBelow() {
        return leftOutBelow;
    }

    /** How many commits, or stretches of them, could not be read. */
    long damages() {
        return damages;
    }

    String firstDamage() {
        return String.valueOf(firstDamage);
    }

    /** The newest commits of the segment are among those that cannot be read, or may be. */
    boolean isEndDamaged() {
        return isLsnUnsure;
    }

    /** The index of the sound blocks. */
    SegmentIndex index() {
        return index;
    }

    @Override
    public void sound(Block block) {
        if (block.lsn() >= endLsn) {
            return;
        }
        String place = where + ", commit " + block.lsn();
        boolean isAfterLoss = isDamageKnown && block.lsn() > state.lastLsn() + 1;
        if (block.lsn() != state.lastLsn() + 1 && !isLsnUnsure && !isAfterLoss) {
            find("I3", place, "commit " + (state.lastLsn() + 1) + " should come here");
        }
        BlockHeader header = block.header();
        if (header.timeMillis() < state.lastTimeMillis() || header.poweredOnNanos() < state.poweredOnNanos()) {
            find("I8", place, "its time is before that of the commit before");
        }
        // The commit that named another epoch may be among what is lost.
        if (!isAfterLoss && !isLsnUnsure) {
            checkEpoch(block, place);
        }
        isLsnUnsure = false;
        checkRuns(block, place);
        count++;
        index.add(block);
        try {
            state.fold(block);
        } catch (DamageException | IllegalArgumentException e) {
            if (!isBeginUnknown) {
                find("I4", place, String.valueOf(e.getMessage()));
            }
        }
    }

    private void checkEpoch(Block block, String place) {
        long epoch = block.header().epoch();
        if (epoch == state.epoch()) {
            return;
        }
        boolean isNamed = block.entries().stream()
                .anyMatch(entry -> entry instanceof ControlEntry.EpochOpened opened
                        && opened.epoch() == epoch
                        && opened.predecessor() == state.epoch());
        if (!isNamed) {
            find("I11", place, "epoch " + epoch + " begins without naming " + state.epoch());
        }
    }

    private void checkRuns(Block block, String place) {
        for (Run run : block.runs()) {
            checkRun(run, place);
            held.computeIfAbsent(run.ordinal(), ordinal -> new NumberRanges())
                    .add(run.firstSequenceNumber(), run.nextSequenceNumber());
            records += run.count();
        }
        try {
            int decoded = block.records(ordinal -> new ShardId(StreamName.TELEMETRY, ordinal))
                    .size();
            for (LeftOut missing : block.leftOut(ordinal -> new ShardId(StreamName.TELEMETRY, ordinal))) {
                decoded += missing.count();
                leftOutBelow.merge(missing.ordinal(), missing.firstSequenceNumber() + missing.count(), Math::max);
            }
            int promised = block.runs().stream().mapToInt(Run::count).sum();
            if (decoded != promised) {
                find("I2", place, "its directory promises " + promised + " records, its body has " + decoded);
            }
        } catch (DamageException | IllegalArgumentException e) {
            find("I2", place, String.valueOf(e.getMessage()));
        }
    }

    private void checkRun(Run run, String place) {
        Optional<ShardState> shard = state.shardState(run.ordinal());
        if (shard.isEmpty() && isBeginUnknown) {
            return;
        }
        long expected = shard.map(ShardState::next).orElse(0L);
        boolean isUnsure = (unsure.remove(run.ordinal()) || isDamageKnown) && run.firstSequenceNumber() > expected;
        if (run.firstSequenceNumber() != expected && !isUnsure) {
            find(
                    "I4",
                    place,
                    LogCheck.shardName(state, run.ordinal()) + " should go on with number " + expected
                            + " and goes on with " + run.firstSequenceNumber());
        }
        if (shard.filter(ShardState::isOpen).isEmpty()) {
            find("I14", place, LogCheck.shardName(state, run.ordinal()) + " is not open and has records");
        }
    }

    private void find(String invariant, String place, String what) {
        findings.problem(invariant, place, what, LogCheck.REPORT_IT);
    }

    @Override
    public void damaged(long lsn, String cause) {
        damages++;
        if (firstDamage == null) {
            firstDamage = cause;
        }
        makeUnsure();
    }
}
