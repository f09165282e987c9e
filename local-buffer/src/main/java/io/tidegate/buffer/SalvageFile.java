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
 * A sealed segment in a log that is being made of what was salvaged: blocks go in as they were stored. Nobody uses the
 * log before it is complete, so that one fsync at the end is enough.
 *
 * <p>Confined to one thread.
 */
final class SalvageFile implements AutoCloseable {
    private static final int BYTES_PER_TRANSACTION = 1 << 20;

    private final Path file;
    private final Connection connection;
    private final PreparedStatement insert;
    private int unwritten;

    private SalvageFile(Path file, Connection connection) throws SQLException {
        this.file = file;
        this.connection = connection;
        this.insert = connection.prepareStatement(BlockRows.INSERT);
    }

    static SalvageFile create(Path directory, int number, List<ControlEntry> snapshot)
            throws SQLException, IOException {
        SegmentFile.create(directory, number, snapshot);
        Path file = SegmentFile.path(directory, number);
        Connection connection = Sql.openWritable(file);
        try {
            Sql.run(
                    connection,
                    "PRAGMA journal_mode=MEMORY",
                    "PRAGMA synchronous=OFF",
                    "PRAGMA cache_size=-512",
                    "BEGIN IMMEDIATE");
            return new SalvageFile(file, connection);
        } catch (SQLException e) {
            connection.close();
            throw e;
        }
    }

    void add(StoredBlock block) throws SQLException {
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
