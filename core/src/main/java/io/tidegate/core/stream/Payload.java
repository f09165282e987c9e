package io.tidegate.core.stream;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Objects;
import java.util.zip.CRC32C;

/**
 * Bytes that nobody changes: a read-only slice of an array. A slice keeps its whole backing array alive.
 *
 * <p>Immutable as long as whoever calls {@link #wrap} lets go of the array.
 */
public final class Payload {
    public static final Payload EMPTY = new Payload(new byte[0], 0, 0);

    private final byte[] bytes;
    private final int offset;
    private final int length;

    private Payload(byte[] bytes, int offset, int length) {
        this.bytes = bytes;
        this.offset = offset;
        this.length = length;
    }

    /** Takes the array over without a copy; the caller must not change it afterwards. */
    public static Payload wrap(byte[] bytes) {
        return new Payload(bytes, 0, bytes.length);
    }

    /** Takes a part of the array over without a copy; the caller must not change it afterwards. */
    public static Payload wrap(byte[] bytes, int offset, int length) {
        Objects.checkFromIndexSize(offset, length, bytes.length);
        return new Payload(bytes, offset, length);
    }

    public static Payload copyOf(byte[] bytes) {
        return wrap(bytes.clone());
    }

    /** Copies what remains in the buffer and leaves its position where it was. */
    public static Payload copyOf(ByteBuffer buffer) {
        byte[] copy = new byte[buffer.remaining()];
        buffer.duplicate().get(copy);
        return wrap(copy);
    }

    public static Payload ofUtf8(String text) {
        return wrap(text.getBytes(StandardCharsets.UTF_8));
    }

    public int length() {
        return length;
    }

    public boolean isEmpty() {
        return length == 0;
    }

    public byte byteAt(int index) {
        Objects.checkIndex(index, length);
        return bytes[offset + index];
    }

    public Payload slice(int fromInclusive, int toExclusive) {
        Objects.checkFromToIndex(fromInclusive, toExclusive, length);
        return new Payload(bytes, offset + fromInclusive, toExclusive - fromInclusive);
    }

    public void copyTo(byte[] target, int targetOffset) {
        System.arraycopy(bytes, offset, target, targetOffset, length);
    }

    public byte[] toBytes() {
        return Arrays.copyOfRange(bytes, offset, offset + length);
    }

    /** A read-only view. */
    public ByteBuffer asByteBuffer() {
        return ByteBuffer.wrap(bytes, offset, length).slice().asReadOnlyBuffer();
    }

    public void writeTo(OutputStream out) throws IOException {
        out.write(bytes, offset, length);
    }

    public String utf8() {
        return new String(bytes, offset, length, StandardCharsets.UTF_8);
    }

    /** CRC-32C (Castagnoli, RFC 3720 section 12.1) of the bytes, as an unsigned value in an int. */
    public int crc32c() {
        CRC32C crc = new CRC32C();
        crc.update(bytes, offset, length);
        return (int) crc.getValue();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Payload that
                && Arrays.equals(bytes, offset, offset + length, that.bytes, that.offset, that.offset + that.length);
    }

    @Override
    public int hashCode() {
        int hash = 1;
        for (int i = offset; i < offset + length; i++) {
            hash = 31 * hash + bytes[i];
        }
        return hash;
    }

    @Override
    public String toString() {
        return "Payload[" + length + " bytes]";
    }
}
