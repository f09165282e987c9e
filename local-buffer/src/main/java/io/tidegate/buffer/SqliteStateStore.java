package io.tidegate.buffer;

import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.StateStore;
import io.tidegate.core.stream.StreamLogException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * The state store in one SQLite file, {@code HOME/state.db}. Each row carries a CRC-32C of key and value.
 *
 * <p>Guarded by its own lock: one call at a time, each waits for the disk.
 */
public final class SqliteStateStore implements StateStore, AutoCloseable {
    private static final int KEY_LENGTH_MAX = 512;
    private static final int ROW_BYTES = 64;
    private static final String SCHEMA = """
            CREATE TABLE IF NOT EXISTS entry(
                key TEXT PRIMARY KEY,  -- as given
                value BLOB NOT NULL,   -- as given
                crc INTEGER NOT NULL   -- CRC-32C over the key's UTF-8 and the value
            ) WITHOUT ROWID
            """;

    private final Path file;
    private final long bytesMax;
    private Connection connection;
    private long bytes;
    private boolean closed;

    private SqliteStateStore(Path file, long bytesMax) throws SQLException {
        this.file = file;
        this.bytesMax = bytesMax;
        this.connection = connect(file);
        this.bytes = Sql.number(connection, weightQuery());
    }

    /**
     * Opens the file, or makes it.
     *
     * @param bytesMax keys and values together, with an allowance of 64 bytes each
     * @throws StreamLogException of category fatal if it cannot be opened
     */
    public static SqliteStateStore open(Path file, long bytesMax) {
        if (bytesMax < 1) {
            throw new IllegalArgumentException("bytesMax must be positive, found " + bytesMax);
        }
        try {
            Path directory = Files.createDirectories(file.toAbsolutePath().getParent());
            Sql.unpackBeside(directory.resolve("log"));
            return new SqliteStateStore(file, bytesMax);
        } catch (IOException | SQLException e) {
            throw new StreamLogException(
                    StreamLogException.Category.FATAL,
                    "the state store " + file + " cannot be opened: " + e.getMessage(),
                    e);
        }
    }

    private static Connection connect(Path file) throws SQLException {
        Connection opened = Sql.openWritable(file);
        try {
            Sql.checkVersion(opened);
            Sql.run(
                    opened,
                    "PRAGMA journal_mode=WAL",
                    "PRAGMA synchronous=FULL",
                    "PRAGMA mmap_size=0",
                    "PRAGMA cache_size=-256",
                    SCHEMA);
            return opened;
        } catch (SQLException | RuntimeException e) {
            try {
                opened.close();
            } catch (SQLException closing) {
                e.addSuppressed(closing);
            }
            throw e;
        }
    }

    private static String weightQuery() {
        return "SELECT coalesce(sum(length(CAST(key AS BLOB)) + length(value) + " + ROW_BYTES + "), 0) FROM entry";
    }

    @Override
    public synchronized Optional<Payload> get(String key) {
        try {
            return Optional.ofNullable(find(key));
        } catch (SQLException e) {
            throw failed("read '" + key + "'", e);
        }
    }

    private @Nullable Payload find(String key) throws SQLException {
        try (PreparedStatement select = open().prepareStatement("SELECT value, crc FROM entry WHERE key = ?")) {
            select.setString(1, key);
            try (ResultSet row = select.executeQuery()) {
                if (!row.next()) {
                    return null;
                }
                byte[] value = SegmentFile.bytes(row, 1);
                if ((int) row.getLong(2) != (int) crc(key, value)) {
                    throw new StreamLogException(
                            StreamLogException.Category.FATAL, "the value of '" + key + "' in " + file + " is damaged");
                }
                return Payload.wrap(value);
            }
        }
    }

    @Override
    public void put(String key, Payload value) {
        putAll(Map.of(key, Optional.of(value)));
    }

    @Override
    public void delete(String key) {
        putAll(Map.of(key, Optional.empty()));
    }

    @Override
    public synchronized List<String> keys(String prefix) {
        List<String> keys = new ArrayList<>();
        // Compared bytewise from the prefix on; the first key without it ends the stretch.
        try (PreparedStatement select = open().prepareStatement("SELECT key FROM entry WHERE key >= ? ORDER BY key")) {
            select.setString(1, prefix);
            try (ResultSet rows = select.executeQuery()) {
                while (rows.next()) {
                    String key = rows.getString(1);
                    if (!key.startsWith(prefix)) {
                        break;
                    }
                    keys.add(key);
                }
            }
            return keys;
        } catch (SQLException e) {
            throw failed("list '" + prefix + "'", e);
        }
    }

    @Override
    public synchronized void putAll(Map<String, Optional<Payload>> changes) {
        try {
            long after = bytes + growth(changes);
            if (after > bytesMax && after > bytes) {
                throw new StreamLogException(
                        StreamLogException.Category.REJECT,
                        "the state store " + file + " holds at most " + bytesMax + " bytes, needed " + after);
            }
            Sql.run(open(), "BEGIN IMMEDIATE");
            write(changes);
            Sql.run(open(), "COMMIT");
            bytes = after;
        } catch (SQLException e) {
            throw failed("write " + changes.keySet(), e);
        }
    }

    private long growth(Map<String, Optional<Payload>> changes) throws SQLException {
        long growth = 0;
        for (Map.Entry<String, Optional<Payload>> change : changes.entrySet()) {
            String key = change.getKey();
            if (key.isEmpty() || key.length() > KEY_LENGTH_MAX) {
                throw new IllegalArgumentException(
                        "a key has 1 to " + KEY_LENGTH_MAX + " characters, found " + key.length());
            }
            long keyBytes = (long) key.getBytes(StandardCharsets.UTF_8).length + ROW_BYTES;
            Payload before = find(key);
            growth -= before == null ? 0 : keyBytes + before.length();
            growth += change.getValue().map(value -> keyBytes + value.length()).orElse(0L);
        }
        return growth;
    }

    private void write(Map<String, Optional<Payload>> changes) throws SQLException {
        try (PreparedStatement put =
                        open().prepareStatement("INSERT OR REPLACE INTO entry(key, value, crc) VALUES (?, ?, ?)");
                PreparedStatement delete = open().prepareStatement("DELETE FROM entry WHERE key = ?")) {
            for (Map.Entry<String, Optional<Payload>> change : changes.entrySet()) {
                if (change.getValue().isEmpty()) {
                    delete.setString(1, change.getKey());
                    delete.executeUpdate();
                    continue;
                }
                byte[] value = change.getValue().get().toBytes();
                put.setString(1, change.getKey());
                put.setBytes(2, value);
                put.setLong(3, crc(change.getKey(), value));
                put.executeUpdate();
            }
        }
    }

    private static long crc(String key, byte[] value) {
        CRC32C crc = new CRC32C();
        crc.update(key.getBytes(StandardCharsets.UTF_8));
        crc.update(value);
        return crc.getValue();
    }

    private Connection open() {
        if (closed) {
            throw new StreamLogException(StreamLogException.Category.FATAL, "the state store " + file + " is closed");
        }
        return connection;
    }

    /** The driver does not notice when SQLite has ended a transaction by itself: only a new connection is sound. */
    private StreamLogException failed(String what, SQLException cause) {
        StreamLogException failure = new StreamLogException(
                StreamLogException.Category.RETRY,
                "the state store " + file + " could not " + what + ": " + cause.getMessage(),
                cause);
        try {
            connection.close();
        } catch (SQLException e) {
            failure.addSuppressed(e);
        }
        try {
            connection = connect(file);
            bytes = Sql.number(connection, weightQuery());
        } catch (SQLException e) {
            failure.addSuppressed(e);
        }
        return failure;
    }

    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        try {
            connection.close();
        } catch (SQLException e) {
            throw new StreamLogException(
                    StreamLogException.Category.RETRY, "the state store " + file + " was not closed cleanly", e);
        }
    }
}
