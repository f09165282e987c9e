package io.tidegate.buffer;

import io.tidegate.core.stream.StreamLogException;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.tinylog.Logger;

/**
 * Which master key each segment of a log is under; 0: none. A segment has one, from its making to its end or its
 * rewriting: invariant E1 in docs/design/0005-encryption-at-rest.md.
 *
 * <p>Thread-safe.
 */
final class SegmentKeys {
    private static final String FIRST_BLOCKS = "SELECT " + BlockRows.COLUMNS + " FROM block ORDER BY lsn LIMIT 16";

    private final Map<Integer, Long> keyIds = new ConcurrentHashMap<>();

    /** Asks all segments, without changing or adding a file. One that cannot say is left out. */
    static SegmentKeys look(Path directory) throws IOException {
        SegmentKeys keys = new SegmentKeys();
        for (int number : SegmentFile.list(directory)) {
            // Immutable, whoever writes it: what a snapshot says does not change once the segment is made.
            try (Connection connection = Sql.openImmutable(SegmentFile.path(directory, number))) {
                of(connection).ifPresent(keyId -> keys.written(number, keyId));
            } catch (SQLException e) {
                Logger.debug("Segment {} does not say which key it is under: {}", number, e.getMessage());
            }
        }
        return keys;
    }

    /** What a segment says; empty: it cannot be read, or only what is damaged. */
    static OptionalLong of(Connection segment) {
        try (Statement statement = segment.createStatement()) {
            OptionalLong said = ofSnapshot(statement);
            return said.isPresent() ? said : ofBlocks(statement);
        } catch (SQLException e) {
            // Whoever reads the segment for its sake finds that, too.
            Logger.debug("A segment does not say which key it is under: {}", e.getMessage());
            return OptionalLong.empty();
        }
    }

    private static OptionalLong ofSnapshot(Statement statement) throws SQLException {
        try (ResultSet row = statement.executeQuery(SegmentFile.SNAPSHOT)) {
            while (row.next()) {
                if (SegmentFile.isSound(row)) {
                    return OptionalLong.of(row.getLong(2));
                }
            }
        }
        return OptionalLong.empty();
    }

    private static OptionalLong ofBlocks(Statement statement) throws SQLException {
        try (ResultSet row = statement.executeQuery(FIRST_BLOCKS)) {
            while (row.next()) {
                try {
                    return OptionalLong.of(BlockRows.read(row).keyId());
                } catch (DamageException e) {
                    Logger.debug("A block does not say which key it is under: {}", e.getMessage());
                }
            }
        }
        return OptionalLong.empty();
    }

    /** A segment was made, or rewritten, under this key. */
    void written(int number, long keyId) {
        keyIds.put(number, keyId);
    }

    void removed(int number) {
        keyIds.remove(number);
    }

    /** Per id of a key how many segments are encrypted with it. */
    SortedMap<String, Integer> byName() {
        SortedMap<String, Integer> counts = new TreeMap<>();
        keyIds.values().stream()
                .filter(keyId -> keyId != 0)
                .forEach(keyId -> counts.merge(MasterKey.text(keyId), 1, Integer::sum));
        return counts;
    }

    /** The segments that cannot be read with these keys, in order, with the key that each needs. */
    SortedMap<Integer, Long> missing(LogEncryption encryption) {
        SortedMap<Integer, Long> missing = new TreeMap<>();
        keyIds.forEach((number, keyId) -> {
            if (!encryption.has(keyId)) {
                missing.put(number, keyId);
            }
        });
        return missing;
    }

    /**
     * Throws unless all segments can be read with these keys.
     *
     * @param category of what is thrown
     * @param advice how the file of a key is named, a clause
     */
    void require(Path directory, LogEncryption encryption, StreamLogException.Category category, String advice) {
        SortedMap<Integer, Long> missing = missing(encryption);
        if (missing.isEmpty()) {
            return;
        }
        int first = missing.firstKey();
        long wanted = Objects.requireNonNull(missing.get(first));
        String others = missing.size() == 1 ? "" : " (and " + (missing.size() - 1) + " other segments need a key, too)";
        throw new StreamLogException(
                category,
                "segment " + SegmentFile.path(directory, first) + " is encrypted with key "
                        + MasterKey.text(wanted) + others + ", which is not among the keys ("
                        + encryption.names() + "); " + advice + ". Nothing in the log has been changed");
    }
}
