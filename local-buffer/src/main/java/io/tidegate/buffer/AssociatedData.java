package io.tidegate.buffer;

import java.nio.ByteBuffer;

/**
 * What an encrypted part is bound to, so that it fails in any other place. Numbers are 8 bytes, big-endian.
 *
 * <pre>
 * block         1: 1 byte, segment, lsn, epoch, boot, mono_ns, time_ms, time_quality, codec, key_id, raw_length, directory
 * snapshot row  2: 1 byte, segment, position, key_id
 * shards        3: 1 byte, key_id
 * </pre>
 */
final class AssociatedData {
    private static final byte BLOCK = 1;
    private static final byte SNAPSHOT_ROW = 2;
    private static final byte SHARDS = 3;

    private AssociatedData() {}

    static byte[] block(int segment, StoredBlock block) {
        ByteBuffer fixed = block.fixed();
        return ByteBuffer.allocate(1 + Long.BYTES + fixed.remaining() + block.directory().length)
                .put(BLOCK)
                .putLong(segment)
                .put(fixed)
                .put(block.directory())
                .array();
    }

    static byte[] snapshotRow(int segment, long position, long keyId) {
        return ByteBuffer.allocate(1 + 3 * Long.BYTES)
                .put(SNAPSHOT_ROW)
                .putLong(segment)
                .putLong(position)
                .putLong(keyId)
                .array();
    }

    static byte[] shards(long keyId) {
        return ByteBuffer.allocate(1 + Long.BYTES).put(SHARDS).putLong(keyId).array();
    }
}
