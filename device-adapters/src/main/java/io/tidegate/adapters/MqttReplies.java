package io.tidegate.adapters;

import io.netty.handler.codec.mqtt.MqttConnAckMessage;
import io.netty.handler.codec.mqtt.MqttConnectReturnCode;
import io.netty.handler.codec.mqtt.MqttFixedHeader;
import io.netty.handler.codec.mqtt.MqttMessage;
import io.netty.handler.codec.mqtt.MqttMessageBuilders;
import io.netty.handler.codec.mqtt.MqttMessageIdAndPropertiesVariableHeader;
import io.netty.handler.codec.mqtt.MqttMessageType;
import io.netty.handler.codec.mqtt.MqttProperties;
import io.netty.handler.codec.mqtt.MqttQoS;
import io.netty.handler.codec.mqtt.MqttReasonCodes.Disconnect;
import io.netty.handler.codec.mqtt.MqttSubAckMessage;
import io.netty.handler.codec.mqtt.MqttSubAckPayload;
import io.netty.handler.codec.mqtt.MqttSubscribeMessage;
import io.netty.handler.codec.mqtt.MqttUnsubAckMessage;
import io.netty.handler.codec.mqtt.MqttUnsubAckPayload;
import io.netty.handler.codec.mqtt.MqttUnsubscribeMessage;
import java.util.Collections;

/** The packets that the MQTT listener sends, but for acknowledgements. */
final class MqttReplies {
    /** MQTT 3.1.1, section 3.9.3: failure. MQTT 5.0, section 3.9.3: unspecified error. */
    private static final int SUBSCRIPTION_FAILED = 0x80;

    private static final short NO_SUBSCRIPTION_EXISTED = 0x11;

    private MqttReplies() {}

    /** Accepts a client; an MQTT 5 client is told what this listener does not do. */
    static MqttConnAckMessage accepted(MqttClient client, int keepAliveSeconds, MqttLimits limits) {
        MqttMessageBuilders.ConnAckBuilder reply = MqttMessageBuilders.connAck()
                .returnCode(MqttConnectReturnCode.CONNECTION_ACCEPTED)
                .sessionPresent(false);
        if (!client.version5()) {
            return reply.build();
        }
        MqttMessageBuilders.ConnAckPropertiesBuilder properties = new MqttMessageBuilders.ConnAckPropertiesBuilder()
                .sessionExpiryInterval(0)
                .receiveMaximum(limits.receiveMaximum())
                .maximumQos((byte) 1)
                .retainAvailable(false)
                .maximumPacketSize(limits.packetBytesMax())
                .topicAliasMaximum(0)
                .wildcardSubscriptionAvailable(false)
                .subscriptionIdentifiersAvailable(false)
                .sharedSubscriptionAvailable(false);
        if (client.assigned()) {
            properties.assignedClientId(client.id());
        }
        if (keepAliveSeconds != client.keepAliveSeconds()) {
            properties.serverKeepAlive(keepAliveSeconds);
        }
        return reply.properties(properties.build()).build();
    }

    static MqttConnAckMessage refused(MqttConnectReturnCode code) {
        return MqttMessageBuilders.connAck()
                .returnCode(code)
                .sessionPresent(false)
                .build();
    }

    /** For MQTT 5 only. */
    static MqttMessage disconnect(Disconnect reason) {
        return MqttMessageBuilders.disconnect().reasonCode(reason.byteValue()).build();
    }

    static MqttMessage pingResponse() {
        return MqttMessage.PINGRESP;
    }

    /** Refuses every topic filter. */
    static MqttSubAckMessage subscriptionsRefused(MqttSubscribeMessage asked) {
        int filters = asked.payload().topicSubscriptions().size();
        return new MqttSubAckMessage(
                header(MqttMessageType.SUBACK),
                new MqttMessageIdAndPropertiesVariableHeader(
                        asked.variableHeader().messageId(), MqttProperties.NO_PROPERTIES),
                new MqttSubAckPayload(Collections.nCopies(filters, SUBSCRIPTION_FAILED)));
    }

    static MqttUnsubAckMessage nothingToUnsubscribe(MqttUnsubscribeMessage asked) {
        int filters = asked.payload().topics().size();
        return new MqttUnsubAckMessage(
                header(MqttMessageType.UNSUBACK),
                new MqttMessageIdAndPropertiesVariableHeader(
                        asked.variableHeader().messageId(), MqttProperties.NO_PROPERTIES),
                new MqttUnsubAckPayload(Collections.nCopies(filters, NO_SUBSCRIPTION_EXISTED)));
    }

    private static MqttFixedHeader header(MqttMessageType type) {
        return new MqttFixedHeader(type, false, MqttQoS.AT_MOST_ONCE, false, 0);
    }
}
