package io.tidegate.buffer;

import io.tidegate.core.stream.Payload;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Reads what {@link Encoder} wrote. Bytes that cannot be so are a {@link DamageException}.
 *
 * <p>Confined to one thread.
 */
final class Decoder {
    private final byte[] bytes;
    private final int end;
    private int position;

    Decoder(byte[] bytes) {
        this(bytes, 0, bytes.length);
    }

    private Decoder(byte[] bytes, int from, int end) {
        this.bytes = bytes;
        this.position = from;
        this.end = end;
    }

    boolean hasMore() {
        return position < end;
    }

    long unsigned() {
        if (position < end && bytes[position] >= 0) {
            return bytes[position++]; // most numbers are small
        }
        long value = 0;
        for (int shift = 0; shift < 64; shift += 7) {
            int next = octet();
            value |= (long) (next & 0x7f) << shift;
            if ((next & 0x80) == 0) {
                return value;
            }
        }
        throw new DamageException("a number has more than ten bytes");
    }

    long signed() {
        long value = unsigned();
        return (value >>> 1) ^ -(value & 1);
    }

    /** A count or a length: what is left bounds it. */
    int size() {
        long value = unsigned();
        if (value < 0 || value > end - position) {
            throw new DamageException("a length of " + value + " with " + (end - position) + " bytes left");
        }
        return (int) value;
    }

    int int32() {
        long value = unsigned();
        if (value < 0 || value > Integer.MAX_VALUE) {
            throw new DamageException("a number out of range: " + value);
        }
        return (int) value;
    }

    int octet() {
        if (position >= end) {
            throw new DamageException("the bytes end too early");
        }
        return bytes[position++] & 0xff;
    }

    boolean flag() {
        return octet() != 0;
    }

    String text() {
        int length = size();
        String value = new String(bytes, position, length, StandardCharsets.UTF_8);
        position += length;
        return value;
    }

    /** A slice, not a copy. */
    Payload payload() {
        int length = size();
        Payload value = Payload.wrap(bytes, position, length);
        position += length;
        return value;
    }

    /** Passes over so many texts, payloads or parts. */
    void skip(int count) {
        for (int i = count; i > 0; i--) {
            int length = size();
            position += length;
        }
    }

    /** The part that {@link Encoder#part} wrote. */
    Decoder part() {
        int length = size();
        Decoder part = new Decoder(bytes, position, position + length);
        position += length;
        return part;
    }

    BigInteger hash() {
        if (end - position < 16) {
            throw new DamageException("the bytes end within a hash key");
        }
        BigInteger value = new BigInteger(1, Arrays.copyOfRange(bytes, position, position + 16));
        position += 16;
        return value;
    }
}
