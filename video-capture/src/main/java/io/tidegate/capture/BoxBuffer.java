package io.tidegate.capture;

import io.tidegate.core.stream.Payload;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** A growing array into which ISO base media boxes are written, big-endian. Confined to its owner. */
final class BoxBuffer {
    private byte[] bytes;
    private int length;

    BoxBuffer(int capacity) {
        this.bytes = new byte[capacity];
    }

    /** Starts a box; what {@link #end} needs to close it. */
    int begin(String type) {
        int start = length;
        u32(0);
        ascii(type);
        return start;
    }

    int beginFull(String type, int version, int flags) {
        int start = begin(type);
        u32((version << 24) | flags);
        return start;
    }

    void end(int start) {
        patch(start, length - start);
    }

    void patch(int position, int value) {
        bytes[position] = (byte) (value >>> 24);
        bytes[position + 1] = (byte) (value >>> 16);
        bytes[position + 2] = (byte) (value >>> 8);
        bytes[position + 3] = (byte) value;
    }

    BoxBuffer u8(int value) {
        room(1);
        bytes[length++] = (byte) value;
        return this;
    }

    BoxBuffer u16(int value) {
        return u8(value >>> 8).u8(value);
    }

    BoxBuffer u32(int value) {
        room(4);
        patch(length, value);
        length += 4;
        return this;
    }

    BoxBuffer u64(long value) {
        return u32((int) (value >>> 32)).u32((int) value);
    }

    BoxBuffer zeros(int count) {
        room(count);
        length += count;
        return this;
    }

    BoxBuffer ascii(String text) {
        return bytes(text.getBytes(StandardCharsets.US_ASCII));
    }

    /** A length in 16 bits and the UTF-8 bytes. */
    BoxBuffer text(String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        return u16(utf8.length).bytes(utf8);
    }

    BoxBuffer bytes(byte[] added) {
        room(added.length);
        System.arraycopy(added, 0, bytes, length, added.length);
        length += added.length;
        return this;
    }

    BoxBuffer bytes(Payload added) {
        room(added.length());
        added.copyTo(bytes, length);
        length += added.length();
        return this;
    }

    int length() {
        return length;
    }

    /** The bytes so far; the buffer must not be used afterwards. */
    Payload toPayload() {
        return Payload.wrap(bytes, 0, length);
    }

    private void room(int count) {
        if (bytes.length - length < count) {
            bytes = Arrays.copyOf(bytes, Math.max(bytes.length * 2, length + count));
        }
    }
}
