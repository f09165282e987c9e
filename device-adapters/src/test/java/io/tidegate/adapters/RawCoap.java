package io.tidegate.adapters;

import io.tidegate.core.stream.Payload;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** A device that speaks CoAP in single datagrams, written from RFC 7252 section 3, for tests. */
final class RawCoap implements AutoCloseable {
    static final int CON = 0;
    static final int NON = 1;
    static final int ACK = 2;
    static final int RST = 3;
    static final int EMPTY = 0;
    static final int POST = 2;
    static final int PUT = 3;
    static final int CHANGED = code(2, 4);

    /** A message as it came. */
    record Message(int type, int code, int id, String token, Payload bytes) {
        static Message of(byte[] bytes) {
            int tokenLength = bytes[0] & 0x0f;
            return new Message(
                    (bytes[0] >> 4) & 0x03,
                    bytes[1] & 0xff,
                    (bytes[2] & 0xff) << 8 | (bytes[3] & 0xff),
                    new String(bytes, 4, tokenLength, StandardCharsets.ISO_8859_1),
                    Payload.wrap(bytes));
        }

        /** The value of an option that is a number, or -1. */
        long option(int wanted) {
            int at = 4 + (bytes.byteAt(0) & 0x0f);
            int number = 0;
            while (at < bytes.length() && bytes.byteAt(at) != (byte) 0xff) {
                int delta = (bytes.byteAt(at) >> 4) & 0x0f;
                int length = bytes.byteAt(at) & 0x0f;
                at++;
                if (delta == 13) {
                    delta = 13 + (bytes.byteAt(at++) & 0xff);
                }
                if (length == 13) {
                    length = 13 + (bytes.byteAt(at++) & 0xff);
                }
                number += delta;
                if (number == wanted) {
                    long value = 0;
                    for (int i = 0; i < length; i++) {
                        value = value << 8 | (bytes.byteAt(at + i) & 0xff);
                    }
                    return value;
                }
                at += length;
            }
            return -1;
        }
    }

    private final DatagramSocket socket;
    private final int port;

    RawCoap(int port) throws IOException {
        this.socket = new DatagramSocket(0, InetAddress.getLoopbackAddress());
        this.port = port;
    }

    static int code(int kind, int detail) {
        return kind << 5 | detail;
    }

    static byte[] request(int type, int code, int id, String token, String path, String payload) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(1 << 6 | type << 4 | token.length());
        out.write(code);
        out.write(id >> 8);
        out.write(id);
        out.writeBytes(token.getBytes(StandardCharsets.ISO_8859_1));
        int delta = 11; // Uri-Path
        for (String segment : path.split("/", -1)) {
            byte[] text = segment.getBytes(StandardCharsets.UTF_8);
            out.write(delta << 4 | Math.min(text.length, 13));
            if (text.length >= 13) {
                out.write(text.length - 13);
            }
            out.writeBytes(text);
            delta = 0;
        }
        out.write(0xff);
        out.writeBytes(payload.getBytes(StandardCharsets.UTF_8));
        return out.toByteArray();
    }

    void send(byte[] bytes) throws IOException {
        socket.send(new DatagramPacket(bytes, bytes.length, InetAddress.getLoopbackAddress(), port));
    }

    void acknowledge(Message message) throws IOException {
        send(new byte[] {(byte) (1 << 6 | ACK << 4), 0, (byte) (message.id >> 8), (byte) message.id});
    }

    /** Null: nothing came within this time. */
    @Nullable
    Message receive(Duration atMost) throws IOException {
        socket.setSoTimeout((int) atMost.toMillis());
        DatagramPacket packet = new DatagramPacket(new byte[2_048], 2_048);
        try {
            socket.receive(packet);
        } catch (SocketTimeoutException e) {
            return null;
        }
        return Message.of(Arrays.copyOf(packet.getData(), packet.getLength()));
    }

    Message expect() throws IOException {
        Message message = receive(Duration.ofSeconds(10));
        if (message == null) {
            throw new AssertionError("no message within 10 s");
        }
        return message;
    }

    @Override
    public void close() {
        socket.close();
    }
}
