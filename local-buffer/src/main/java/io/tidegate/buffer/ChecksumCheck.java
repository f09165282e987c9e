package io.tidegate.buffer;

import java.io.IOException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * What can be verified of a log that cannot be decrypted: the CRCs of all rows, the order of the LSNs, and what
 * directories and indexes say of each other. Whether a loss has been told is not known.
 *
 * <p>Confined to one thread.
 */
final class ChecksumCheck {
    private static final String ADVICE =
            "name the key with --key FILE to learn what is lost and whether readers have been told; look at the card's age and"
                    + " cabling";

    private final LogFiles files;
    private final CheckFindings findings = new CheckFindings();
    private long blocks;
    private long records;
    private long lastLsn;
    private boolean isLsnUnsure = true;

    ChecksumCheck(LogFiles files) {
        this.files = files;
    }

    LogCheck.Report check(Collection<Long> missingKeys) throws IOException, SQLException {
        Map<String, Integer> notDecrypted = new TreeMap<>();
        missingKeys.forEach(keyId -> notDecrypted.merge(MasterKey.text(keyId), 1, Integer::sum));
        List<Integer> numbers = files.numbers();
        int before = 0;
        for (int number : numbers) {
            isLsnUnsure |= number != before + 1;
            before = number;
            checkSegment(number);
        }
        return new LogCheck.Report(numbers.size(), blocks, records, List.of(), findings.all(), notDecrypted);
    }

    private void checkSegment(int number) throws IOException, SQLException {
        if (files.isLost(number)) {
            damaged(number, "the file is empty");
            return;
        }
        try (Connection connection = files.open(number);
                Statement statement = connection.createStatement()) {
            SegmentFile.checkFormat(connection, files.path(number));
            checkSnapshot(number, statement);
            Set<Long> damagedLsns = new HashSet<>();
            SegmentIndex index = checkBlocks(number, statement, damagedLsns);
            checkIndex(number, statement, index, damagedLsns);
            if (WalFile.hasLostCommits(SegmentFile.walPath(files.path(number)))) {
                damaged(number, "commits in its write-ahead log cannot be read");
            }
        } catch (SQLException | DamageException e) {
            LogFiles.throwUnlessDamage(e);
            damaged(number, String.valueOf(e.getMessage()));
        }
    }

    private void checkSnapshot(int number, Statement statement) throws SQLException {
        long expected = 0;
        try (ResultSet row = statement.executeQuery(SegmentFile.SNAPSHOT)) {
            while (row.next()) {
                if (row.getLong(1) != expected || !SegmentFile.isSound(row)) {
                    damaged(number, "row " + expected + " of its copy of the log's state fails its CRC");
                    return;
                }
                expected++;
            }
        }
    }

    /** The index of the sound blocks, but for what only their control parts say. */
    private SegmentIndex checkBlocks(int number, Statement statement, Set<Long> damagedLsns) throws SQLException {
        SegmentIndex index = new SegmentIndex();
        try (ResultSet row = statement.executeQuery("SELECT " + BlockRows.COLUMNS + " FROM block ORDER BY lsn")) {
            while (row.next()) {
                try {
                    StoredBlock stored = BlockRows.read(row);
                    Block outline = new Block(stored.header(), new byte[0], stored.directory(), new byte[0]);
                    checkLsn(number, stored.lsn());
                    index.add(outline);
                    blocks++;
                    records += outline.runs().stream().mapToLong(Run::count).sum();
                } catch (DamageException e) {
                    damagedLsns.add(row.getLong(1));
                    damaged(number, String.valueOf(e.getMessage()));
                }
            }
        }
        return index;
    }

    private void checkLsn(int number, long lsn) {
        // After a quarantine LSNs jump; behind the end of a segment that was given up they go back.
        boolean isJump = lsn <= lastLsn || lsn - lastLsn >= LogRecovery.JUMP;
        if (lsn != lastLsn + 1 && !isJump && !isLsnUnsure) {
            findings.problem("I3", where(number), "commit " + (lastLsn + 1) + " is missing before " + lsn, ADVICE);
        }
        lastLsn = lsn;
        isLsnUnsure = false;
    }

    /** What the index says of blocks that are damaged nobody can compare. */
    private void checkIndex(int number, Statement statement, SegmentIndex found, Set<Long> damagedLsns)
            throws SQLException {
        if (isLsnUnsure) {
            return;
        }
        Optional<byte[]> sealed = SegmentFile.readSeal(statement);
        if (sealed.isEmpty()) {
            return;
        }
        List<SegmentIndex.Entry> expected = outlines(SegmentIndex.decode(sealed.get()));
        expected.removeIf(entry -> damagedLsns.contains(entry.lsn()));
        if (!expected.equals(outlines(found))) {
            findings.problem("I5", where(number), "its index is not what its commits say", LogCheck.REPORT_IT);
        }
    }

    private static List<SegmentIndex.Entry> outlines(SegmentIndex index) {
        List<SegmentIndex.Entry> entries = new ArrayList<>();
        index.forEach(entries::add);
        return entries;
    }

    private void damaged(int number, String what) {
        isLsnUnsure = true;
        findings.problem("I2", where(number), what, ADVICE);
    }

    private String where(int number) {
        return "segment " + number + " (" + files.path(number) + ")";
    }
}
