package io.tidegate.buffer;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.List;

/**
 * A sealed segment in a log that is being made of what was salvaged: blocks go in as they were packed, under the
 * current key. Nobody uses the log before it is complete, so that one fsync at the end is enough.
 *
 * <p>Confined to one thread.
 */
final class SalvageFile implements AutoCloseable {
    private static final int BYTES_PER_TRANSACTION = 1 << 20;

    private final Path file;
    private final Connection connection;
    private final PreparedStatement insert;
    private final Encryptor encryptor;
    private int unwritten;

    private SalvageFile(Path file, Connection connection, Encryptor encryptor) throws SQLException {
        this.file = file;
        this.encryptor = encryptor;
        this.connection = connection;
        this.insert = connection.prepareStatement(BlockRows.INSERT);
    }

    static SalvageFile create(Path directory, int number, List<ControlEntry> snapshot, LogEncryption encryption)
            throws SQLException, IOException {
        SegmentFile.create(directory, number, snapshot, encryption);
        Path file = SegmentFile.path(directory, number);
        Connection connection = Sql.openWritable(file);
        try {
            Sql.run(
                    connection,
                    "PRAGMA journal_mode=MEMORY",
                    "PRAGMA synchronous=OFF",
                    "PRAGMA cache_size=-512",
                    "BEGIN IMMEDIATE");
            return new SalvageFile(file, connection, encryption.encryptor(number));
        } catch (SQLException e) {
            connection.close();
            throw e;
        }
    }

    /** Takes a block that is not encrypted. */
    void add(StoredBlock plain) throws SQLException {
        StoredBlock block = encryptor.block(plain);
        BlockRows.bind(insert, block);
        insert.executeUpdate();
        unwritten += block.bytes();
        if (unwritten >= BYTES_PER_TRANSACTION) {
            Sql.run(connection, "COMMIT", "BEGIN IMMEDIATE");
            unwritten = 0;
        }
    }

    /** Writes the index, and makes all of it durable. */
    void seal(byte[] index) throws SQLException, IOException {
        try (PreparedStatement seal =
                connection.prepareStatement("INSERT INTO seal(id, entry, crc) VALUES (1, ?, ?)")) {
            seal.setBytes(1, index);
            seal.setLong(2, SegmentFile.rowCrc(1, index));
            seal.executeUpdate();
        }
        Sql.run(connection, "COMMIT");
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.force(true);
        }
    }

    @Override
    public void close() throws SQLException {
        insert.close();
        connection.close();
    }
}
