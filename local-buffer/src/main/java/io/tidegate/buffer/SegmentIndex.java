package io.tidegate.buffer;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Which blocks a segment has, when they were committed and what their directories say: enough to find any record with
 * one read of one block.
 *
 * <p>Guarded by its own lock; that of the live segment grows with every commit.
 */
final class SegmentIndex {
    private static final int RUN_FIELDS = 4;

    private long[] lsns = new long[64];
    private long[] times = new long[64];
    private long[] poweredOn = new long[64];
    /** Where the runs of a block end in {@link #runs}, in runs. */
    private int[] runEnds = new int[64];

    private long[] runs = new long[64 * RUN_FIELDS];
    /** Blocks that tell commit-order readers of holes. */
    private final BitSet tells = new BitSet();

    private int count;
    /** Entries that stand for blocks that cannot be read. */
    private final BitSet lost = new BitSet();

    private boolean isDoubtful;

    /**
     * One entry for a whole segment that cannot be read. It stands where the segment ends: who is in its middle has the
     * rest of it before him.
     */
    static SegmentIndex ofLost(SegmentSummary summary) {
        SegmentIndex index = new SegmentIndex();
        List<Run> runs = summary.spans().stream()
                .map(span -> new Run(
                        span.ordinal(), span.first(), (int) Math.min(Integer.MAX_VALUE, span.next() - span.first()), 0))
                .toList();
        index.addLost(summary.nextLsn() - 1, summary.lastTimeMillis(), summary.lastPoweredOnNanos(), runs);
        return index;
    }

    /** Records that no block holds any more. */
    synchronized void addLost(long lsn, long timeMillis, long poweredOnNanos, List<Run> missing) {
        lost.set(count);
        add(lsn, timeMillis, poweredOnNanos, missing, false);
    }

    /** An entry that is in its place after all that have been added. */
    synchronized void add(Entry entry, boolean isTelling) {
        lost.set(count, entry.isLost());
        add(entry.lsn(), entry.timeMillis(), entry.poweredOnNanos(), entry.runs(), isTelling);
    }

    synchronized void add(Block block) {
        BlockHeader header = block.header();
        add(header.lsn(), header.timeMillis(), header.poweredOnNanos(), block.runs(), isTelling(block));
    }

    static boolean isTelling(Block block) {
        return block.entries().stream().anyMatch(entry -> entry instanceof ControlEntry.HoleTold);
    }

    private void add(long lsn, long timeMillis, long poweredOnNanos, List<Run> added, boolean isTelling) {
        if (count == lsns.length) {
            int larger = count * 2;
            lsns = Arrays.copyOf(lsns, larger);
            times = Arrays.copyOf(times, larger);
            poweredOn = Arrays.copyOf(poweredOn, larger);
            runEnds = Arrays.copyOf(runEnds, larger);
        }
        int runCount = count == 0 ? 0 : runEnds[count - 1];
        if ((runCount + added.size()) * RUN_FIELDS > runs.length) {
            runs = Arrays.copyOf(runs, Math.max(runs.length * 2, (runCount + added.size()) * RUN_FIELDS));
        }
        for (Run run : added) {
            int at = runCount++ * RUN_FIELDS;
            runs[at] = run.ordinal();
            runs[at + 1] = run.firstSequenceNumber();
            runs[at + 2] = run.count();
            runs[at + 3] = run.bytes();
        }
        lsns[count] = lsn;
        times[count] = timeMillis;
        poweredOn[count] = poweredOnNanos;
        runEnds[count] = runCount;
        tells.set(count, isTelling);
        count++;
    }

    /** The medium did not give back all that it was made from: another try may find more. */
    synchronized void doubt() {
        isDoubtful = true;
    }

    /** Entries that are lost may be there at another try. */
    synchronized boolean isDoubtful() {
        return isDoubtful;
    }

    /** No entry stands for blocks that cannot be read. */
    synchronized boolean isWhole() {
        return lost.isEmpty();
    }

    /**
     * One block, as the index knows it.
     *
     * @param isLost it stands for one or more blocks that cannot be read
     */
    record Entry(long lsn, long timeMillis, long poweredOnNanos, List<Run> runs, boolean isLost) {
        Entry {
            runs = List.copyOf(runs);
        }
    }

    /** The first block from an LSN on that has records of one of these shards, or tells of a hole; null: none. */
    synchronized @Nullable Entry nextWith(BitSet ordinals, long lsnFrom) {
        for (int i = at(lsnFrom); i < count; i++) {
            if (tells.get(i) || hasAny(i, ordinals)) {
                return entry(i);
            }
        }
        return null;
    }

    /** The first block that has this number of this shard or a greater one; null: none. */
    synchronized @Nullable Entry nextOf(int ordinal, long sequenceNumber, long lsnFrom) {
        for (int i = at(lsnFrom); i < count; i++) {
            for (int run = runStart(i); run < runEnds[i]; run++) {
                int field = run * RUN_FIELDS;
                if (runs[field] == ordinal && runs[field + 1] + runs[field + 2] > sequenceNumber) {
                    return entry(i);
                }
            }
        }
        return null;
    }

    /** The first block from an LSN on that was committed at this corrected time or later; null: none. */
    synchronized @Nullable Entry firstAt(long timeMillis, CorrectedTime corrected, long lsnFrom) {
        for (int i = at(lsnFrom); i < count; i++) {
            if (corrected.of(lsns[i], times[i]) >= timeMillis) {
                return entry(i);
            }
        }
        return null;
    }

    synchronized int count() {
        return count;
    }

    /** Data and keys of some runs together. */
    synchronized long bytes(Predicate<Run> wanted) {
        long bytes = 0;
        for (int i = 0; i < count; i++) {
            for (Run run : entry(i).runs()) {
                bytes += wanted.test(run) ? run.bytes() : 0;
            }
        }
        return bytes;
    }

    /** The first block from an LSN on. */
    synchronized Optional<Entry> firstFrom(long lsn) {
        int i = at(lsn);
        return i < count ? Optional.of(entry(i)) : Optional.empty();
    }

    /** All blocks in order. */
    synchronized void forEach(Consumer<Entry> consumer) {
        for (int i = 0; i < count; i++) {
            consumer.accept(entry(i));
        }
    }

    /** The first block; null: none. */
    synchronized @Nullable Entry first() {
        return count == 0 ? null : entry(0);
    }

    /** The block with this LSN; null: none. */
    synchronized @Nullable Entry get(long lsn) {
        int i = at(lsn);
        return i < count && lsns[i] == lsn ? entry(i) : null;
    }

    private int at(long lsnFrom) {
        int found = Arrays.binarySearch(lsns, 0, count, lsnFrom);
        return found >= 0 ? found : -found - 1;
    }

    private int runStart(int i) {
        return i == 0 ? 0 : runEnds[i - 1];
    }

    private boolean hasAny(int i, BitSet ordinals) {
        for (int run = runStart(i); run < runEnds[i]; run++) {
            if (ordinals.get((int) runs[run * RUN_FIELDS])) {
                return true;
            }
        }
        return false;
    }

    private Entry entry(int i) {
        List<Run> found = new ArrayList<>();
        for (int run = runStart(i); run < runEnds[i]; run++) {
            int at = run * RUN_FIELDS;
            found.add(new Run((int) runs[at], runs[at + 1], (int) runs[at + 2], runs[at + 3]));
        }
        return new Entry(lsns[i], times[i], poweredOn[i], found, lost.get(i));
    }

    /** What later segments are to know about this one. */
    synchronized SegmentSummary summary(int number, long firstLsn, long nextLsn, long bytes, boolean suspect) {
        TreeMap<Integer, SegmentSummary.Span> spans = new TreeMap<>();
        for (int i = 0; i < count && lsns[i] < nextLsn; i++) {
            for (int run = runStart(i); run < runEnds[i]; run++) {
                int at = run * RUN_FIELDS;
                long first = runs[at + 1];
                long next = first + runs[at + 2];
                spans.merge(
                        (int) runs[at],
                        new SegmentSummary.Span((int) runs[at], first, next),
                        (before, added) -> new SegmentSummary.Span(before.ordinal(), before.first(), added.next()));
            }
        }
        return new SegmentSummary(
                number,
                firstLsn,
                nextLsn,
                count == 0 ? 0 : times[count - 1],
                count == 0 ? 0 : poweredOn[count - 1],
                bytes,
                suspect,
                List.copyOf(spans.values()));
    }

    /** The form in the table {@code seal}: count, then per block LSN, time and powered-on time as differences, flag, directory. */
    synchronized byte[] encode() {
        Encoder out = new Encoder(count * 16 + 16).unsigned(count);
        long lsn = 0;
        long time = 0;
        long powered = 0;
        for (int i = 0; i < count; i++) {
            out.unsigned(lsns[i] - lsn).signed(times[i] - time).unsigned(poweredOn[i] - powered);
            out.flag(tells.get(i)).raw(BlockCodec.encodeDirectory(entry(i).runs()));
            lsn = lsns[i];
            time = times[i];
            powered = poweredOn[i];
        }
        return out.toBytes();
    }

    static SegmentIndex decode(byte[] bytes) {
        SegmentIndex index = new SegmentIndex();
        Decoder in = new Decoder(bytes);
        long lsn = 0;
        long time = 0;
        long powered = 0;
        for (int i = in.size(); i > 0; i--) {
            lsn += in.unsigned();
            time += in.signed();
            powered += in.unsigned();
            boolean isTelling = in.flag();
            index.add(lsn, time, powered, BlockCodec.decodeDirectory(in), isTelling);
        }
        return index;
    }
}
