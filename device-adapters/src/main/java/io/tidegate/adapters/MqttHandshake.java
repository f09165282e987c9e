package io.tidegate.adapters;

import io.netty.handler.codec.mqtt.MqttConnectMessage;
import io.netty.handler.codec.mqtt.MqttConnectPayload;
import io.netty.handler.codec.mqtt.MqttConnectReturnCode;
import io.netty.handler.codec.mqtt.MqttConnectVariableHeader;
import io.netty.handler.codec.mqtt.MqttProperties.MqttPropertyType;
import io.tidegate.core.stream.Payload;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Judges a CONNECT by what it says; passwords are checked later. Pure. */
final class MqttHandshake {
    private static final int VERSION_5 = 5;
    private static final int CLIENT_ID_LENGTH_MAX = 256;

    /** What came of it. */
    sealed interface Verdict {
        record Accept(MqttClient client, Payload password) implements Verdict {}

        record Refuse(MqttConnectReturnCode code) implements Verdict {}

        /** Not even worth a CONNACK. */
        record Malformed() implements Verdict {}
    }

    private MqttHandshake() {}

    /** Judges; an id for a client that sends none is made by the supplier. */
    static Verdict judge(MqttConnectMessage connect, Supplier<String> newId) {
        MqttConnectVariableHeader header = connect.variableHeader();
        MqttConnectPayload payload = connect.payload();
        boolean version5 = header.version() == VERSION_5;
        String id = payload.clientIdentifier() == null ? "" : payload.clientIdentifier();
        if (!isText(id) || (header.hasUserName() && !isText(payload.userName()))) {
            return new Verdict.Malformed();
        }
        if (id.length() > CLIENT_ID_LENGTH_MAX || (id.isEmpty() && !version5 && !header.isCleanSession())) {
            return new Verdict.Refuse(
                    version5
                            ? MqttConnectReturnCode.CONNECTION_REFUSED_CLIENT_IDENTIFIER_NOT_VALID
                            : MqttConnectReturnCode.CONNECTION_REFUSED_IDENTIFIER_REJECTED);
        }
        if (header.properties().getProperty(MqttPropertyType.AUTHENTICATION_METHOD.value()) != null) {
            return new Verdict.Refuse(MqttConnectReturnCode.CONNECTION_REFUSED_BAD_AUTHENTICATION_METHOD);
        }
        if (header.isWillFlag()) {
            Verdict will = judgeWill(header, payload, version5);
            if (will != null) {
                return will;
            }
        }
        boolean assigned = id.isEmpty();
        String name = assigned ? newId.get() : id;
        MqttClient client = new MqttClient(
                version5,
                name,
                assigned,
                header.hasUserName() ? payload.userName() : null,
                header.keepAliveTimeSeconds(),
                header.isWillFlag() ? will(payload, assigned ? null : name) : null);
        byte[] password = payload.passwordInBytes();
        return new Verdict.Accept(client, password == null ? Payload.EMPTY : Payload.copyOf(password));
    }

    /** Null: nothing is wrong. */
    private static @Nullable Verdict judgeWill(
            MqttConnectVariableHeader header, MqttConnectPayload payload, boolean version5) {
        if (!isTopicName(payload.willTopic())) {
            return version5
                    ? new Verdict.Refuse(MqttConnectReturnCode.CONNECTION_REFUSED_TOPIC_NAME_INVALID)
                    : new Verdict.Malformed();
        }
        if (version5 && header.isWillRetain()) {
            return new Verdict.Refuse(MqttConnectReturnCode.CONNECTION_REFUSED_RETAIN_NOT_SUPPORTED);
        }
        if (version5 && header.willQos() > 1) {
            return new Verdict.Refuse(MqttConnectReturnCode.CONNECTION_REFUSED_QOS_NOT_SUPPORTED);
        }
        return null;
    }

    private static IncomingMessage will(MqttConnectPayload payload, @Nullable String sender) {
        byte[] bytes = payload.willMessageInBytes();
        return new IncomingMessage(
                ChannelKind.MQTT, payload.willTopic(), sender, bytes == null ? Payload.EMPTY : Payload.copyOf(bytes));
    }

    /** Whether a message may be published to it (MQTT 5.0, section 4.7). */
    static boolean isTopicName(@Nullable String topic) {
        return topic != null && !topic.isEmpty() && isText(topic) && topic.indexOf('+') < 0 && topic.indexOf('#') < 0;
    }

    /**
     * Whether a text was well-formed (MQTT 5.0, section 1.5.4). The decoder puts U+FFFD where the bytes were no UTF-8;
     * a client that sends that very character is turned away too.
     */
    static boolean isText(@Nullable String text) {
        return text != null && text.indexOf('\0') < 0 && text.indexOf('\uFFFD') < 0;
    }
}
