package io.tidegate.buffer;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.tinylog.Logger;

/**
 * The one writing connection of the segment that takes new blocks.
 *
 * <p>Confined to the log's writer.
 */
final class LiveSegment {
    /** Frames in the write-ahead log after which it is copied back. */
    private static final int CHECKPOINT_PAGES = 1000;

    private static final int PAGE_BYTES = 4096;

    private final int number;
    private final Path file;
    private final Connection connection;
    private final PreparedStatement insert;
    private final Encryptor encryptor;
    private final Decryptor decryptor;
    private long bytes;
    private int blocks;
    private int walPages;

    private LiveSegment(int number, Path file, Connection connection, LogEncryption encryption) throws SQLException {
        OptionalLong keyId = SegmentKeys.of(connection);
        this.number = number;
        this.file = file;
        this.connection = connection;
        this.encryptor = encryption.encryptor(number, keyId.orElse(0));
        this.decryptor = encryption.decryptor(number, keyId);
        this.insert = connection.prepareStatement(BlockRows.INSERT);
    }

    static LiveSegment open(Path directory, int number, LogEncryption encryption) throws SQLException {
        Path file = SegmentFile.path(directory, number);
        Connection connection = Sql.openWritable(file);
        try {
            Sql.checkVersion(connection);
            SegmentFile.checkFormat(connection, file);
            Sql.run(
                    connection,
                    "PRAGMA journal_mode=WAL",
                    "PRAGMA synchronous=FULL",
                    "PRAGMA wal_autocheckpoint=0",
                    "PRAGMA mmap_size=0",
                    "PRAGMA temp_store=MEMORY",
                    "PRAGMA cache_size=-512",
                    "PRAGMA journal_size_limit=8388608",
                    "PRAGMA busy_timeout=1000");
            LiveSegment live = new LiveSegment(number, file, connection, encryption);
            live.bytes = SegmentFile.bytesOnDisk(directory, number);
            return live;
        } catch (SQLException | RuntimeException e) {
            closeAfter(connection, e);
            throw e;
        }
    }

    private static void closeAfter(Connection connection, Exception cause) {
        try {
            connection.close();
        } catch (SQLException e) {
            cause.addSuppressed(e);
        }
    }

    int number() {
        return number;
    }

    Path file() {
        return file;
    }

    /** About, the write-ahead log included. */
    long bytes() {
        return bytes;
    }

    int blocks() {
        return blocks;
    }

    /** Of the master key that everything in it is under; 0: it is not encrypted. */
    long keyId() {
        return encryptor.keyId();
    }

    /** The form that a block takes in this segment. Each call uses another nonce: insert what it returned. */
    StoredBlock encrypt(StoredBlock block) {
        return encryptor.block(block);
    }

    /** A commit: durable when it returns. */
    void insert(StoredBlock block) throws SQLException {
        BlockRows.bind(insert, block);
        insert.executeUpdate();
        blocks++;
        bytes += block.bytes();
        walPages += block.bytes() / PAGE_BYTES + 2;
    }

    /** Whether exactly this block is in the file. */
    boolean contains(StoredBlock block) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(
                        "SELECT " + BlockRows.COLUMNS + " FROM block WHERE lsn = " + block.lsn())) {
            return row.next() && BlockRows.read(row).crc() == block.crc();
        } catch (DamageException e) {
            throw new SQLException("the block just written cannot be read back", e);
        }
    }

    List<ControlEntry> snapshot() throws SQLException {
        return SegmentFile.readSnapshot(connection, decryptor);
    }

    void scan(BlockScan.Sink sink) throws SQLException {
        try (BlockUnpacker unpacker = new BlockUnpacker(decryptor)) {
            BlockScan.scan(connection, unpacker, sink);
        }
    }

    boolean isCheckpointDue() {
        return walPages >= CHECKPOINT_PAGES;
    }

    /**
     * Copies what it can from the write-ahead log back into the database, without waiting for readers. Returns by how
     * many bytes the database has grown.
     */
    long checkpoint() throws SQLException {
        long before = file.toFile().length();
        walPages = 0;
        Sql.number(connection, "PRAGMA wal_checkpoint(PASSIVE)");
        return Math.max(0, file.toFile().length() - before);
    }

    /** Copies all of it back, if no reader is in the way, for a segment that takes no more blocks. */
    void checkpointAll() throws SQLException {
        Sql.number(connection, "PRAGMA wal_checkpoint(TRUNCATE)");
    }

    /** Closes; says what went wrong, if so, which harms nothing: the write-ahead log keeps what the database lacks. */
    Optional<SQLException> close() {
        try {
            insert.close();
            connection.close();
            return Optional.empty();
        } catch (SQLException e) {
            Logger.warn(
                    "The live segment was not closed cleanly, its write-ahead log stays: {} ({})",
                    file,
                    e.getMessage());
            return Optional.of(e);
        }
    }
}
