package io.tidegate.capture;

import io.tidegate.core.stream.Payload;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * The key frame at the head of a fragment, found in bytes that {@link InitSegment} and {@link MediaPart} wrote.
 *
 * @param avcC what the decoder must know
 * @param frame with lengths of four bytes
 */
record StoredPicture(Payload avcC, Payload frame) {
    /** Throws IllegalArgumentException if a box is not where it must be. */
    static StoredPicture of(byte[] init, byte[] fragment) {
        int[] stsd = path(init, "moov", "trak", "mdia", "minf", "stbl", "stsd");
        // stsd: 16 bytes to its first entry; avc1: 86 bytes to its first child
        int[] avc1 = child(init, new int[] {stsd[0] + 8, stsd[1]}, "avc1");
        int[] avcC = child(init, new int[] {avc1[0] + 78, avc1[1]}, "avcC");
        int[] moof = child(fragment, new int[] {0, fragment.length}, "moof");
        int[] trun = child(fragment, child(fragment, moof, "traf"), "trun");
        int length = ByteBuffer.wrap(fragment).getInt(trun[0] + 16);
        int[] mdat = child(fragment, new int[] {moof[1], fragment.length}, "mdat");
        if (length < 5 || length > mdat[1] - mdat[0]) {
            throw new IllegalArgumentException(
                    "the first frame has " + length + " bytes, its box " + (mdat[1] - mdat[0]));
        }
        return new StoredPicture(
                Payload.wrap(init, avcC[0], avcC[1] - avcC[0]), Payload.wrap(fragment, mdat[0], length));
    }

    private static int[] path(byte[] bytes, String... types) {
        int[] range = {0, bytes.length};
        for (String type : types) {
            range = child(bytes, range, type);
        }
        return range;
    }

    /** Where the content of the first box of this type in the range starts and ends. */
    private static int[] child(byte[] bytes, int[] range, String type) {
        ByteBuffer all = ByteBuffer.wrap(bytes);
        int at = range[0];
        while (at + 8 <= range[1]) {
            int length = all.getInt(at);
            if (length < 8 || length > range[1] - at) {
                break;
            }
            if (new String(bytes, at + 4, 4, StandardCharsets.ISO_8859_1).equals(type)) {
                return new int[] {at + 8, at + length};
            }
            at += length;
        }
        throw new IllegalArgumentException("expected a box " + type + ", found none");
    }
}
