package io.tidegate.hardware.bench;

import io.tidegate.core.stream.NewRecord;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;

/** What most would write: a table with a row per record, a transaction per group. */
final class RowTable implements Contender {
    private static final String[] PRAGMAS = {
        "journal_mode=WAL",
        "synchronous=FULL",
        "mmap_size=0",
        "temp_store=MEMORY",
        "cache_size=-512",
        "journal_size_limit=8388608",
        "wal_autocheckpoint=1000"
    };

    @Override
    public String name() {
        return "row";
    }

    @Override
    public String configuration() {
        return "SQLite, record(seq INTEGER PRIMARY KEY, ts, pk, data), no other index, addBatch in one transaction; "
                + String.join(" ", PRAGMAS);
    }

    @Override
    public Cost run(Path directory, List<List<NewRecord>> groups, int warmUp, int measured) throws Exception {
        try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + directory.resolve("row.db"))) {
            try (Statement statement = connection.createStatement()) {
                for (String pragma : PRAGMAS) {
                    statement.execute("PRAGMA " + pragma);
                }
                statement.execute("CREATE TABLE record(seq INTEGER PRIMARY KEY, ts INTEGER, pk TEXT, data BLOB)");
            }
            connection.setAutoCommit(false);
            Stopwatch watch = Stopwatch.start();
            try (PreparedStatement insert = connection.prepareStatement("INSERT INTO record VALUES (?, ?, ?, ?)")) {
                long number = 0;
                for (int i = 0; i < warmUp + measured; i++) {
                    watch = i == warmUp ? Stopwatch.start() : watch;
                    List<NewRecord> group = groups.get(i % groups.size());
                    commit(connection, insert, group, number);
                    number += group.size();
                }
            }
            return watch.cost((long) measured * groups.get(0).size());
        }
    }

    private static void commit(Connection connection, PreparedStatement insert, List<NewRecord> group, long number)
            throws SQLException {
        long now = System.currentTimeMillis();
        for (NewRecord record : group) {
            insert.setLong(1, ++number);
            insert.setLong(2, now);
            insert.setString(3, record.partitionKey());
            insert.setBytes(4, record.data().toBytes());
            insert.addBatch();
        }
        insert.executeBatch();
        connection.commit();
    }
}
