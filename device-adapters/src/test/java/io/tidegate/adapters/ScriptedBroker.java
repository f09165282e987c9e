package io.tidegate.adapters;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.mqtt.MqttConnAckMessage;
import io.netty.handler.codec.mqtt.MqttConnAckVariableHeader;
import io.netty.handler.codec.mqtt.MqttConnectMessage;
import io.netty.handler.codec.mqtt.MqttConnectReturnCode;
import io.netty.handler.codec.mqtt.MqttDecoder;
import io.netty.handler.codec.mqtt.MqttEncoder;
import io.netty.handler.codec.mqtt.MqttFixedHeader;
import io.netty.handler.codec.mqtt.MqttMessage;
import io.netty.handler.codec.mqtt.MqttMessageIdVariableHeader;
import io.netty.handler.codec.mqtt.MqttMessageType;
import io.netty.handler.codec.mqtt.MqttProperties;
import io.netty.handler.codec.mqtt.MqttPublishMessage;
import io.netty.handler.codec.mqtt.MqttPublishVariableHeader;
import io.netty.handler.codec.mqtt.MqttQoS;
import io.netty.handler.codec.mqtt.MqttSubAckMessage;
import io.netty.handler.codec.mqtt.MqttSubAckPayload;
import io.netty.handler.codec.mqtt.MqttSubscribeMessage;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** A broker that does what a test says, one connection after the other, with another library's codec. */
final class ScriptedBroker implements AutoCloseable {
    /** How it answers. */
    record Script(boolean answersConnect, boolean sessionPresent, int subscribeCode, boolean hangsUp) {
        static final Script FRIENDLY = new Script(true, false, 1);

        Script(boolean answersConnect, boolean sessionPresent, int subscribeCode) {
            this(answersConnect, sessionPresent, subscribeCode, false);
        }

        /** Closes every connection as soon as it is there. */
        Script hangingUp() {
            return new Script(answersConnect, sessionPresent, subscribeCode, true);
        }
    }

    /** One client's connection. */
    final class Connection implements AutoCloseable {
        private final Socket socket;
        private final EmbeddedChannel codec = new EmbeddedChannel(MqttEncoder.INSTANCE, new MqttDecoder(1 << 20));
        private final List<Integer> acknowledged = new CopyOnWriteArrayList<>();

        @SuppressWarnings("NullAway.Init") // once the client has sent it
        private volatile MqttConnectMessage connect;

        @SuppressWarnings("NullAway.Init") // once the client has sent it
        private volatile MqttSubscribeMessage subscribe;

        private volatile boolean ended;

        private Connection(Socket socket) {
            this.socket = socket;
        }

        List<Integer> acknowledged() {
            return acknowledged;
        }

        MqttConnectMessage connect() {
            return connect;
        }

        boolean isSubscribed() {
            return subscribe != null;
        }

        List<String> filters() {
            return subscribe.payload().topicSubscriptions().stream()
                    .map(each -> each.topicFilter() + "@" + each.option().qos().value())
                    .toList();
        }

        boolean hasEnded() {
            return ended;
        }

        void publish(int id, String topic, String payload) throws IOException {
            write(new MqttPublishMessage(
                    new MqttFixedHeader(MqttMessageType.PUBLISH, false, MqttQoS.AT_LEAST_ONCE, false, 0),
                    new MqttPublishVariableHeader(topic, id),
                    Unpooled.copiedBuffer(payload, StandardCharsets.UTF_8)));
        }

        private void read() {
            byte[] buffer = new byte[8_192];
            try {
                for (int count = socket.getInputStream().read(buffer);
                        count >= 0;
                        count = socket.getInputStream().read(buffer)) {
                    synchronized (codec) {
                        codec.writeInbound(Unpooled.copiedBuffer(buffer, 0, count));
                        for (Object next = codec.readInbound(); next != null; next = codec.readInbound()) {
                            handle((MqttMessage) next);
                        }
                    }
                }
            } catch (IOException e) {
                // The end of a connection is part of the script.
            } finally {
                ended = true;
            }
        }

        private void handle(MqttMessage message) throws IOException {
            switch (message.fixedHeader().messageType()) {
                case CONNECT -> {
                    connect = (MqttConnectMessage) message;
                    if (script.answersConnect) {
                        write(new MqttConnAckMessage(
                                header(MqttMessageType.CONNACK),
                                new MqttConnAckVariableHeader(
                                        MqttConnectReturnCode.CONNECTION_ACCEPTED,
                                        script.sessionPresent,
                                        MqttProperties.NO_PROPERTIES)));
                    }
                }
                case SUBSCRIBE -> {
                    MqttSubscribeMessage asked = (MqttSubscribeMessage) message;
                    write(new MqttSubAckMessage(
                            header(MqttMessageType.SUBACK),
                            asked.idAndPropertiesVariableHeader(),
                            new MqttSubAckPayload(script.subscribeCode)));
                    subscribe = asked;
                }
                case PUBACK -> acknowledged.add(((MqttMessageIdVariableHeader) message.variableHeader()).messageId());
                case PINGREQ -> write(new MqttMessage(header(MqttMessageType.PINGRESP)));
                default -> {
                    // Nothing else matters here.
                }
            }
        }

        private static MqttFixedHeader header(MqttMessageType type) {
            return new MqttFixedHeader(type, false, MqttQoS.AT_MOST_ONCE, false, 0);
        }

        private void write(MqttMessage message) throws IOException {
            synchronized (codec) {
                codec.writeOutbound(message);
                OutputStream out = socket.getOutputStream();
                for (ByteBuf next = codec.readOutbound(); next != null; next = codec.readOutbound()) {
                    byte[] bytes = new byte[next.readableBytes()];
                    next.readBytes(bytes);
                    next.release();
                    out.write(bytes);
                }
                out.flush();
            }
        }

        /** Breaks the connection without a word. */
        @Override
        public void close() throws IOException {
            socket.close();
        }
    }

    private final ServerSocket server = new ServerSocket(0, 16, InetAddress.getLoopbackAddress());
    private final List<Connection> connections = new CopyOnWriteArrayList<>();
    private volatile Script script = Script.FRIENDLY;

    ScriptedBroker() throws IOException {
        daemon("broker-accept", this::accept);
    }

    int port() {
        return server.getLocalPort();
    }

    /** For what follows. */
    void follow(Script changed) {
        script = changed;
    }

    List<Connection> connections() {
        return connections;
    }

    private void accept() {
        try {
            while (!server.isClosed()) {
                Connection connection = new Connection(server.accept());
                connections.add(connection);
                if (script.hangsUp) {
                    connection.close();
                }
                daemon("broker-connection", connection::read);
            }
        } catch (IOException e) {
            // Closed.
        }
    }

    private static void daemon(String name, Runnable work) {
        Thread thread = new Thread(work, name);
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public void close() throws IOException {
        server.close();
        for (Connection connection : connections) {
            connection.close();
        }
    }
}
