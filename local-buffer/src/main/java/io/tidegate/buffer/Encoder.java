package io.tidegate.buffer;

import io.tidegate.core.stream.Payload;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Growing bytes in the log's own encoding: varints (LEB128, least significant group first), signed numbers as zigzag,
 * strings and bytes after their length.
 *
 * <p>Confined to one thread.
 */
final class Encoder {
    private static final int KEPT_BYTES_MAX = 2 << 20;

    private byte[] bytes;
    private int length;

    Encoder() {
        this(256);
    }

    Encoder(int capacity) {
        bytes = new byte[capacity];
    }

    int length() {
        return length;
    }

    /** Begins anew, in the same room, unless that has become very large. */
    void clear() {
        length = 0;
        if (bytes.length > KEPT_BYTES_MAX) {
            bytes = new byte[256];
        }
    }

    Encoder unsigned(long value) {
        reserve(10);
        long rest = value;
        while ((rest & ~0x7fL) != 0) {
            bytes[length++] = (byte) (rest | 0x80);
            rest >>>= 7;
        }
        bytes[length++] = (byte) rest;
        return this;
    }

    Encoder signed(long value) {
        return unsigned((value << 1) ^ (value >> 63));
    }

    Encoder octet(int value) {
        reserve(1);
        bytes[length++] = (byte) value;
        return this;
    }

    Encoder flag(boolean value) {
        return octet(value ? 1 : 0);
    }

    Encoder text(String value) {
        byte[] utf8 = value.getBytes(StandardCharsets.UTF_8);
        return unsigned(utf8.length).raw(utf8);
    }

    Encoder payload(Payload value) {
        unsigned(value.length());
        reserve(value.length());
        value.copyTo(bytes, length);
        length += value.length();
        return this;
    }

    /** A whole part made elsewhere, after its length. */
    Encoder part(Encoder value) {
        return unsigned(value.length).append(value);
    }

    /** What another encoder holds, without a length. */
    Encoder append(Encoder value) {
        reserve(value.length);
        System.arraycopy(value.bytes, 0, bytes, length, value.length);
        length += value.length;
        return this;
    }

    Encoder raw(byte[] value) {
        reserve(value.length);
        System.arraycopy(value, 0, bytes, length, value.length);
        length += value.length;
        return this;
    }

    /** 16 bytes, big-endian. */
    Encoder hash(BigInteger value) {
        byte[] magnitude = value.toByteArray();
        byte[] fixed = new byte[16];
        int used = Math.min(16, magnitude.length);
        System.arraycopy(magnitude, magnitude.length - used, fixed, 16 - used, used);
        return raw(fixed);
    }

    byte[] toBytes() {
        return Arrays.copyOf(bytes, length);
    }

    /** All of this, and then all of another. */
    byte[] toBytes(Encoder rest) {
        byte[] all = Arrays.copyOf(bytes, length + rest.length);
        System.arraycopy(rest.bytes, 0, all, length, rest.length);
        return all;
    }

    private void reserve(int more) {
        if (bytes.length - length < more) {
            bytes = Arrays.copyOf(bytes, Math.max(length + more, bytes.length + (bytes.length >> 1)));
        }
    }
}
