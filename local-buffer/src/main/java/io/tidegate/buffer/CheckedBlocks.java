package io.tidegate.buffer;

import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StreamName;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Checks the blocks of one segment after the other and folds them into a state. Confined to one thread. */
final class CheckedBlocks implements BlockScan.Sink {
    private final LogState state;
    private final List<LogCheck.Finding> findings;
    private final String where;
    private Map<Integer, List<Run>> runs = new HashMap<>();
    /** Per shard, the number after the last that a rewritten block has no more. */
    private Map<Integer, Long> leftOutBelow = new HashMap<>();

    private long endLsn = Long.MAX_VALUE;
    private long count;
    private long records;
    private boolean damaged;
    private boolean everDamaged;
    /** Shards of which, after damage, no block has said yet where their numbers are. */
    private final Set<Integer> unsure = new HashSet<>();

    private boolean isLsnUnsure;

    CheckedBlocks(LogState state, List<LogCheck.Finding> findings, String where) {
        this.state = state;
        this.findings = findings;
        this.where = where;
    }

    /** Blocks from this LSN on do not exist; what earlier segments held is counted on. */
    CheckedBlocks until(long end, CheckedBlocks earlier) {
        endLsn = end;
        runs = earlier.runs;
        leftOutBelow = earlier.leftOutBelow;
        everDamaged = earlier.everDamaged;
        return this;
    }

    long count() {
        return count;
    }

    long records() {
        return records;
    }

    boolean isDamaged() {
        return damaged;
    }

    boolean isEverDamaged() {
        return everDamaged;
    }

    /** How many records of a shard the blocks hold from a number on. */
    long recordsFrom(int ordinal, long fromInclusive) {
        long found = 0;
        for (Run run : runs.getOrDefault(ordinal, List.of())) {
            found += Math.max(0, run.nextSequenceNumber() - Math.max(fromInclusive, run.firstSequenceNumber()));
        }
        return found;
    }

    /** Where the records of a shard that rewritten blocks have no more end; 0: nothing has been left out. */
    long leftOutBelow(int ordinal) {
        return leftOutBelow.getOrDefault(ordinal, 0L);
    }

    @Override
    public void sound(Block block) {
        if (block.lsn() >= endLsn) {
            return;
        }
        String place = where + " commit " + block.lsn();
        if (block.lsn() != state.lastLsn() + 1 && !isLsnUnsure) {
            find("I3", place, "expected commit " + (state.lastLsn() + 1));
        }
        BlockHeader header = block.header();
        if (header.timeMillis() < state.lastTimeMillis() || header.poweredOnNanos() < state.poweredOnNanos()) {
            find("I8", place, "its time is before that of the commit before");
        }
        isLsnUnsure = false;
        checkEpoch(block, place);
        checkRuns(block, place);
        count++;
        try {
            state.fold(block);
        } catch (DamageException | IllegalArgumentException e) {
            find("I4", place, String.valueOf(e.getMessage()));
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
            long expected =
                    state.shardState(run.ordinal()).map(ShardState::next).orElse(0L);
            boolean isUnsure = unsure.remove(run.ordinal()) && run.firstSequenceNumber() > expected;
            if (run.firstSequenceNumber() != expected && !isUnsure) {
                find(
                        "I4",
                        place + " " + LogCheck.shardName(state, run.ordinal()),
                        "expected number " + expected + ", found " + run.firstSequenceNumber());
            }
            if (state.shardState(run.ordinal()).filter(ShardState::isOpen).isEmpty()) {
                find(
                        "I14",
                        place + " " + LogCheck.shardName(state, run.ordinal()),
                        "records in a shard that is not open");
            }
            runs.computeIfAbsent(run.ordinal(), key -> new ArrayList<>()).add(run);
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
                find("I2", place, "the directory promises " + promised + " records, the body has " + decoded);
            }
        } catch (DamageException | IllegalArgumentException e) {
            find("I2", place, String.valueOf(e.getMessage()));
        }
    }

    private void find(String invariant, String place, String what) {
        findings.add(new LogCheck.Finding(invariant, place, what));
    }

    @Override
    public void damaged(long lsn, String cause) {
        damaged = true;
        everDamaged = true;
        isLsnUnsure = true;
        state.allShards().forEach(shard -> unsure.add(shard.ordinal()));
        find("I2", lsn < 0 ? where : where + " commit " + lsn, cause);
    }
}
