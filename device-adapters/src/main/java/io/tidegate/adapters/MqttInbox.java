package io.tidegate.adapters;

import io.netty.buffer.ByteBuf;
import io.tidegate.adapters.IngestAnswer.Outcome;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * What one MQTT client has sent and has not been told the end of: messages that the log had no room for, and messages
 * to be acknowledged, both in the order of receipt. Acknowledgements leave in that order, all of one commit in one
 * write.
 *
 * <p>Bounded by what is read at a time: its connection does not read while a message waits.
 *
 * <p>Confined to the event loop.
 */
final class MqttInbox {
    /** MQTT 5.0, table 3-4: Quota exceeded. */
    private static final int QUOTA_EXCEEDED = 0x97;

    private static final int PUBACK_BYTES_MAX = 5;
    private static final int PUBACK = 0x40;

    private final MqttConnections connections;
    private final MqttConnection connection;
    private final boolean version5;
    private final int window;
    private final Deque<MqttDelivery> waiting = new ArrayDeque<>();
    private final Deque<MqttDelivery> unacknowledged = new ArrayDeque<>();
    private boolean queued;
    private boolean touched;
    private boolean stopped;

    MqttInbox(MqttConnections connections, MqttConnection connection, boolean version5) {
        this.connections = connections;
        this.connection = connection;
        this.version5 = version5;
        this.window = connections.limits().receiveMaximum();
    }

    /** Takes a message that the client has just sent. */
    void receive(int packetId, IncomingMessage message) {
        MqttDelivery delivery = new MqttDelivery(this, packetId, message);
        if (packetId != 0) {
            if (version5 && unacknowledged.size() >= window) {
                connection.close(MqttClose.RECEIVE_MAXIMUM);
                return;
            }
            unacknowledged.add(delivery);
            if (!version5 && unacknowledged.size() >= window) {
                connection.link().pause(MqttLink.Pause.WINDOW);
            }
        }
        connections.received(delivery);
        if (!waiting.isEmpty() || !offer(delivery)) {
            waiting.add(delivery);
            connections.queue(this);
        }
    }

    /** Offers what waits; false if the log has no room for all of it. */
    boolean drain() {
        while (!waiting.isEmpty()) {
            if (!offer(waiting.element())) {
                return false;
            }
            waiting.remove();
        }
        return true;
    }

    private boolean offer(MqttDelivery delivery) {
        return switch (connections.offer(delivery)) {
            case TAKEN -> true;
            case DROPPED -> {
                delivery.answer(0);
                connections.touch(this);
                yield true;
            }
            case BUSY -> false;
        };
    }

    /** The log has answered a message; {@link #flush} follows. */
    void answered(MqttDelivery delivery, Outcome outcome) {
        if (outcome instanceof Outcome.Stored || outcome instanceof Outcome.Received) {
            delivery.answer(0);
        } else if (outcome instanceof Outcome.Rejected rejected) {
            delivery.answer(rejected.byLog() && version5 ? QUOTA_EXCEEDED : 0);
        } else if (outcome instanceof Outcome.Impossible) {
            if (version5 || delivery.packetId() == 0) {
                delivery.answer(QUOTA_EXCEEDED);
            } else {
                connection.close(MqttClose.RECORD_IMPOSSIBLE);
            }
        } else if (outcome instanceof Outcome.NotNow notNow && delivery.packetId() != 0) {
            // The acknowledgements behind it do not leave either, so that the client sends all of them again, in order.
            abandon();
            connection.closeAfter(MqttClose.LOG_REFUSED, notNow.retryAfter());
        }
    }

    /** Acknowledges, in one write, whatever is answered and has nothing unanswered before it. */
    void flush() {
        int count = 0;
        for (MqttDelivery delivery : unacknowledged) {
            if (!delivery.isAnswered()) {
                break;
            }
            count++;
        }
        if (count == 0 || stopped) {
            return;
        }
        ByteBuf acks = connection.link().buffer(count * PUBACK_BYTES_MAX);
        for (int i = 0; i < count; i++) {
            MqttDelivery delivery = unacknowledged.remove();
            boolean success = delivery.reasonCode() == 0;
            acks.writeByte(PUBACK).writeByte(success ? 2 : 3).writeShort(delivery.packetId());
            if (!success) {
                acks.writeByte(delivery.reasonCode());
            }
        }
        connections.acknowledged(count);
        connection.link().send(acks);
        if (unacknowledged.size() <= window / 2) {
            connection.link().resume(MqttLink.Pause.WINDOW);
        }
    }

    /** The connection is gone: acknowledges nothing more. What waits is stored once there is room. */
    void stop() {
        stopped = true;
        unacknowledged.clear();
    }

    /** Gives up what waits too: its client sends it again. */
    void abandon() {
        stop();
        waiting.forEach(connections::forgotten);
        waiting.clear();
    }

    /** Whether it stands in the line of those who wait for room. */
    boolean isQueued() {
        return queued;
    }

    void setQueued(boolean value) {
        queued = value;
    }

    /** Whether it has something to flush. */
    boolean isTouched() {
        return touched;
    }

    void setTouched(boolean value) {
        touched = value;
    }
}
