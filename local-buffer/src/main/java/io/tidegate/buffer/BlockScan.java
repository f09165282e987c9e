package io.tidegate.buffer;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** Reads all blocks of a segment that can be read, from both ends towards what is damaged. */
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
            backward(connection, unpacker, forward.last, sink).forEach(sink::sound);
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

    /** The sound blocks after an LSN, read backwards until the database fails; in order. */
    private static List<Block> backward(Connection connection, BlockUnpacker unpacker, long lsnAfter, Sink sink)
            throws SQLException {
        List<Block> blocks = new ArrayList<>();
        Sink collecting = new Sink() {
            @Override
            public void sound(Block block) {
                blocks.add(block);
            }

            @Override
            public void damaged(long lsn, String cause) {
                sink.damaged(lsn, cause);
            }
        };
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(
                        "SELECT " + BlockRows.COLUMNS + " FROM block WHERE lsn > " + lsnAfter + " ORDER BY lsn DESC")) {
            while (rows.next()) {
                offer(rows, unpacker, collecting);
            }
        } catch (SQLException e) {
            throwUnlessDamage(e);
            sink.damaged(-1, String.valueOf(e.getMessage()));
        }
        Collections.reverse(blocks);
        return blocks;
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
