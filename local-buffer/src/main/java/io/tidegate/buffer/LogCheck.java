package io.tidegate.buffer;

import io.tidegate.core.stream.LossLedger;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StreamLogException;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Verifies the numbered invariants of docs/design/0001-shard-log.md on a log directory as far as files show them (I2 to
 * I5, I7 to I9, I11), without changing it; also beside a running gateway. Memory does not grow with the log, but for its
 * list of segments and its gaps.
 *
 * <p>Confined to one thread.
 */
public final class LogCheck {
    static final String REPORT_IT =
            "this is not how a card damages a log, but a fault of Tidegate: please keep a copy of the files and report"
                    + " it";

    private final LogFiles files;
    private final CheckFindings findings = new CheckFindings();
    private final TreeMap<Integer, SegmentSummary> summaries = new TreeMap<>();
    private final Map<Integer, NumberRanges> held = new HashMap<>();
    private final TreeMap<Integer, CheckedBlocks> damaged = new TreeMap<>();
    private final Map<Integer, Long> leftOutBelow = new HashMap<>();
    private LogState state = new LogState();
    private boolean isStateKnown;

    private LogCheck(LogFiles files) {
        this.files = files;
    }

    /**
     * Something that is not as it should be.
     *
     * @param invariant its number in the design note, such as {@code I2}
     * @param where the segment with its file, and the commit within it
     * @param what is wrong, in a sentence without a full stop
     * @param advice what to do about it
     * @param accounted a loss that readers have been told of and that is counted: nothing is wrong with the log beyond it
     */
    public record Finding(String invariant, String where, String what, String advice, boolean accounted) {}

    /**
     * What a check found.
     *
     * @param records in all blocks that are there, expired ones too
     * @param ledgers of all shards; none if the log could not be decrypted
     * @param notDecrypted per key that was not given how many segments are under it: then only checksums, LSNs and indexes
     *     of the whole log were verified
     */
    public record Report(
            int segments,
            long blocks,
            long records,
            List<LossLedger> ledgers,
            List<Finding> findings,
            Map<String, Integer> notDecrypted) {
        public Report {
            ledgers = List.copyOf(ledgers);
            notDecrypted = Map.copyOf(notDecrypted);
            findings = List.copyOf(findings);
        }

        /** Nothing is wrong, but for losses that the log knows of. */
        public boolean isSound() {
            return findings.stream().allMatch(Finding::accounted);
        }
    }

    /** Checks a log that is not encrypted, or one that is as far as that can be done without its keys. */
    public static Report run(Path directory) {
        return run(directory, LogEncryption.none());
    }

    /**
     * Checks {@code HOME/log}.
     *
     * @throws StreamLogException of category reject if there is no log, of category retry if it could not be read
     */
    public static Report run(Path directory, LogEncryption encryption) {
        return LogFiles.look(directory, encryption, files -> check(files, encryption), Report::isSound);
    }

    private static Report check(LogFiles files, LogEncryption encryption) throws IOException, SQLException {
        Map<Integer, Long> missing = files.keys().missing(encryption);
        return missing.isEmpty() ? new LogCheck(files).check() : new ChecksumCheck(files).check(missing.values());
    }

    private Report check() throws IOException, SQLException {
        List<Integer> numbers = files.numbers();
        int newest = numbers.get(numbers.size() - 1);
        readSummaries(newest);
        long blockCount = 0;
        long recordCount = 0;
        int before = 0;
        for (int number : numbers) {
            isStateKnown &= number == before + 1;
            before = number;
            CheckedBlocks blocks = checkSegment(number);
            if (blocks.damages() > 0) {
                damaged.put(number, blocks);
            }
            blockCount += blocks.count();
            recordCount += blocks.records();
            blocks.leftOutBelow().forEach((ordinal, below) -> leftOutBelow.merge(ordinal, below, Math::max));
        }
        checkLosses(numbers, newest);
        List<LossLedger> ledgers = state.allShards().stream().map(state::ledger).toList();
        return new Report(numbers.size(), blockCount, recordCount, ledgers, findings.all(), Map.of());
    }

    /** What the newest segment says about the older ones, their ends above all. */
    private void readSummaries(int newest) throws IOException, SQLException {
        try (Connection connection = files.open(newest)) {
            for (ControlEntry entry : SegmentFile.readSnapshot(connection, files.decryptor(newest, connection))) {
                if (entry instanceof ControlEntry.SegmentPoint point) {
                    summaries.put(point.summary().number(), point.summary());
                }
            }
        } catch (SQLException | DamageException e) {
            LogFiles.throwUnlessDamage(e);
            // Told when the segment itself is checked.
            summaries.clear();
        }
    }

    private CheckedBlocks checkSegment(int number) throws IOException, SQLException {
        SegmentSummary summary = summaries.get(number);
        long endLsn = summary == null ? Long.MAX_VALUE : summary.nextLsn();
        boolean isSuspect = summary != null && summary.suspect();
        CheckedBlocks blocks = new CheckedBlocks(state, findings, where(number), endLsn, isSuspect, held);
        if (files.isLost(number)) {
            blocks.damaged(-1, "the file is empty");
            isStateKnown = false;
            return blocks;
        }
        try (Connection connection = files.open(number);
                BlockUnpacker unpacker = new BlockUnpacker(files.decryptor(number, connection))) {
            SegmentFile.checkFormat(connection, files.path(number));
            isStateKnown |= checkSnapshot(number, connection);
            blocks = new CheckedBlocks(state, findings, where(number), endLsn, isSuspect, held);
            if (!isStateKnown) {
                blocks.begunUnsure();
            }
            BlockScan.scan(connection, unpacker, blocks);
            if (WalFile.hasLostCommits(SegmentFile.walPath(files.path(number)))) {
                blocks.damaged(-1, "commits in its write-ahead log cannot be read");
            }
            checkIndex(number, connection, blocks);
        } catch (SQLException | DamageException e) {
            LogFiles.throwUnlessDamage(e);
            blocks.damaged(-1, String.valueOf(e.getMessage()));
        }
        // Beyond damage nobody can say what the next snapshot must be.
        isStateKnown &= blocks.damages() == 0 && !isSuspect;
        return blocks;
    }

    /** Returns whether the state is known now, whatever it was before. */
    private boolean checkSnapshot(int number, Connection connection) throws SQLException {
        List<ControlEntry> entries;
        try {
            entries = SegmentFile.readSnapshot(connection, files.decryptor(number, connection));
        } catch (SQLException | DamageException e) {
            LogFiles.throwUnlessDamage(e);
            findings.accounted(
                    "I5",
                    where(number),
                    "the copy of the log's state in it cannot be read (" + e.getMessage()
                            + "); the commits before it say the same",
                    "nothing is lost by that alone, but the card has begun to fail: look at its age and its cabling");
            return false;
        }
        LogState restored = new LogState();
        entries.forEach(restored::fold);
        if (isStateKnown) {
            List<String> expected = comparable(state);
            List<String> found = comparable(restored);
            for (int i = 0; i < Math.max(expected.size(), found.size()); i++) {
                String one = i < expected.size() ? expected.get(i) : "nothing";
                String other = i < found.size() ? found.get(i) : "nothing";
                if (!one.equals(other)) {
                    findings.problem(
                            "I5",
                            where(number),
                            "the copy of the log's state in it is not what the commits before it say: expected " + one
                                    + ", found " + other,
                            REPORT_IT);
                    break;
                }
            }
        }
        state = restored;
        return true;
    }

    /** The state as text; what a segment says of itself and of older segments is no part of it. */
    static List<String> comparable(LogState state) {
        return state.snapshot("", 0, List.of()).stream()
                .filter(entry -> !(entry instanceof ControlEntry.SegmentPoint))
                .map(entry -> entry instanceof ControlEntry.LogPoint point
                        ? "commit " + point.lastLsn() + " at " + point.lastTimeMillis() + ", epoch " + point.epoch()
                                + ", shards " + point.nextOrdinal()
                        : entry.getClass().getSimpleName() + " "
                                + HexFormat.of()
                                        .formatHex(ControlCodec.encode(entry).toBytes()))
                .toList();
    }

    /** A sealed segment's index is what readers find records by. */
    private void checkIndex(int number, Connection connection, CheckedBlocks blocks) throws SQLException {
        if (blocks.damages() > 0) {
            return;
        }
        try (Statement statement = connection.createStatement()) {
            Optional<byte[]> index = SegmentFile.readSeal(statement);
            if (index.isPresent() && !Arrays.equals(index.get(), blocks.index().encode())) {
                findings.problem("I5", where(number), "its index is not what its commits say", REPORT_IT);
            }
        } catch (DamageException e) {
            findings.accounted(
                    "I5",
                    where(number),
                    "its index cannot be read (" + e.getMessage() + "); its commits say the same",
                    "nothing is lost by that alone, but the card has begun to fail: look at its age and its cabling");
        }
    }

    private void checkLosses(List<Integer> numbers, int newest) {
        LossCheck losses = new LossCheck(state, held);
        NumberedSpans explained = new NumberedSpans();
        for (SegmentSummary summary : summaries.values()) {
            boolean isMissing = !numbers.contains(summary.number());
            CheckedBlocks blocks = damaged.get(summary.number());
            if (isMissing && !state.isBelowHorizons(summary)) {
                loss(losses, summary, "the file is missing; it held " + losses.lost(summary));
                explained.add(summary);
            } else if (blocks != null) {
                loss(losses, summary, damage(blocks) + "; what they held: " + losses.lost(summary));
                explained.add(summary);
            }
        }
        damaged.forEach((number, blocks) -> {
            if (!summaries.containsKey(number)) {
                newestDamage(number, blocks, number == newest, losses);
            }
        });
        for (ShardState shard : state.allShards()) {
            LossLedger ledger = state.ledger(shard);
            if (!damaged.containsKey(newest) && !ledger.balances()) {
                findings.problem("I7", shard.id().toString(), "its ledger does not balance: " + ledger, REPORT_IT);
            }
            long below = leftOutBelow.getOrDefault(shard.ordinal(), 0L);
            if (below > shard.horizon()) {
                findings.problem(
                        "I15",
                        shard.id().toString(),
                        "records before " + below + " have been left out of a rewritten segment, the horizon is "
                                + shard.horizon(),
                        REPORT_IT);
            }
        }
        if (!damaged.containsKey(newest)) {
            List<LossCheck.Missing> unexplained =
                    losses.uncounted().stream().filter(explained::lacks).toList();
            if (!unexplained.isEmpty()) {
                findings.problem(
                        "I7",
                        "the log",
                        LossCheck.text(unexplained) + " should be there and are in no commit",
                        "readers meet a gap there; keep a copy of the files and report it");
            }
        }
    }

    private static String damage(CheckedBlocks blocks) {
        return (blocks.damages() == 1 ? "a commit or stretch of commits" : blocks.damages() + " commits or stretches")
                + " cannot be read (" + blocks.firstDamage() + ")";
    }

    private void loss(LossCheck losses, SegmentSummary summary, String what) {
        String where = where(summary.number());
        if (losses.uncounted(summary).isEmpty()) {
            findings.accounted(
                    "I2",
                    where,
                    what,
                    "nothing: readers are told of the loss as a gap, and it is counted; the file goes when the rest of"
                            + " it has expired");
        } else {
            findings.problem(
                    "I2",
                    where,
                    what,
                    "readers have not been told yet: a running gateway does that when it next reads there, or is"
                            + " started again; look at the card's age and cabling");
        }
    }

    /** Damage where no later segment says what should be there. */
    private void newestDamage(int number, CheckedBlocks blocks, boolean isNewest, LossCheck losses) {
        boolean isCounted =
                isNewest && !blocks.isEndDamaged() && losses.uncounted().isEmpty();
        if (isCounted) {
            findings.accounted(
                    "I2",
                    where(number),
                    damage(blocks),
                    "nothing: readers are told of the loss as a gap, and it is counted");
        } else {
            findings.problem(
                    "I2",
                    where(number),
                    damage(blocks),
                    "start the gateway (again): it keeps what can be read, tells readers of the rest, and goes on in a"
                            + " new file; look at the card's age and cabling");
        }
    }

    /** The numbers that damaged or missing segments held. */
    private static final class NumberedSpans {
        private final Map<Integer, NumberRanges> spans = new HashMap<>();

        void add(SegmentSummary summary) {
            for (SegmentSummary.Span span : summary.spans()) {
                spans.computeIfAbsent(span.ordinal(), ordinal -> new NumberRanges())
                        .add(span.first(), span.next());
            }
        }

        boolean lacks(LossCheck.Missing missing) {
            NumberRanges known = spans.getOrDefault(missing.shard().ordinal(), new NumberRanges());
            return !known.missing(
                            missing.range().fromInclusive(), missing.range().toExclusive())
                    .isEmpty();
        }
    }

    private String where(int number) {
        return "segment " + number + " (" + files.path(number) + ")";
    }

    static String shardName(LogState state, int ordinal) {
        ShardId shard = state.shard(ordinal);
        return shard == null ? "shard number " + ordinal : shard.toString();
    }
}
