package io.tidegate.buffer;

import io.tidegate.core.stream.LossLedger;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StreamLogException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.TreeMap;

/**
 * Verifies the numbered invariants of docs/design/0001-shard-log.md on a log directory, without changing it; also beside
 * a running gateway.
 *
 * <p>Confined to one thread.
 */
public final class LogCheck {
    /** Files may be sealed or removed by a running gateway while they are looked at: then the check starts again. */
    private static final int ATTEMPTS_MAX = 3;

    private final Path directory;
    private final List<Finding> findings = new ArrayList<>();
    private final TreeMap<Integer, SegmentSummary> summaries = new TreeMap<>();
    private LogState state = new LogState();
    private CheckedBlocks blocks = new CheckedBlocks(state, findings, "");
    private boolean isStateKnown;

    private LogCheck(Path directory) {
        this.directory = directory;
    }

    /**
     * Something that is not as it must be.
     *
     * @param invariant its number in the design note, such as {@code I2}
     * @param where the segment, and the commit or shard within it
     * @param what expected and found
     */
    public record Finding(String invariant, String where, String what) {}

    /**
     * What a check found.
     *
     * @param records in all blocks that are there, expired ones too
     * @param ledgers of all shards
     */
    public record Report(int segments, long blocks, long records, List<LossLedger> ledgers, List<Finding> findings) {
        public Report {
            ledgers = List.copyOf(ledgers);
            findings = List.copyOf(findings);
        }

        public boolean isSound() {
            return findings.isEmpty();
        }
    }

    /**
     * Checks {@code HOME/log}.
     *
     * @throws StreamLogException of category reject if there is no log, of category retry if it could not be read
     */
    public static Report run(Path directory) {
        if (!Files.isDirectory(directory)) {
            throw new StreamLogException(StreamLogException.Category.REJECT, "there is no log in " + directory);
        }
        try {
            Sql.unpackBeside(directory);
            ZstdLibrary.unpackBeside(directory);
            for (int attempt = 1; ; attempt++) {
                try {
                    return new LogCheck(directory).check();
                } catch (NoSuchFileException e) {
                    if (attempt == ATTEMPTS_MAX) {
                        throw e;
                    }
                }
            }
        } catch (IOException | SQLException e) {
            throw new StreamLogException(
                    StreamLogException.Category.RETRY,
                    "the log in " + directory + " could not be read: " + e.getMessage(),
                    e);
        }
    }

    private Report check() throws IOException, SQLException {
        List<Integer> numbers = SegmentFile.list(directory);
        if (numbers.isEmpty()) {
            throw new StreamLogException(StreamLogException.Category.REJECT, "there is no log in " + directory);
        }
        readSummaries(numbers.get(numbers.size() - 1));
        long blockCount = 0;
        long recordCount = 0;
        int previous = 0;
        for (int number : numbers) {
            // A segment below the horizons may go before an older one that still holds something.
            isStateKnown &= number == previous + 1;
            previous = number;
            checkSegment(number);
            blockCount += blocks.count();
            recordCount += blocks.records();
        }
        checkLedgers();
        List<LossLedger> ledgers = state.allShards().stream().map(state::ledger).toList();
        return new Report(numbers.size(), blockCount, recordCount, ledgers, findings);
    }

    /** What the newest segment says about the older ones, their ends above all. */
    private void readSummaries(int newest) throws IOException, SQLException {
        try (Connection connection = open(newest)) {
            for (ControlEntry entry : SegmentFile.readSnapshot(connection)) {
                if (entry instanceof ControlEntry.SegmentPoint point) {
                    summaries.put(point.summary().number(), point.summary());
                }
            }
        } catch (DamageException e) {
            findings.add(new Finding("I5", where(newest), String.valueOf(e.getMessage())));
        }
    }

    private Connection open(int number) throws IOException, SQLException {
        Path file = SegmentFile.path(directory, number);
        return SegmentFile.isInWalMode(file) ? Sql.openReadOnly(file) : Sql.openImmutable(file);
    }

    private void checkSegment(int number) throws IOException, SQLException {
        SegmentSummary summary = summaries.get(number);
        long endLsn = summary == null ? Long.MAX_VALUE : summary.nextLsn();
        try (Connection connection = open(number);
                BlockUnpacker unpacker = new BlockUnpacker()) {
            SegmentFile.checkFormat(connection, SegmentFile.path(directory, number));
            checkSnapshot(number, connection);
            blocks = new CheckedBlocks(state, findings, where(number)).until(endLsn, blocks);
            BlockScan.scan(connection, unpacker, blocks);
        } catch (SQLException | DamageException e) {
            if (e instanceof SQLException sql && !Sql.isDamage(sql)) {
                throw sql;
            }
            blocks = new CheckedBlocks(state, findings, where(number)).until(endLsn, blocks);
            blocks.damaged(-1, String.valueOf(e.getMessage()));
        }
        // Beyond damage nobody can say what the next snapshot must be.
        isStateKnown = !blocks.isDamaged();
    }

    private void checkSnapshot(int number, Connection connection) throws SQLException {
        List<ControlEntry> entries;
        try {
            entries = SegmentFile.readSnapshot(connection);
        } catch (DamageException e) {
            findings.add(new Finding("I5", where(number), String.valueOf(e.getMessage())));
            return;
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
                    findings.add(
                            new Finding("I5", where(number) + " snapshot", "expected " + one + ", found " + other));
                    break;
                }
            }
        }
        state = restored;
    }

    /** The state as text; what a segment says of itself and of older segments is no part of it. */
    private static List<String> comparable(LogState state) {
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

    private void checkLedgers() {
        for (ShardState shard : state.allShards()) {
            LossLedger ledger = state.ledger(shard);
            if (!blocks.isDamaged() && !ledger.balances()) {
                findings.add(new Finding("I7", shard.id().toString(), "the ledger does not balance: " + ledger));
            }
            if (blocks.leftOutBelow(shard.ordinal()) > shard.horizon()) {
                findings.add(new Finding(
                        "I15",
                        shard.id().toString(),
                        "records up to " + blocks.leftOutBelow(shard.ordinal())
                                + " have been left out of a rewritten segment, the horizon is " + shard.horizon()));
            }
            long counted = blocks.recordsFrom(shard.ordinal(), shard.horizon());
            if (!blocks.isEverDamaged() && counted != ledger.retained()) {
                findings.add(new Finding(
                        "I7",
                        shard.id().toString(),
                        "retained " + ledger.retained() + ", the blocks hold " + counted + " from " + shard.horizon()));
            }
        }
    }

    private String where(int number) {
        return "segment " + number;
    }

    static String shardName(LogState state, int ordinal) {
        ShardId shard = state.shard(ordinal);
        return shard == null ? "shard number " + ordinal : shard.toString();
    }
}
