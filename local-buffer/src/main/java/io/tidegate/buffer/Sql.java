package io.tidegate.buffer;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.EnumSet;
import java.util.Set;
import org.sqlite.SQLiteConfig;
import org.sqlite.SQLiteErrorCode;
import org.sqlite.SQLiteException;

/** The few things that every use of SQLite here does in the same way. */
final class Sql {
    /** Versions before it can corrupt a database in WAL mode when two connections checkpoint (sqlite.org/wal.html). */
    private static final int[] VERSION_MIN = {3, 51, 3};

    private static final Set<SQLiteErrorCode> SHARED_MEMORY = EnumSet.of(
            SQLiteErrorCode.SQLITE_IOERR_SHMOPEN,
            SQLiteErrorCode.SQLITE_IOERR_SHMSIZE,
            SQLiteErrorCode.SQLITE_IOERR_SHMLOCK,
            SQLiteErrorCode.SQLITE_IOERR_SHMMAP);

    private static final Set<SQLiteErrorCode> UNREADABLE = EnumSet.of(
            SQLiteErrorCode.SQLITE_IOERR_READ,
            SQLiteErrorCode.SQLITE_IOERR_SHORT_READ,
            SQLiteErrorCode.SQLITE_IOERR_DATA,
            SQLiteErrorCode.SQLITE_IOERR_CORRUPTFS);

    private Sql() {}

    /** Lets the driver unpack its native library beside the log: a temporary directory may forbid to run code. */
    static void unpackBeside(Path log) throws IOException {
        if (System.getProperty("org.sqlite.tmpdir") == null) {
            Path library = Files.createDirectories(
                    log.toAbsolutePath().resolveSibling("cache").resolve("sqlite"));
            System.setProperty("org.sqlite.tmpdir", library.toString());
        }
    }

    /** Reads and writes. */
    static Connection openWritable(Path file) throws SQLException {
        SQLiteConfig config = new SQLiteConfig();
        config.setGetGeneratedKeys(false); // else the driver asks for the last row's number after each INSERT
        return DriverManager.getConnection("jdbc:sqlite:file:" + escape(file), config.toProperties());
    }

    /** Only reads; the file may be written by others. */
    static Connection openReadOnly(Path file) throws SQLException {
        return DriverManager.getConnection("jdbc:sqlite:file:" + escape(file) + "?mode=ro");
    }

    /** Only reads; nobody writes the file. */
    static Connection openImmutable(Path file) throws SQLException {
        return DriverManager.getConnection("jdbc:sqlite:file:" + escape(file) + "?mode=ro&immutable=1");
    }

    private static String escape(Path file) {
        return file.toAbsolutePath()
                .toString()
                .replace("%", "%25")
                .replace("?", "%3f")
                .replace("#", "%23");
    }

    static void run(Connection connection, String... statements) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            for (String one : statements) {
                statement.execute(one);
            }
        }
    }

    static long number(Connection connection, String query) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(query)) {
            return row.next() ? row.getLong(1) : 0;
        }
    }

    static String text(Connection connection, String query) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(query)) {
            String found = row.next() ? row.getString(1) : "";
            return found == null ? "" : found;
        }
    }

    /** Throws IllegalStateException if the library is too old to be trusted. */
    static void checkVersion(Connection connection) throws SQLException {
        String version = text(connection, "SELECT sqlite_version()");
        String[] parts = version.split("\\.", -1);
        for (int i = 0; i < VERSION_MIN.length; i++) {
            int found = i < parts.length ? Integer.parseInt(parts[i]) : 0;
            if (found > VERSION_MIN[i]) {
                return;
            }
            if (found < VERSION_MIN[i]) {
                throw new IllegalStateException(
                        "SQLite must be 3.51.3 or newer (older ones can corrupt a log), found " + version);
            }
        }
    }

    /** The primary result code of SQLite (sqlite.org/rescode.html). */
    static int code(SQLException failure) {
        return failure instanceof SQLiteException sqlite
                ? sqlite.getResultCode().code & 0xff
                : failure.getErrorCode() & 0xff;
    }

    /**
     * The file can no longer be trusted to keep what it is given. Not so if only the shared memory of the write-ahead
     * log could not be had: that is no part of what is kept, and a full disk is a common cause.
     */
    static boolean isIoError(SQLException failure) {
        if (code(failure) != SQLiteErrorCode.SQLITE_IOERR.code) {
            return false;
        }
        return !(failure instanceof SQLiteException sqlite) || !SHARED_MEMORY.contains(sqlite.getResultCode());
    }

    /**
     * The file is not, or no longer, a sound database. Our statements do not change: one that does not fit has met a
     * schema that is not what was written.
     */
    static boolean isDamage(SQLException failure) {
        int code = code(failure);
        return code == SQLiteErrorCode.SQLITE_CORRUPT.code
                || code == SQLiteErrorCode.SQLITE_ERROR.code
                || code == SQLiteErrorCode.SQLITE_NOTADB.code;
    }

    /** The medium does not give back what was written; whether it ever will again, nobody knows. */
    static boolean isUnreadable(SQLException failure) {
        return failure instanceof SQLiteException sqlite && UNREADABLE.contains(sqlite.getResultCode());
    }

    static boolean isFull(SQLException failure) {
        return code(failure) == SQLiteErrorCode.SQLITE_FULL.code;
    }
}
