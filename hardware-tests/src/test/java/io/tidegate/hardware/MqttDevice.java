package io.tidegate.hardware;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Callable;

/**
 * An MQTT 3.1.1 device with QoS 1 and a small window, on a bare socket, as microcontrollers have them: it reconnects
 * on any trouble and then sends everything unacknowledged again, in order, with the DUP flag.
 */
final class MqttDevice extends Device {
    private static final int WINDOW = 8;
    private static final int ACKNOWLEDGEMENT_MILLIS_MAX = 5_000;

    private final Callable<Integer> port;
    private final String topic;
    private final int intervalMillis;

    MqttDevice(String name, Callable<Integer> port, String topic, int intervalMillis) {
        super(name);
        this.port = port;
        this.topic = topic;
        this.intervalMillis = intervalMillis;
    }

    @Override
    void live() throws Exception {
        while (!isClosed()) {
            try (Socket socket = new Socket()) {
                socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port.call()), 2_000);
                socket.setTcpNoDelay(true);
                socket.setSoTimeout(ACKNOWLEDGEMENT_MILLIS_MAX);
                session(socket);
            } catch (IOException e) {
                pause(50);
            }
        }
    }

    private void session(Socket socket) throws IOException, InterruptedException {
        DataInputStream in = new DataInputStream(new BufferedInputStream(socket.getInputStream()));
        DataOutputStream out = new DataOutputStream(socket.getOutputStream());
        out.write(connect());
        byte[] connack = new byte[4];
        in.readFully(connack);
        if (connack[0] != 0x20 || connack[3] != 0) {
            throw new AssertionError("CONNACK refused: " + connack[3]);
        }
        Map<Integer, Integer> inFlight = new HashMap<>();
        int next = firstOpen();
        int packetId = 1;
        while (!isClosed()) {
            if (next > count() && isProducing() && inFlight.size() < WINDOW) {
                newReading();
            }
            while (next <= count() && inFlight.size() < WINDOW) {
                Reading reading = reading(next);
                out.write(publish(payload(next), packetId, reading.sendsAgain()));
                inFlight.put(packetId, next);
                packetId = packetId % 65_535 + 1;
                next++;
            }
            pause(intervalMillis);
            while (in.available() > 0 || inFlight.size() >= WINDOW || (!isProducing() && !inFlight.isEmpty())) {
                acknowledge(in, inFlight);
            }
        }
    }

    private void acknowledge(DataInputStream in, Map<Integer, Integer> inFlight) throws IOException {
        byte[] puback = new byte[4];
        try {
            in.readFully(puback);
        } catch (SocketTimeoutException e) {
            throw new IOException("no acknowledgement within " + ACKNOWLEDGEMENT_MILLIS_MAX + " ms", e);
        }
        if (puback[0] != 0x40) {
            throw new AssertionError("expected PUBACK, found packet type " + puback[0]);
        }
        int id = ((puback[2] & 0xff) << 8) | (puback[3] & 0xff);
        Integer number = inFlight.remove(id);
        if (number == null) {
            throw new AssertionError("PUBACK for packet id " + id + ", which is not in flight");
        }
        reading(number).acknowledged = true;
    }

    private byte[] connect() throws IOException {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(body);
        out.writeUTF("MQTT");
        out.write(new byte[] {4, 2, 0, 60});
        out.writeUTF(name);
        return packet(0x10, body.toByteArray());
    }

    private byte[] publish(String payload, int packetId, boolean again) throws IOException {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(body);
        out.writeUTF(topic);
        out.writeShort(packetId);
        out.write(payload.getBytes(StandardCharsets.UTF_8));
        return packet(again ? 0x3A : 0x32, body.toByteArray());
    }

    private static byte[] packet(int first, byte[] body) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(first);
        int length = body.length;
        do {
            int digit = length % 128;
            length /= 128;
            out.write(length > 0 ? digit | 0x80 : digit);
        } while (length > 0);
        out.writeBytes(body);
        return out.toByteArray();
    }
}
