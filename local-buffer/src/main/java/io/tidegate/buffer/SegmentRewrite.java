package io.tidegate.buffer;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.OptionalLong;
import java.util.function.Predicate;

/**
 * Writes a sealed segment anew without records that nobody can ask for any more; steps: docs/design/0010-retention.md,
 * "Rewrite". Everything in the new file is under the current key, or not encrypted if there is none. Commits keep their LSNs, control parts and directories, records their numbers and places; so the index
 * stays what it was.
 *
 * <p>Confined to one thread.
 */
final class SegmentRewrite implements AutoCloseable {
    /** What is written before the next fsync: a commit of the live segment waits for no more than this. */
    private static final int BYTES_PER_SYNC = 1 << 20;

    private final Path directory;
    private final int number;
    private final Predicate<Run> kept;
    private final BlockPacker packer;
    private final LogEncryption encryption;

    /**
     * @param kept which records stay
     */
    SegmentRewrite(Path directory, int number, Predicate<Run> kept, Compression compression, LogEncryption encryption) {
        this.directory = directory;
        this.number = number;
        this.kept = kept;
        this.packer = new BlockPacker(compression);
        this.encryption = encryption;
    }

    /** Data and keys of the records that the last rewrite of a file left in it; empty: it is as it was sealed. */
    static OptionalLong lastKept(Path file) throws SQLException {
        try (Connection connection = Sql.openImmutable(file);
                Statement select = connection.createStatement();
                ResultSet row = select.executeQuery("SELECT entry, crc FROM seal WHERE id = 2")) {
            if (!row.next()) {
                return OptionalLong.empty();
            }
            byte[] entry = SegmentFile.bytes(row, 1);
            // One that fails its CRC says nothing; at worst a file is rewritten once more.
            return (int) row.getLong(2) == (int) SegmentFile.rowCrc(2, entry)
                    ? OptionalLong.of(new Decoder(entry).unsigned())
                    : OptionalLong.empty();
        }
    }

    /**
     * Puts the new file in the place of the old one. Who has the old one open goes on reading it. Throws, and leaves the
     * old file, if a block of it is damaged ({@link DamageException}) or there is no room.
     */
    void run(long keptBytes) throws SQLException, IOException {
        Path file = SegmentFile.path(directory, number);
        Path unfinished = directory.resolve(String.format("%08d%s", number, SegmentFile.NEW_SUFFIX));
        Files.deleteIfExists(unfinished);
        try {
            try (Connection from = Sql.openImmutable(file);
                    Connection to = Sql.openWritable(unfinished)) {
                Sql.run(
                        to,
                        "PRAGMA application_id=" + SegmentFile.APPLICATION_ID,
                        "PRAGMA user_version=" + SegmentFile.FORMAT,
                        "PRAGMA journal_mode=MEMORY",
                        "PRAGMA synchronous=FULL",
                        "PRAGMA cache_size=-512",
                        "BEGIN IMMEDIATE");
                Sql.run(to, SegmentFile.SCHEMA);
                Decryptor decryptor = encryption.decryptor(number, SegmentKeys.of(from));
                Encryptor encryptor = encryption.encryptor(number);
                SegmentFile.insertSnapshot(to, SegmentFile.readSnapshot(from, decryptor), encryptor);
                copyBlocks(from, to, decryptor, encryptor);
                copySeal(from, to, new Encoder().unsigned(keptBytes).toBytes());
                Sql.run(to, "COMMIT");
            }
            Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            SegmentFile.syncDirectory(directory);
        } finally {
            Files.deleteIfExists(unfinished);
        }
    }

    @Override
    public void close() {
        packer.close();
    }

    private void copyBlocks(Connection from, Connection to, Decryptor decryptor, Encryptor encryptor)
            throws SQLException {
        try (BlockUnpacker unpacker = new BlockUnpacker(Decryptor.plain(number));
                Statement select = from.createStatement();
                ResultSet rows = select.executeQuery("SELECT " + BlockRows.COLUMNS + " FROM block ORDER BY lsn");
                PreparedStatement insert = to.prepareStatement(BlockRows.INSERT)) {
            int unsynced = 0;
            while (rows.next()) {
                StoredBlock block = encryptor.block(trimmed(decryptor.block(BlockRows.read(rows)), unpacker));
                BlockRows.bind(insert, block);
                insert.executeUpdate();
                unsynced += block.bytes();
                if (unsynced >= BYTES_PER_SYNC) {
                    Sql.run(to, "COMMIT", "BEGIN IMMEDIATE");
                    unsynced = 0;
                }
            }
        }
    }

    private StoredBlock trimmed(StoredBlock stored, BlockUnpacker unpacker) {
        if (BlockCodec.decodeDirectory(stored.directory()).stream().allMatch(kept)) {
            return stored;
        }
        Block block = unpacker.unpack(stored);
        byte[] body = BodyTrim.keep(block.runs(), block.body(), kept);
        return packer.pack(new Block(block.header(), block.control(), block.directory(), body));
    }

    private static void copySeal(Connection from, Connection to, byte[] kept) throws SQLException {
        try (Statement select = from.createStatement();
                ResultSet row = select.executeQuery("SELECT entry, crc FROM seal WHERE id = 1");
                PreparedStatement insert = to.prepareStatement("INSERT INTO seal(id, entry, crc) VALUES (?, ?, ?)")) {
            if (!row.next()) {
                throw new DamageException("the segment is not sealed");
            }
            insert.setLong(1, 1);
            insert.setBytes(2, SegmentFile.bytes(row, 1));
            insert.setLong(3, row.getLong(2));
            insert.executeUpdate();
            insert.setLong(1, 2);
            insert.setBytes(2, kept);
            insert.setLong(3, SegmentFile.rowCrc(2, kept));
            insert.executeUpdate();
        }
    }
}
