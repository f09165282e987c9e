package io.tidegate.buffer;

import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;

/** How a stored block becomes a row of {@code block}, and back. */
final class BlockRows {
    static final String INSERT = """
            INSERT INTO block(lsn, epoch, boot, mono_ns, time_ms, time_quality, control, directory,
                              codec, key_id, raw_length, crc, body)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """;
    static final String COLUMNS =
            "lsn, epoch, boot, mono_ns, time_ms, time_quality, control, directory, codec, key_id, raw_length, crc, body";

    private BlockRows() {}

    static void bind(PreparedStatement insert, StoredBlock block) throws SQLException {
        BlockHeader header = block.header();
        insert.setLong(1, header.lsn());
        insert.setLong(2, header.epoch());
        insert.setLong(3, header.boot());
        insert.setLong(4, header.poweredOnNanos());
        insert.setLong(5, header.timeMillis());
        insert.setLong(6, Codes.of(header.timeQuality()));
        insert.setBytes(7, block.control());
        insert.setBytes(8, block.directory());
        insert.setLong(9, block.codec());
        insert.setLong(10, block.keyId());
        insert.setLong(11, block.rawLength());
        insert.setLong(12, block.crc() & 0xffffffffL);
        insert.setBytes(13, block.body());
    }

    /** Reads the current row; a {@link DamageException} if it is not what was written. */
    static StoredBlock read(ResultSet row) throws SQLException {
        long lsn = row.getLong(1);
        byte[] body = SegmentFile.bytes(row, 13);
        BlockHeader header = new BlockHeader(
                lsn, row.getLong(2), row.getLong(3), row.getLong(4), row.getLong(5), Codes.timeQuality(row.getLong(6)));
        byte[] control = SegmentFile.bytes(row, 7);
        StoredBlock block = new StoredBlock(
                        header, control, SegmentFile.bytes(row, 8), row.getInt(9), row.getLong(11), body)
                .under(row.getLong(10), control, body);
        if (block.crc() != (int) row.getLong(12)) {
            throw new DamageException("block " + lsn + " fails its CRC");
        }
        return block;
    }
}
