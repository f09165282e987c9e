package io.tidegate.buffer;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Optional;

/**
 * The place of a table's row in a page (sqlite.org/fileformat2.html, 1.6 and 2.1), found in bytes that may be anything:
 * every length is looked at before it is used.
 *
 * <p>Immutable; nobody changes the arrays.
 */
final class StoredRow {
    /** A body of 16 MiB and what stands beside it. */
    private static final int PAYLOAD_BYTES_MAX = 24 << 20;

    private static final int PAYLOAD_BYTES_MIN = 4;
    private static final int COLUMNS_MAX = 16;
    private static final int LOCAL_MAX = PageImages.PAGE_BYTES - 35;
    private static final int LOCAL_MIN = (PageImages.PAGE_BYTES - 12) * 32 / 255 - 23;

    private final long rowId;
    private final int payloadBytes;
    private final int localOffset;
    private final int localBytes;
    private final int overflowPage;
    private final long[] types;
    private final int headerBytes;

    private StoredRow(Varints in, long rowId, int payloadBytes, int localBytes, long[] types, int headerBytes) {
        this.rowId = rowId;
        this.payloadBytes = payloadBytes;
        this.localOffset = in.start;
        this.localBytes = localBytes;
        this.overflowPage = localBytes == payloadBytes ? 0 : in.page.getInt(in.start + localBytes);
        this.types = types;
        this.headerBytes = headerBytes;
    }

    /** Reads SQLite's varints: seven bits per byte, the greatest first, at most nine bytes. */
    private static final class Varints {
        private final ByteBuffer page;
        private int at;
        private int start;
        private boolean isBroken;

        Varints(byte[] page, int at) {
            this.page = ByteBuffer.wrap(page);
            this.at = at;
        }

        long next() {
            long value = 0;
            for (int i = 0; i < 9; i++) {
                if (at >= page.capacity()) {
                    isBroken = true;
                    return -1;
                }
                int octet = page.get(at++);
                if (i == 8) {
                    return value << 8 | (octet & 0xff);
                }
                value = value << 7 | (octet & 0x7f);
                if (octet >= 0) {
                    return value;
                }
            }
            return value;
        }
    }

    /** A quick look, for the many offsets at which nothing begins: two numbers, the header's size, a key as column one. */
    static boolean mayBeginAt(byte[] page, int offset) {
        int at = afterVarint(page, afterVarint(page, offset, 4), 9);
        return at + 1 < page.length && page[at] >= 2 && page[at] <= 64 && page[at + 1] == 0;
    }

    private static int afterVarint(byte[] page, int offset, int bytesMax) {
        int at = offset;
        while (at < page.length && page[at] < 0 && at - offset < bytesMax - 1) {
            at++;
        }
        return at + 1;
    }

    /** The row that begins at an offset; empty: nothing that begins there can be one of ours. */
    static Optional<StoredRow> at(byte[] page, int offset) {
        Varints in = new Varints(page, offset);
        long payload = in.next();
        if (payload < PAYLOAD_BYTES_MIN || payload > PAYLOAD_BYTES_MAX) {
            return Optional.empty();
        }
        long rowId = in.next();
        in.start = in.at;
        int local = localBytes((int) payload);
        int end = in.start + local + (local == payload ? 0 : 4);
        long header = in.next();
        if (in.isBroken || rowId < 0 || end > page.length || header < 2 || header > Math.min(64, local)) {
            return Optional.empty();
        }
        long[] types = new long[COLUMNS_MAX];
        int count = 0;
        long content = 0;
        while (in.at < in.start + header) {
            long type = in.next();
            if (count == COLUMNS_MAX || !isOurs(type)) {
                return Optional.empty();
            }
            types[count++] = type;
            content += length(type);
        }
        if (in.at != in.start + header || header + content != payload) {
            return Optional.empty();
        }
        return Optional.of(new StoredRow(in, rowId, (int) payload, local, Arrays.copyOf(types, count), (int) header));
    }

    private static int localBytes(int payload) {
        if (payload <= LOCAL_MAX) {
            return payload;
        }
        int fitting = LOCAL_MIN + (payload - LOCAL_MIN) % (PageImages.PAGE_BYTES - 4);
        return fitting <= LOCAL_MAX ? fitting : LOCAL_MIN;
    }

    /** Absent, an integer, or a BLOB. */
    private static boolean isOurs(long type) {
        boolean isNumber = type >= 0 && type <= 9 && type != 7;
        return isNumber || (type >= 12 && type % 2 == 0 && type <= 2L * PAYLOAD_BYTES_MAX + 12);
    }

    private static int length(long type) {
        return switch ((int) Math.min(type, 12)) {
            case 0, 8, 9 -> 0;
            case 1, 2, 3, 4 -> (int) type;
            case 5 -> 6;
            case 6 -> 8;
            default -> (int) ((type - 12) / 2);
        };
    }

    long rowId() {
        return rowId;
    }

    int payloadBytes() {
        return payloadBytes;
    }

    int localBytes() {
        return localBytes;
    }

    /** Where the part in the page begins. */
    int localOffset() {
        return localOffset;
    }

    /** Where the rest is; 0: there is none. */
    int overflowPage() {
        return overflowPage;
    }

    /** Whether it has such columns: {@code K} the key, {@code I} an integer, {@code B} a BLOB. */
    boolean isShaped(String shape) {
        if (types.length != shape.length()) {
            return false;
        }
        for (int i = 0; i < types.length; i++) {
            char kind = types[i] == 0 ? 'K' : types[i] >= 12 ? 'B' : 'I';
            if (kind != shape.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    /** An integer column of the whole row. */
    long integer(byte[] payload, int column) {
        int type = (int) types[column];
        if (type == 8 || type == 9) {
            return type - 8L;
        }
        int at = offset(column);
        long value = payload[at];
        for (int i = 1; i < length(type); i++) {
            value = value << 8 | (payload[at + i] & 0xff);
        }
        return value;
    }

    /** A BLOB column of the whole row. */
    byte[] blob(byte[] payload, int column) {
        int at = offset(column);
        return Arrays.copyOfRange(payload, at, at + length(types[column]));
    }

    private int offset(int column) {
        int at = headerBytes;
        for (int i = 0; i < column; i++) {
            at += length(types[i]);
        }
        return at;
    }
}
