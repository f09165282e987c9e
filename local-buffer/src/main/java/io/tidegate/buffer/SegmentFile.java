package io.tidegate.buffer;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.tinylog.Logger;

/** The files of segments: names, schema, creation, and what can be told of one without the log. */
final class SegmentFile {
    static final int FORMAT = 1;
    static final int APPLICATION_ID = 0x54474c47; // "TGLG"
    private static final String SUFFIX = ".seg";
    static final String NEW_SUFFIX = ".seg.new";
    private static final String JOURNAL_SUFFIX = "-journal";
    private static final int PROBE_BYTES = 64 << 10;
    private static final int WRITE_VERSION_OFFSET = 18; // of the header, sqlite.org/fileformat.html 1.3.3: 2 is WAL

    static final String[] SCHEMA = {"""
        CREATE TABLE block(            -- one row per commit
            lsn INTEGER PRIMARY KEY,   -- number of the commit, over all segments
            epoch INTEGER NOT NULL,    -- which opening of the log wrote it, 63 random bits
            boot INTEGER NOT NULL,     -- which boot of the machine
            mono_ns INTEGER NOT NULL,  -- powered-on time of the log
            time_ms INTEGER NOT NULL,  -- effective time, Unix milliseconds
            time_quality INTEGER NOT NULL, -- 0 synced, 1 estimated
            control BLOB NOT NULL,     -- changes of the log's state
            directory BLOB NOT NULL,   -- the shards in the body
            codec INTEGER NOT NULL,    -- how the body is packed; 0: as it is
            key_id INTEGER NOT NULL,   -- of the key it is encrypted with; 0: not
            raw_length INTEGER NOT NULL, -- of the body once unpacked
            crc INTEGER NOT NULL,      -- CRC-32C over all other columns
            body BLOB NOT NULL)        -- the records; last, so that a look at the rest does not read it
        """, """
        CREATE TABLE snapshot(         -- the log's state before the first block
            position INTEGER PRIMARY KEY, -- order, from 0
            key_id INTEGER NOT NULL,   -- of the key it is encrypted with, that of all blocks, too; 0: not
            entry BLOB NOT NULL,       -- a control entry
            crc INTEGER NOT NULL)      -- CRC-32C over position, key_id (8 bytes, big-endian) and entry
        """, """
        CREATE TABLE seal(             -- written when the segment is sealed, and again when it is rewritten
            id INTEGER PRIMARY KEY,    -- 1, or 2 in a rewritten segment
            entry BLOB NOT NULL,       -- 1: the index of the blocks; 2: data and keys of the records left in it
            crc INTEGER NOT NULL)      -- CRC-32C over id (8 bytes, big-endian) and entry
        """};

    /** The rows of a snapshot. */
    static final String SNAPSHOT = "SELECT position, key_id, entry, crc FROM snapshot ORDER BY position";

    private SegmentFile() {}

    static Path path(Path directory, int number) {
        return directory.resolve(String.format("%08d%s", number, SUFFIX));
    }

    static Path walPath(Path segment) {
        return segment.resolveSibling(segment.getFileName() + "-wal");
    }

    /** The number in the name of a segment's file. */
    static int number(Path segment) {
        return Integer.parseInt(segment.getFileName().toString().substring(0, 8));
    }

    /** The numbers of the segments in a directory, in order. */
    static List<Integer> list(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.matches("[0-9]{8}\\.seg"))
                    .map(name -> Integer.parseInt(name.substring(0, 8)))
                    .sorted()
                    .toList();
        }
    }

    /** Removes what a creation left behind that did not come to its end. */
    static void deleteUnfinished(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : files.filter(file -> file.getFileName().toString().contains(NEW_SUFFIX)
                            || file.getFileName().toString().equals(ShardCatalog.UNFINISHED))
                    .toList()) {
                Files.delete(file);
            }
        }
    }

    /**
     * Ends what a power cut interrupted while a segment was being sealed: readers are read-only, and can neither roll a
     * journal back nor read past it.
     */
    static void rollBackJournals(Path directory) throws IOException {
        for (int number : list(directory)) {
            Path file = path(directory, number);
            if (Files.exists(file.resolveSibling(file.getFileName() + JOURNAL_SUFFIX))) {
                try (Connection connection = Sql.openWritable(file)) {
                    Sql.number(connection, "SELECT count(*) FROM sqlite_schema");
                } catch (SQLException e) {
                    Logger.warn("The journal beside segment {} could not be rolled back: {}", file, e.getMessage());
                }
            }
        }
    }

    static void delete(Path directory, int number) throws IOException {
        Path file = path(directory, number);
        Files.deleteIfExists(walPath(file));
        Files.deleteIfExists(file.resolveSibling(file.getFileName() + "-shm"));
        Files.deleteIfExists(file.resolveSibling(file.getFileName() + JOURNAL_SUFFIX));
        Files.deleteIfExists(file);
    }

    static long bytesOnDisk(Path directory, int number) {
        Path file = path(directory, number);
        return file.toFile().length() + walPath(file).toFile().length();
    }

    /** Whether it is still in WAL mode: then it must not be read as immutable. */
    static boolean isInWalMode(Path file) throws IOException {
        ByteBuffer header = ByteBuffer.allocate(1);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            return channel.read(header, WRITE_VERSION_OFFSET) < 1 || header.get(0) == 2;
        } catch (FileSystemException e) {
            throw e; // not there, or cannot be opened now
        } catch (IOException e) {
            if (!Files.isRegularFile(file)) {
                throw e; // no damage, something else has its name
            }
            Logger.debug("The header of {} cannot be read: {}", file, e.getMessage());
            return Files.exists(walPath(file));
        }
    }

    /** Whether the medium gives back every byte of a segment and its write-ahead log; one that is not there has none. */
    static boolean isReadable(Path file) {
        ByteBuffer bytes = ByteBuffer.allocate(PROBE_BYTES);
        for (Path part : List.of(file, walPath(file))) {
            try (FileChannel channel = FileChannel.open(part, StandardOpenOption.READ)) {
                while (channel.read(bytes.clear()) >= 0) {
                    // What is in it is looked at elsewhere.
                }
            } catch (NoSuchFileException e) {
                Logger.trace("There is no {}", part);
            } catch (IOException e) {
                Logger.warn("{} cannot be read now: {}", part, e.getMessage());
                return false;
            }
        }
        return true;
    }

    /** Makes a segment with its snapshot, complete or not at all; steps: docs/design/0001-shard-log.md, "Roll". */
    static void create(Path directory, int number, List<ControlEntry> snapshot, LogEncryption encryption)
            throws SQLException, IOException {
        Path unfinished = directory.resolve(String.format("%08d%s", number, NEW_SUFFIX));
        Files.deleteIfExists(unfinished);
        try {
            try (Connection connection = Sql.openWritable(unfinished)) {
                Sql.run(
                        connection,
                        "PRAGMA application_id=" + APPLICATION_ID,
                        "PRAGMA user_version=" + FORMAT,
                        "PRAGMA journal_mode=DELETE",
                        "PRAGMA synchronous=FULL",
                        "BEGIN IMMEDIATE");
                Sql.run(connection, SCHEMA);
                insertSnapshot(connection, snapshot, encryption.encryptor(number));
                Sql.run(connection, "COMMIT");
            }
            Files.move(unfinished, path(directory, number), StandardCopyOption.ATOMIC_MOVE);
            syncDirectory(directory);
        } catch (SQLException | IOException e) {
            Files.deleteIfExists(unfinished);
            Files.deleteIfExists(unfinished.resolveSibling(unfinished.getFileName() + JOURNAL_SUFFIX));
            throw e;
        }
    }

    static void insertSnapshot(Connection connection, List<ControlEntry> snapshot, Encryptor encryptor)
            throws SQLException {
        try (PreparedStatement insert =
                connection.prepareStatement("INSERT INTO snapshot(position, key_id, entry, crc) VALUES (?, ?, ?, ?)")) {
            for (int position = 0; position < snapshot.size(); position++) {
                byte[] entry = encryptor.snapshotRow(
                        position, ControlCodec.encode(snapshot.get(position)).toBytes());
                insert.setLong(1, position);
                insert.setLong(2, encryptor.keyId());
                insert.setBytes(3, entry);
                insert.setLong(4, rowCrc(position, encryptor.keyId(), entry));
                insert.addBatch();
            }
            insert.executeBatch();
        }
    }

    /**
     * Writes the index and leaves WAL mode, so that the file is complete by itself. Throws if somebody is connected:
     * then it can be tried again.
     */
    static void seal(Connection connection, byte[] index) throws SQLException {
        Sql.run(connection, "PRAGMA synchronous=FULL", "PRAGMA mmap_size=0", "PRAGMA busy_timeout=100");
        try (PreparedStatement insert =
                connection.prepareStatement("INSERT OR REPLACE INTO seal(id, entry, crc) VALUES (1, ?, ?)")) {
            insert.setBytes(1, index);
            insert.setLong(2, rowCrc(1, index));
            insert.executeUpdate();
        }
        if (Sql.number(connection, "PRAGMA wal_checkpoint(TRUNCATE)") != 0) {
            throw new SQLException("a reader is in the way");
        }
        String mode = Sql.text(connection, "PRAGMA journal_mode=DELETE");
        if (!mode.equals("delete")) {
            throw new SQLException("the journal mode stayed " + mode);
        }
    }

    /** All rows of the snapshot; a {@link DamageException} if one is missing or fails its CRC. */
    static List<ControlEntry> readSnapshot(Connection connection, Decryptor decryptor) throws SQLException {
        List<ControlEntry> entries = new ArrayList<>();
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(SNAPSHOT)) {
            while (row.next()) {
                if (row.getLong(1) != entries.size() || !isSound(row)) {
                    throw new DamageException("row " + entries.size() + " of the snapshot fails its CRC");
                }
                byte[] entry = decryptor.snapshotRow(row.getLong(2), entries.size(), bytes(row, 3));
                entries.add(ControlCodec.decode(new Decoder(entry)));
            }
        }
        if (entries.isEmpty() || !(entries.get(0) instanceof ControlEntry.LogPoint point)) {
            throw new DamageException("the snapshot is empty or starts with something else");
        }
        if (point.entries() != entries.size()) {
            throw new DamageException("the snapshot has " + entries.size() + " rows of " + point.entries());
        }
        return entries;
    }

    /** Whether a row of {@link #SNAPSHOT} is what was written. */
    static boolean isSound(ResultSet row) throws SQLException {
        return (int) row.getLong(4) == (int) rowCrc(row.getLong(1), row.getLong(2), bytes(row, 3));
    }

    /** The index that was written when the segment was sealed; a {@link DamageException} if it fails its CRC. */
    static Optional<byte[]> readSeal(Statement statement) throws SQLException {
        try (ResultSet row = statement.executeQuery("SELECT entry, crc FROM seal WHERE id = 1")) {
            if (!row.next()) {
                return Optional.empty();
            }
            byte[] entry = bytes(row, 1);
            if ((int) row.getLong(2) != (int) rowCrc(1, entry)) {
                throw new DamageException("the index of the segment fails its CRC");
            }
            return Optional.of(entry);
        }
    }

    /** Throws IllegalStateException if this is another format, or not a segment. */
    static void checkFormat(Connection connection, Path file) throws SQLException {
        long application = Sql.number(connection, "PRAGMA application_id");
        long format = Sql.number(connection, "PRAGMA user_version");
        if (application != APPLICATION_ID) {
            throw new DamageException("the file is not a log segment: " + file);
        }
        if (format != FORMAT) {
            throw new IllegalStateException("the log in " + file.getParent() + " has format " + format
                    + ", this version reads format " + FORMAT);
        }
    }

    /** Of a row of the snapshot. */
    static long rowCrc(long position, long keyId, byte[] entry) {
        CRC32C crc = new CRC32C();
        crc.update(ByteBuffer.allocate(2 * Long.BYTES)
                .putLong(position)
                .putLong(keyId)
                .flip());
        crc.update(entry);
        return crc.getValue();
    }

    /** Of a row of {@code seal}. */
    static long rowCrc(long position, byte[] entry) {
        CRC32C crc = new CRC32C();
        crc.update(ByteBuffer.allocate(Long.BYTES).putLong(position).flip());
        crc.update(entry);
        return crc.getValue();
    }

    static byte[] bytes(ResultSet row, int column) throws SQLException {
        byte[] found = row.getBytes(column);
        return found == null ? new byte[0] : found;
    }

    /** Makes durable what a write-ahead log holds. SQLite keeps no lock on that file that closing it could drop. */
    static void syncWal(Path directory, int number) throws IOException {
        Path wal = walPath(path(directory, number));
        if (Files.exists(wal)) {
            try (FileChannel channel = FileChannel.open(wal, StandardOpenOption.WRITE)) {
                channel.force(true);
            }
        }
    }

    static void syncDirectory(Path directory) throws IOException {
        try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }
}
