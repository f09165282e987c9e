package io.tidegate.buffer;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads all blocks of a segment that can be read, from both ends towards what is damaged. Holds one of them at a time:
 * a whole segment, inflated, has no room in memory.
 */
final class BlockScan {
    /** Takes the sound blocks, and hears of those that are not. */
    interface Sink {
        void sound(Block block);

        void damaged(long lsn, String cause);
    }

    private BlockScan() {}

    /**
     * Shows every sound block, in order; one LSN -1 stands for a stretch that the database cannot show at all. Throws
     * what is no damage: then nothing can be said, and the scan can be tried again.
     */
    static void scan(Connection connection, BlockUnpacker unpacker, Sink sink) throws SQLException {
        Watching forward = new Watching(sink);
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("SELECT " + BlockRows.COLUMNS + " FROM block ORDER BY lsn")) {
            while (rows.next()) {
                offer(rows, unpacker, forward);
            }
        } catch (SQLException e) {
            throwUnlessDamage(e);
            sink.damaged(-1, String.valueOf(e.getMessage()));
            List<Long> rest = backward(connection, forward.last, sink);
            for (int i = rest.size() - 1; i >= 0; i--) {
                offer(connection, rest.get(i), unpacker, sink);
            }
        }
    }

    private static void throwUnlessDamage(SQLException failure) throws SQLException {
        if (!Sql.isDamage(failure) && !Sql.isIoError(failure)) {
            throw failure;
        }
    }

    private static void offer(ResultSet rows, BlockUnpacker unpacker, Sink sink) throws SQLException {
        Block block;
        try {
            block = unpacker.unpack(BlockRows.read(rows));
        } catch (DamageException e) {
            sink.damaged(rows.getLong(1), String.valueOf(e.getMessage()));
            return;
        }
        sink.sound(block);
    }

    private static void offer(Connection connection, long lsn, BlockUnpacker unpacker, Sink sink) throws SQLException {
        // A new statement for each: after a failure the driver's is of no use any more.
        try (Statement statement = connection.createStatement();
                ResultSet row =
                        statement.executeQuery("SELECT " + BlockRows.COLUMNS + " FROM block WHERE lsn = " + lsn)) {
            if (row.next()) {
                offer(row, unpacker, sink);
            } else {
                sink.damaged(lsn, "commit " + lsn + " is listed and not found");
            }
        } catch (SQLException e) {
            throwUnlessDamage(e);
            sink.damaged(lsn, String.valueOf(e.getMessage()));
        }
    }

    /** The LSNs of the blocks after one, the last first, until the database fails. */
    private static List<Long> backward(Connection connection, long lsnAfter, Sink sink) throws SQLException {
        List<Long> lsns = new ArrayList<>();
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(
                        "SELECT lsn FROM block WHERE lsn > " + lsnAfter + " ORDER BY lsn DESC")) {
            while (rows.next()) {
                lsns.add(rows.getLong(1));
            }
        } catch (SQLException e) {
            throwUnlessDamage(e);
            sink.damaged(-1, String.valueOf(e.getMessage()));
        }
        return lsns;
    }

    /** Remembers how far the way forward came. */
    private static final class Watching implements Sink {
        private final Sink sink;
        private long last;

        Watching(Sink sink) {
            this.sink = sink;
        }

        @Override
        public void sound(Block block) {
            last = block.lsn();
            sink.sound(block);
        }

        @Override
        public void damaged(long lsn, String cause) {
            last = lsn;
            sink.damaged(lsn, cause);
        }
    }
}
