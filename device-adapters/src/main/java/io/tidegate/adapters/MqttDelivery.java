package io.tidegate.adapters;

import org.jspecify.annotations.Nullable;

/**
 * One message of an MQTT client on its way: received, taken by the log, answered.
 *
 * <p>Confined to the event loop, but for what never changes.
 */
final class MqttDelivery {
    /** What a message takes beside topic and payload, roughly. */
    private static final int OVERHEAD_BYTES = 256;

    private final @Nullable MqttInbox inbox;
    private final int packetId;
    private final IncomingMessage message;
    private boolean answered;
    private int reasonCode;

    /**
     * @param inbox who waits for the answer; null: nobody, it is a will
     * @param packetId 0: quality of service 0, not acknowledged
     */
    MqttDelivery(@Nullable MqttInbox inbox, int packetId, IncomingMessage message) {
        this.inbox = inbox;
        this.packetId = packetId;
        this.message = message;
    }

    @Nullable
    MqttInbox inbox() {
        return inbox;
    }

    int packetId() {
        return packetId;
    }

    IncomingMessage message() {
        return message;
    }

    int weightBytes() {
        return message.payload().length() + message.path().length() + OVERHEAD_BYTES;
    }

    boolean isAnswered() {
        return answered;
    }

    /** The reason code of its PUBACK, 0 for success. */
    int reasonCode() {
        return reasonCode;
    }

    void answer(int reason) {
        answered = true;
        reasonCode = reason;
    }
}
