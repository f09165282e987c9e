package io.tidegate.capture;

import io.tidegate.core.stream.Payload;
import java.util.Locale;

/**
 * What a decoder must know before the first frame.
 *
 * @param avcC the AVCDecoderConfigurationRecord (ISO/IEC 14496-15, 5.3.3.1), with NAL unit lengths of four bytes
 */
record VideoFormat(Payload avcC, int width, int height) {
    VideoFormat {
        if (avcC.length() < 7 || avcC.byteAt(0) != 1) {
            throw new IllegalArgumentException("avcC must be version 1 with at least 7 bytes, found "
                    + (avcC.isEmpty() ? "none" : "version " + avcC.byteAt(0) + ", " + avcC.length() + " bytes"));
        }
        if (width < 1 || width > 65_535 || height < 1 || height > 65_535) {
            throw new IllegalArgumentException(
                    "a picture has 1 to 65535 columns and lines, found " + width + "x" + height);
        }
    }

    /** The codec as in RFC 6381: profile, constraints and level in hex. */
    String codecs() {
        return String.format(
                Locale.ROOT, "avc1.%02x%02x%02x", avcC.byteAt(1) & 0xff, avcC.byteAt(2) & 0xff, avcC.byteAt(3) & 0xff);
    }
}
