package io.tidegate.capture;

import io.tidegate.core.stream.Payload;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** H.264 NAL units between start codes (ITU-T H.264 annex B) and as MP4 stores them, behind their lengths. */
final class NalUnits {
    private static final int SPS = 7;
    private static final int PPS = 8;
    private static final int DELIMITER = 9;

    private final List<byte[]> units;

    private NalUnits(List<byte[]> units) {
        this.units = units;
    }

    static boolean isAnnexB(byte[] bytes) {
        return bytes.length >= 4
                && bytes[0] == 0
                && bytes[1] == 0
                && (bytes[2] == 1 || (bytes[2] == 0 && bytes[3] == 1));
    }

    /** Splits at start codes of three or four bytes. */
    static NalUnits ofAnnexB(byte[] bytes) {
        List<byte[]> units = new ArrayList<>();
        int from = -1;
        for (int i = 0; i + 2 < bytes.length; i++) {
            if (bytes[i] == 0 && bytes[i + 1] == 0 && bytes[i + 2] == 1) {
                add(units, bytes, from, i);
                from = i + 3;
                i += 2;
            }
        }
        add(units, bytes, from, bytes.length);
        return new NalUnits(units);
    }

    private static void add(List<byte[]> units, byte[] bytes, int from, int to) {
        int end = to;
        // A unit never ends in a zero byte: such bytes belong to the next start code or are stuffing.
        while (from >= 0 && end > from && bytes[end - 1] == 0) {
            end--;
        }
        if (from >= 0 && end > from) {
            units.add(Arrays.copyOfRange(bytes, from, end));
        }
    }

    /** Splits at lengths of 1, 2 or 4 bytes; throws IllegalArgumentException if they do not add up. */
    static NalUnits ofLengths(byte[] bytes, int lengthBytes) {
        List<byte[]> units = new ArrayList<>();
        int at = 0;
        while (at + lengthBytes <= bytes.length) {
            int length = 0;
            for (int i = 0; i < lengthBytes; i++) {
                length = (length << 8) | (bytes[at++] & 0xff);
            }
            if (length < 0 || length > bytes.length - at) {
                throw new IllegalArgumentException("a NAL unit of " + length + " bytes in a frame of " + bytes.length);
            }
            if (length > 0) {
                units.add(Arrays.copyOfRange(bytes, at, at + length));
            }
            at += length;
        }
        return new NalUnits(units);
    }

    /** The frame as MP4 stores it: four-byte lengths, without parameter sets and delimiters. */
    Payload toSample() {
        List<byte[]> kept = units.stream()
                .filter(unit -> type(unit) != SPS && type(unit) != PPS && type(unit) != DELIMITER)
                .toList();
        BoxBuffer out = new BoxBuffer(kept.stream().mapToInt(u -> u.length + 4).sum());
        kept.forEach(unit -> out.u32(unit.length).bytes(unit));
        return out.toPayload();
    }

    boolean hasParameterSets() {
        return units.stream().anyMatch(u -> type(u) == SPS) && units.stream().anyMatch(u -> type(u) == PPS);
    }

    /** The decoder configuration record (ISO/IEC 14496-15, 5.3.3.1) of the parameter sets among these units. */
    Payload toAvcC() {
        List<byte[]> sps =
                units.stream().filter(u -> type(u) == SPS && u.length >= 4).toList();
        List<byte[]> pps = units.stream().filter(u -> type(u) == PPS).toList();
        if (sps.isEmpty() || pps.isEmpty()) {
            throw new IllegalArgumentException("expected an SPS and a PPS, found " + sps.size() + " and " + pps.size());
        }
        byte[] first = sps.get(0);
        BoxBuffer out = new BoxBuffer(64);
        out.u8(1).u8(first[1]).u8(first[2]).u8(first[3]).u8(0xff).u8(0xe0 | sps.size());
        sps.forEach(unit -> out.u16(unit.length).bytes(unit));
        out.u8(pps.size());
        pps.forEach(unit -> out.u16(unit.length).bytes(unit));
        int profile = first[1] & 0xff;
        if (profile == 100 || profile == 110 || profile == 122 || profile == 144) {
            Bits bits = new Bits(first, 4);
            bits.exp(); // seq_parameter_set_id
            int chroma = bits.exp();
            if (chroma == 3) {
                bits.next(); // separate_colour_plane_flag
            }
            out.u8(0xfc | chroma).u8(0xf8 | bits.exp()).u8(0xf8 | bits.exp()).u8(0);
        }
        return out.toPayload();
    }

    private static int type(byte[] unit) {
        return unit[0] & 0x1f;
    }

    /** Reads Exp-Golomb numbers (ITU-T H.264, 9.1) from a unit, past its emulation prevention bytes. */
    private static final class Bits {
        private final byte[] bytes;
        private int position;

        Bits(byte[] unit, int from) {
            ByteArrayOutputStream plain = new ByteArrayOutputStream(unit.length);
            for (int i = from; i < unit.length; i++) {
                boolean prevention = i >= from + 2 && unit[i] == 3 && unit[i - 1] == 0 && unit[i - 2] == 0;
                if (!prevention) {
                    plain.write(unit[i]);
                }
            }
            bytes = plain.toByteArray();
        }

        int next() {
            if (position >= bytes.length * 8) {
                throw new IllegalArgumentException("an SPS that ends early, after " + bytes.length + " bytes");
            }
            int bit = (bytes[position >>> 3] >>> (7 - (position & 7))) & 1;
            position++;
            return bit;
        }

        int exp() {
            int zeros = 0;
            while (next() == 0) {
                zeros++;
                if (zeros > 30) {
                    throw new IllegalArgumentException("a number in the SPS is longer than 31 bits");
                }
            }
            int value = 1;
            for (int i = 0; i < zeros; i++) {
                value = (value << 1) | next();
            }
            return value - 1;
        }
    }
}
