package io.tidegate.adapters;

import java.time.Duration;

/**
 * How the client of an external broker is.
 *
 * @param detail why it is in this state, in a sentence; empty while all is well
 * @param since how long it has been in this state
 * @param connections how often it was connected
 * @param sessionsLost how often the broker had forgotten the session, and with it messages that it may have
 *     acknowledged to their senders
 * @param lateAnswers commits whose connection was gone: their messages come again
 * @param givenUp messages sent with QoS 0, which nobody sends again, that found no room in the log
 * @param messages what became of the messages
 */
public record MqttBrokerStatus(
        String name,
        State state,
        String detail,
        Duration since,
        long connections,
        long sessionsLost,
        long lateAnswers,
        long givenUp,
        IngestCounts messages) {
    /** Where the client is in its life. */
    public enum State {
        CONNECTING,
        CONNECTED,
        /** Not connected; it tries again by itself. */
        FAILED
    }
}
