package io.tidegate.adapters;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/** An MQTT client written by hand from the specification, over a socket, that may also misbehave. */
final class RawMqtt implements AutoCloseable {
    static final int V311 = 4;
    static final int V5 = 5;

    private final Socket socket;
    private final DataInputStream in;
    private final int version;

    RawMqtt(int port, int version) throws IOException {
        this.socket = new Socket(InetAddress.getLoopbackAddress(), port);
        this.socket.setSoTimeout(20_000);
        this.socket.setTcpNoDelay(true);
        this.in = new DataInputStream(socket.getInputStream());
        this.version = version;
    }

    /** Connects, and reads the CONNACK of success. */
    static RawMqtt connected(int port, int version, String clientId) throws IOException {
        RawMqtt client = new RawMqtt(port, version);
        client.send(connect(version, clientId, 60));
        String reply = client.read();
        if (!reply.startsWith("20") || !reply.startsWith("0000", 4)) {
            throw new IOException("expected CONNACK with success, found " + reply);
        }
        return client;
    }

    static byte[] connect(int version, String clientId, int keepAliveSeconds) {
        return connect(version, clientId, keepAliveSeconds, 0x02, "");
    }

    /** The payload after the client id is given in hex. */
    static byte[] connect(int version, String clientId, int keepAliveSeconds, int flags, String moreHex) {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        text(body, "MQTT");
        body.write(version);
        body.write(flags);
        body.write(keepAliveSeconds >> 8);
        body.write(keepAliveSeconds);
        if (version == V5) {
            body.write(0);
        }
        text(body, clientId);
        body.writeBytes(HexFormat.of().parseHex(moreHex));
        return packet(0x10, body.toByteArray());
    }

    byte[] publish(String topic, int packetId, String payload) {
        return publish(topic, packetId, payload.getBytes(StandardCharsets.UTF_8), packetId == 0 ? 0x30 : 0x32);
    }

    byte[] publish(String topic, int packetId, byte[] payload, int firstByte) {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        text(body, topic);
        if ((firstByte & 0x06) != 0) {
            body.write(packetId >> 8);
            body.write(packetId);
        }
        if (version == V5) {
            body.write(0);
        }
        body.writeBytes(payload);
        return packet(firstByte, body.toByteArray());
    }

    static String hexText(String text) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        text(out, text);
        return HexFormat.of().formatHex(out.toByteArray());
    }

    private static void text(ByteArrayOutputStream out, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        out.write(bytes.length >> 8);
        out.write(bytes.length);
        out.writeBytes(bytes);
    }

    static byte[] packet(int firstByte, byte[] body) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(firstByte);
        int left = body.length;
        do {
            out.write((left & 0x7F) | (left > 0x7F ? 0x80 : 0));
            left >>= 7;
        } while (left > 0);
        out.writeBytes(body);
        return out.toByteArray();
    }

    void send(byte[] bytes) throws IOException {
        socket.getOutputStream().write(bytes);
    }

    void send(String hex) throws IOException {
        send(HexFormat.of().parseHex(hex));
    }

    /** The next packet, in hex. Throws EOFException if the listener has closed. */
    String read() throws IOException {
        try {
            int first = in.readUnsignedByte();
            int length = 0;
            int shift = 0;
            int b;
            ByteArrayOutputStream head = new ByteArrayOutputStream();
            head.write(first);
            do {
                b = in.readUnsignedByte();
                head.write(b);
                length |= (b & 0x7F) << shift;
                shift += 7;
            } while (b > 0x7F);
            byte[] body = in.readNBytes(length);
            head.writeBytes(body);
            return HexFormat.of().formatHex(head.toByteArray());
        } catch (SocketException e) {
            EOFException end = new EOFException("the listener has reset the connection");
            end.initCause(e);
            throw end;
        }
    }

    /** The packet ids of the next acknowledgements of success. */
    List<Integer> readAcks(int count) throws IOException {
        List<Integer> ids = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            String reply = read();
            if (!reply.startsWith("4002")) {
                throw new IOException("expected PUBACK with success, found " + reply);
            }
            ids.add(Integer.parseInt(reply.substring(4), 16));
        }
        return ids;
    }

    /** Whether nothing comes for this long. */
    boolean isSilent(int millis) throws IOException {
        socket.setSoTimeout(millis);
        try {
            return in.read() < -1;
        } catch (SocketTimeoutException e) {
            return true;
        } finally {
            socket.setSoTimeout(20_000);
        }
    }

    /** Waits until the listener closes; false if it sends something instead. */
    boolean isClosedByPeer() throws IOException {
        try {
            return in.read() < 0;
        } catch (SocketException e) {
            return true;
        }
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
