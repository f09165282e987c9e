package io.tidegate.adapters;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.mqtt.MqttConnectMessage;
import io.netty.handler.codec.mqtt.MqttConnectReturnCode;
import io.netty.handler.codec.mqtt.MqttMessage;
import io.netty.handler.codec.mqtt.MqttProperties.MqttPropertyType;
import io.netty.handler.codec.mqtt.MqttPublishMessage;
import io.netty.handler.codec.mqtt.MqttPublishVariableHeader;
import io.netty.handler.codec.mqtt.MqttQoS;
import io.netty.handler.codec.mqtt.MqttReasonCodeAndPropertiesVariableHeader;
import io.netty.handler.codec.mqtt.MqttReasonCodes.Disconnect;
import io.netty.handler.codec.mqtt.MqttSubscribeMessage;
import io.netty.handler.codec.mqtt.MqttUnacceptableProtocolVersionException;
import io.netty.handler.codec.mqtt.MqttUnsubscribeMessage;
import io.netty.handler.timeout.IdleStateEvent;
import io.netty.util.ReferenceCountUtil;
import io.tidegate.core.stream.Payload;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.tinylog.Logger;

/**
 * One client of the MQTT listener, from the opening of its connection to the end: new, at the login, open, closed. A
 * client that breaks the protocol is closed, for a counted reason; an MQTT 5 client is told.
 *
 * <p>Confined to the event loop.
 */
final class MqttConnection extends ChannelInboundHandlerAdapter {
    private static final Duration SLOW_CLIENT = Duration.ofSeconds(30);
    private static final Duration REFUSED_MIN = Duration.ofSeconds(1);
    private static final Duration REFUSED_MAX = Duration.ofSeconds(30);
    /** MQTT 5.0, section 3.14.2.1: the client wants its will to be published. */
    private static final byte WITH_WILL = Disconnect.DISCONNECT_WITH_WILL_MESSAGE.byteValue();

    private enum State {
        NEW,
        LOGIN,
        OPEN,
        CLOSED
    }

    private final MqttConnections connections;
    private final MqttLogin login;
    private final Supplier<String> newId;
    private final MqttLink link;
    /** What came before the login was decided. Bounded by what one read brings. */
    private final Deque<MqttMessage> early = new ArrayDeque<>();

    private State state = State.NEW;
    private long messages;
    private @Nullable MqttClient client;
    private @Nullable MqttInbox inbox;

    MqttConnection(MqttConnections connections, MqttLogin login, Supplier<String> newId, MqttLink link) {
        this.connections = connections;
        this.login = login;
        this.newId = newId;
        this.link = link;
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
        if (!connections.admit(this)) {
            close(MqttClose.TOO_MANY_CONNECTIONS);
            return;
        }
        link.after(connections.limits().connectTimeout(), () -> {
            if (state == State.NEW || state == State.LOGIN) {
                close(MqttClose.CONNECT_TIMEOUT);
            }
        });
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object read) {
        MqttMessage message = (MqttMessage) read;
        messages++;
        if (state == State.LOGIN) {
            early.add(message);
            return;
        }
        try {
            handle(message);
        } finally {
            ReferenceCountUtil.release(message);
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
        connections.flush();
    }

    private void handle(MqttMessage message) {
        if (state == State.CLOSED) {
            return;
        }
        if (message.decoderResult().isFailure()) {
            undecodable(message.decoderResult().cause());
        } else if (state == State.NEW) {
            if (message instanceof MqttConnectMessage connect) {
                connect(connect);
            } else {
                close(MqttClose.PROTOCOL_ERROR);
            }
        } else {
            handleOpen(message);
        }
    }

    private void undecodable(Throwable cause) {
        if (state == State.NEW && cause instanceof MqttUnacceptableProtocolVersionException) {
            refuse(MqttConnectReturnCode.CONNECTION_REFUSED_UNACCEPTABLE_PROTOCOL_VERSION, MqttClose.CONNECT_REFUSED);
        } else {
            close(MqttClose.MALFORMED);
        }
    }

    private void connect(MqttConnectMessage connect) {
        MqttHandshake.Verdict verdict = MqttHandshake.judge(connect, newId);
        if (verdict instanceof MqttHandshake.Verdict.Refuse refusal) {
            refuse(refusal.code(), MqttClose.CONNECT_REFUSED);
        } else if (verdict instanceof MqttHandshake.Verdict.Accept accept) {
            String user = accept.client().user();
            if (user != null) {
                state = State.LOGIN;
                link.pause(MqttLink.Pause.LOGIN);
                login.check(user, accept.password(), result -> loggedIn(accept.client(), result));
            } else if (login.takesAnonymous()) {
                open(accept.client());
            } else {
                refuse(
                        accept.client().version5()
                                ? MqttConnectReturnCode.CONNECTION_REFUSED_NOT_AUTHORIZED_5
                                : MqttConnectReturnCode.CONNECTION_REFUSED_NOT_AUTHORIZED,
                        MqttClose.BAD_CREDENTIALS);
            }
        } else {
            close(MqttClose.MALFORMED);
        }
    }

    private void loggedIn(MqttClient candidate, MqttLogin.Result result) {
        if (state == State.CLOSED) {
            return;
        }
        boolean version5 = candidate.version5();
        switch (result) {
            case ACCEPTED -> {
                open(candidate);
                handleEarly();
                link.resume(MqttLink.Pause.LOGIN);
            }
            case REFUSED ->
                refuse(
                        version5
                                ? MqttConnectReturnCode.CONNECTION_REFUSED_BAD_USERNAME_OR_PASSWORD
                                : MqttConnectReturnCode.CONNECTION_REFUSED_BAD_USER_NAME_OR_PASSWORD,
                        MqttClose.BAD_CREDENTIALS);
            case BUSY ->
                refuse(
                        version5
                                ? MqttConnectReturnCode.CONNECTION_REFUSED_SERVER_BUSY
                                : MqttConnectReturnCode.CONNECTION_REFUSED_SERVER_UNAVAILABLE,
                        MqttClose.CONNECT_REFUSED);
        }
    }

    private void handleEarly() {
        while (!early.isEmpty()) {
            MqttMessage message = early.remove();
            try {
                handle(message);
            } finally {
                ReferenceCountUtil.release(message);
            }
        }
        connections.flush();
    }

    private void open(MqttClient accepted) {
        client = accepted;
        inbox = new MqttInbox(connections, this, accepted.version5());
        state = State.OPEN;
        int keepAliveMax = (int) connections.limits().keepAliveMax().toSeconds();
        int asked = accepted.keepAliveSeconds();
        int keepAlive = asked == 0 || asked > keepAliveMax ? keepAliveMax : asked;
        link.watchSilence(keepAlive);
        connections.register(accepted.key(), this);
        link.send(MqttReplies.accepted(accepted, keepAlive, connections.limits()));
    }

    private void refuse(MqttConnectReturnCode code, MqttClose reason) {
        end(reason);
        link.sendLast(MqttReplies.refused(code));
    }

    private void handleOpen(MqttMessage message) {
        switch (message.fixedHeader().messageType()) {
            case PUBLISH -> publish((MqttPublishMessage) message);
            case PINGREQ -> link.send(MqttReplies.pingResponse());
            case SUBSCRIBE -> {
                MqttSubscribeMessage asked = (MqttSubscribeMessage) message;
                connections
                        .counters()
                        .subscriptionsRefused
                        .add(asked.payload().topicSubscriptions().size());
                link.send(MqttReplies.subscriptionsRefused(asked));
            }
            case UNSUBSCRIBE -> link.send(MqttReplies.nothingToUnsubscribe((MqttUnsubscribeMessage) message));
            case DISCONNECT -> disconnect(message);
            case CONNECT, CONNACK, PUBACK, PUBREC, PUBREL, PUBCOMP, SUBACK, UNSUBACK, PINGRESP, AUTH ->
                close(MqttClose.PROTOCOL_ERROR);
        }
    }

    private void publish(MqttPublishMessage message) {
        MqttPublishVariableHeader header = message.variableHeader();
        MqttQoS quality = message.fixedHeader().qosLevel();
        boolean version5 = sure(client).version5();
        if (quality == MqttQoS.EXACTLY_ONCE) {
            close(MqttClose.QOS_2);
        } else if (version5 && header.properties().getProperty(MqttPropertyType.TOPIC_ALIAS.value()) != null) {
            close(MqttClose.TOPIC_ALIAS);
        } else if (version5 && message.fixedHeader().isRetain()) {
            close(MqttClose.RETAIN);
        } else if (!MqttHandshake.isTopicName(header.topicName())) {
            close(MqttClose.MALFORMED);
        } else if (quality == MqttQoS.AT_LEAST_ONCE && header.packetId() == 0) {
            close(MqttClose.MALFORMED);
        } else {
            byte[] bytes = new byte[message.payload().readableBytes()];
            message.payload().readBytes(bytes);
            sure(inbox)
                    .receive(
                            quality == MqttQoS.AT_LEAST_ONCE ? header.packetId() : 0,
                            new IncomingMessage(
                                    ChannelKind.MQTT,
                                    header.topicName(),
                                    sure(client).sender(),
                                    Payload.wrap(bytes)));
        }
    }

    private void disconnect(MqttMessage message) {
        boolean withWill = message.variableHeader() instanceof MqttReasonCodeAndPropertiesVariableHeader reason
                && reason.reasonCode() == WITH_WILL;
        IncomingMessage will = sure(client).will();
        if (withWill && will != null) {
            connections.publishWill(will);
        }
        close(MqttClose.DISCONNECTED);
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        // While we do not read, the client's silence is our doing.
        if (event instanceof IdleStateEvent && !link.isPaused()) {
            close(MqttClose.KEEP_ALIVE);
        }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
        if (link.isWritable()) {
            link.resume(MqttLink.Pause.UNWRITABLE);
            return;
        }
        link.pause(MqttLink.Pause.UNWRITABLE);
        link.after(SLOW_CLIENT, () -> {
            if (!link.isWritable()) {
                close(MqttClose.SLOW_CLIENT);
            }
        });
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        close(MqttClose.LOST);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        if (cause instanceof IOException) {
            close(MqttClose.LOST);
        } else {
            Logger.warn(cause, "An MQTT connection failed and is closed: {}", link);
            close(MqttClose.INTERNAL);
        }
    }

    /** How many messages have come, good and bad. */
    long messages() {
        return messages;
    }

    /** Where replies go. */
    MqttLink link() {
        return link;
    }

    /** Stops reading, and closes after a while, so that a client that connects again at once does no harm. */
    void closeAfter(MqttClose reason, Duration retryAfter) {
        link.pause(MqttLink.Pause.ENDING);
        Duration wait = retryAfter.compareTo(REFUSED_MIN) < 0 ? REFUSED_MIN : retryAfter;
        link.after(wait.compareTo(REFUSED_MAX) > 0 ? REFUSED_MAX : wait, () -> close(reason));
    }

    /** Ends the connection; does nothing if it has ended. */
    void close(MqttClose reason) {
        if (state == State.CLOSED) {
            return;
        }
        boolean wasOpen = state == State.OPEN;
        end(reason);
        Disconnect goodbye = reason.reason();
        if (wasOpen && sure(client).version5() && goodbye != null && link.isWritable()) {
            link.sendLast(MqttReplies.disconnect(goodbye));
        } else {
            link.close();
        }
    }

    private void end(MqttClose reason) {
        state = State.CLOSED;
        connections.counters().closed(reason);
        connections.forget(this, client == null ? null : client.key());
        link.pause(MqttLink.Pause.ENDING);
        early.forEach(ReferenceCountUtil::release);
        early.clear();
        if (inbox != null) {
            if (reason == MqttClose.SHUTDOWN || reason == MqttClose.LOG_REFUSED) {
                inbox.abandon();
            } else {
                inbox.stop();
            }
        }
        IncomingMessage will = client == null ? null : client.will();
        if (will != null && reason != MqttClose.DISCONNECTED && reason != MqttClose.SHUTDOWN) {
            connections.publishWill(will);
        }
    }

    private static <T> T sure(@Nullable T value) {
        if (value == null) {
            throw new IllegalStateException("the connection is not open");
        }
        return value;
    }
}
