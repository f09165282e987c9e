package io.tidegate.buffer;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.tinylog.Logger;

/**
 * A read-only connection to one segment.
 *
 * <p>Guarded by its own lock, which a read holds to its end: one at a time. Asking how it is waits for nobody.
 */
final class SegmentReader implements AutoCloseable {
    private final Connection connection;
    private final PreparedStatement select;
    private final Decryptor decryptor;
    private final BlockUnpacker unpacker;
    private volatile boolean closed;
    private volatile boolean isBroken;

    private SegmentReader(Connection connection, Decryptor decryptor) throws SQLException {
        this.connection = connection;
        this.decryptor = decryptor;
        this.unpacker = new BlockUnpacker(decryptor);
        this.select = connection.prepareStatement(
                "SELECT " + BlockRows.COLUMNS + " FROM block WHERE lsn >= ? AND lsn < ? ORDER BY lsn");
    }

    /**
     * @param isQuiet nobody writes the file, and it has no write-ahead log
     */
    static SegmentReader open(Path file, boolean isQuiet, LogEncryption encryption) throws SQLException {
        Connection connection = isQuiet ? Sql.openImmutable(file) : Sql.openReadOnly(file);
        try {
            Sql.run(connection, "PRAGMA mmap_size=0", "PRAGMA cache_size=-256", "PRAGMA busy_timeout=1000");
            return new SegmentReader(
                    connection, encryption.decryptor(SegmentFile.number(file), SegmentKeys.of(connection)));
        } catch (SQLException | RuntimeException e) {
            try {
                connection.close();
            } catch (SQLException closing) {
                e.addSuppressed(closing);
            }
            throw e;
        }
    }

    /**
     * Reads blocks in order, until they weigh so much. Stops before a block that is damaged; if that is the first,
     * throws a {@link DamageException}.
     */
    synchronized List<Block> read(long lsnFrom, long lsnEnd, int bytesMax) throws SQLException {
        List<Block> blocks = new ArrayList<>();
        select.setLong(1, lsnFrom);
        select.setLong(2, lsnEnd);
        int bytes = 0;
        try (ResultSet rows = select.executeQuery()) {
            while (bytes < bytesMax && rows.next()) {
                Block block = unpacker.unpack(BlockRows.read(rows));
                blocks.add(block);
                bytes += block.plainBytes();
            }
        } catch (DamageException | SQLException e) {
            // After a failure the driver's statement is of no use any more.
            isBroken = isBroken || e instanceof SQLException;
            if (blocks.isEmpty()) {
                throw e;
            }
        }
        return blocks;
    }

    /** Shows every block that can be read, in order, from both ends towards damage. */
    synchronized void scan(BlockScan.Sink sink) throws SQLException {
        BlockScan.scan(connection, unpacker, sink);
    }

    synchronized List<ControlEntry> snapshot() throws SQLException {
        return SegmentFile.readSnapshot(connection, decryptor);
    }

    /** The index that was written when the segment was sealed. */
    synchronized Optional<SegmentIndex> sealedIndex() throws SQLException {
        try (Statement statement = connection.createStatement()) {
            return SegmentFile.readSeal(statement).map(SegmentIndex::decode);
        }
    }

    /** It has failed, and a new one has to be opened. */
    boolean isBroken() {
        return isBroken;
    }

    /** Somebody else needed the place; a new one has to be opened. */
    boolean isClosed() {
        return closed;
    }

    @Override
    public synchronized void close() {
        closed = true;
        unpacker.close();
        try {
            select.close();
            connection.close();
        } catch (SQLException e) {
            // Nothing was written through it and nothing will be; the file is as it was.
            Logger.debug(e, "A reading connection was not closed cleanly");
        }
    }
}
