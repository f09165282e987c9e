package io.tidegate.adapters;

import io.tidegate.core.stream.Payload;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.logging.Level;
import org.eclipse.paho.mqttv5.client.IMqttToken;
import org.eclipse.paho.mqttv5.client.MqttActionListener;
import org.eclipse.paho.mqttv5.client.MqttAsyncClient;
import org.eclipse.paho.mqttv5.client.MqttCallback;
import org.eclipse.paho.mqttv5.client.MqttConnectionOptions;
import org.eclipse.paho.mqttv5.client.MqttDisconnectResponse;
import org.eclipse.paho.mqttv5.client.persist.MemoryPersistence;
import org.eclipse.paho.mqttv5.common.MqttException;
import org.eclipse.paho.mqttv5.common.MqttMessage;
import org.eclipse.paho.mqttv5.common.MqttSubscription;
import org.eclipse.paho.mqttv5.common.packet.MqttProperties;
import org.jspecify.annotations.Nullable;
import org.tinylog.Logger;

/**
 * One connection to a broker, from its opening to its loss; it is never opened again. It has a Paho client of its own:
 * a client that lives through two connections sends acknowledgements of the first on the second, where their numbers
 * belong to other messages, and may hang for ever when it is told to acknowledge while it is not connected.
 *
 * <p>Thread-safe. Messages and changes come on the library's threads.
 */
final class BrokerConnection implements MqttCallback {
    private static final int CODE_FAILED_FROM = 0x80;
    private static final int RETAINED_FOR_NEW_SUBSCRIPTIONS = 1;
    private static final Duration DISCONNECT_DEADLINE = Duration.ofSeconds(1);

    /** Where a connection is in its life; it only goes on. */
    enum Phase {
        CONNECTING,
        ACCEPTED,
        SUBSCRIBING,
        CONNECTED,
        LOST
    }

    /** Hears what happens on a connection, on the library's threads. */
    interface Listener {
        /** May block for a while, which holds the broker back. */
        void arrived(BrokerConnection from, String topic, Payload payload, int qos, int id) throws InterruptedException;

        void changed();
    }

    /** What the library complains about reaches us as a lost connection and a reason; held, or the level is forgotten. */
    private static final java.util.logging.Logger LIBRARY = java.util.logging.Logger.getLogger("org.eclipse.paho");

    static {
        LIBRARY.setLevel(Level.OFF);
    }

    private final MqttBrokerSettings settings;
    private final Listener listener;
    private final BrokerSockets sockets = new BrokerSockets();
    private final MqttAsyncClient client;
    private volatile Phase phase = Phase.CONNECTING;
    private volatile String why = "";
    private volatile @Nullable String condemned;
    private volatile boolean sessionPresent;
    /** The library has ended its threads. */
    private volatile boolean ended;

    private BrokerConnection(MqttBrokerSettings settings, Listener listener) throws MqttException {
        this.settings = settings;
        this.listener = listener;
        this.client = new MqttAsyncClient(settings.serverUri(), settings.clientId(), new MemoryPersistence());
        client.setManualAcks(true);
        client.setCallback(this);
    }

    /** Starts to connect and returns. */
    static BrokerConnection open(MqttBrokerSettings settings, Listener listener) throws MqttException {
        BrokerConnection connection = new BrokerConnection(settings, listener);
        connection.client.connect(connection.options(), null, connection.connected());
        return connection;
    }

    private MqttConnectionOptions options() {
        BrokerLimits limits = settings.limits();
        MqttConnectionOptions options = new MqttConnectionOptions();
        options.setAutomaticReconnect(false);
        options.setCleanStart(false);
        options.setSessionExpiryInterval(limits.sessionExpiry().toSeconds());
        options.setReceiveMaximum(limits.receiveMaximum());
        options.setMaximumPacketSize((long) BrokerLimits.PACKET_BYTES_MAX);
        options.setKeepAliveInterval((int) limits.keepAlive().toSeconds());
        options.setConnectionTimeout((int) Math.max(1, limits.connectTimeout().toSeconds()));
        options.setUseSubscriptionIdentifiers(false);
        options.setSocketFactory(sockets);
        BrokerLogin login = settings.login();
        if (login != null) {
            options.setUserName(login.username());
            options.setPassword(login.password().getBytes(StandardCharsets.UTF_8));
        }
        return options;
    }

    private MqttActionListener connected() {
        return new MqttActionListener() {
            @Override
            public void onSuccess(IMqttToken token) {
                sessionPresent = token.getSessionPresent();
                advance(Phase.CONNECTING, Phase.ACCEPTED);
            }

            @Override
            public void onFailure(@Nullable IMqttToken token, @Nullable Throwable exception) {
                ended = true;
                lost("the broker cannot be reached or refuses: " + cause(exception));
            }
        };
    }

    /** Asks for the messages; also in a session that is kept, whose subscriptions may be those of an older configuration. */
    void subscribe() {
        advance(Phase.ACCEPTED, Phase.SUBSCRIBING);
        List<String> filters = settings.subscriptions();
        MqttSubscription[] wanted = new MqttSubscription[filters.size()];
        for (int i = 0; i < wanted.length; i++) {
            wanted[i] = new MqttSubscription(filters.get(i), 1);
            wanted[i].setRetainHandling(RETAINED_FOR_NEW_SUBSCRIPTIONS);
        }
        try {
            client.subscribe(wanted, null, subscribed(filters), new MqttProperties());
        } catch (MqttException | IllegalArgumentException e) {
            lost("cannot subscribe: " + cause(e));
        }
    }

    private MqttActionListener subscribed(List<String> filters) {
        return new MqttActionListener() {
            @Override
            public void onSuccess(IMqttToken token) {
                int[] codes = token.getReasonCodes();
                for (int i = 0; codes != null && i < codes.length; i++) {
                    if (codes[i] >= CODE_FAILED_FROM) {
                        lost("the broker refuses the subscription to " + filters.get(Math.min(i, filters.size() - 1))
                                + " (reason code " + codes[i] + ")");
                    }
                }
                advance(Phase.SUBSCRIBING, Phase.CONNECTED);
            }

            @Override
            public void onFailure(@Nullable IMqttToken token, @Nullable Throwable exception) {
                lost("the broker refuses the subscriptions: " + cause(exception));
            }
        };
    }

    /** Acknowledges a message of this connection. False: the connection is gone, the broker sends it again. */
    boolean acknowledge(int id) {
        if (phase == Phase.LOST) {
            return false;
        }
        try {
            client.messageArrivedComplete(id, 1);
            return true;
        } catch (MqttException | RuntimeException e) {
            // The library throws whatever it likes when it has just lost its connection.
            lost("cannot acknowledge: " + cause(e));
            return false;
        }
    }

    /** Marks the connection as gone; only the first reason is kept. Its owner ends it in the next turn. */
    void lost(String reason) {
        synchronized (this) {
            if (phase == Phase.LOST) {
                return;
            }
            phase = Phase.LOST;
            why = reason;
        }
        listener.changed();
    }

    /** To be given up in the next turn, after what is stored has been acknowledged; nothing more is taken from it. */
    void condemn(String reason) {
        condemned = reason;
        listener.changed();
    }

    /** Null: it may go on. */
    @Nullable
    String condemned() {
        return condemned;
    }

    private void advance(Phase from, Phase to) {
        synchronized (this) {
            if (phase != from) {
                return;
            }
            phase = to;
        }
        listener.changed();
    }

    /** Says good-bye, so that the broker knows at once; it keeps the session. Waits at most a second. */
    void disconnect() {
        if (phase != Phase.LOST) {
            try {
                client.disconnect(DISCONNECT_DEADLINE.toMillis() / 2).waitForCompletion(DISCONNECT_DEADLINE.toMillis());
                ended = true;
            } catch (MqttException e) {
                Logger.debug("broker {} heard no good-bye: {}", settings.name(), e.toString());
            }
        }
        lost("closed");
    }

    /** Ends a lost connection and frees what the library holds. False: the library has not ended yet, try again. */
    boolean release() {
        sockets.close();
        if (!ended) {
            // Told to close while it ends, the library would forget one of its threads.
            return false;
        }
        try {
            client.close(true);
            return true;
        } catch (MqttException | RuntimeException e) {
            return false;
        }
    }

    Phase phase() {
        return phase;
    }

    String why() {
        return why;
    }

    boolean sessionPresent() {
        return sessionPresent;
    }

    @Override
    public void messageArrived(String topic, MqttMessage message) {
        if (message.getQos() > 1) {
            lost("the broker sends with QoS 2, which was not asked for");
            return;
        }
        try {
            listener.arrived(this, topic, Payload.wrap(message.getPayload()), message.getQos(), message.getId());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            lost("interrupted");
        } catch (RuntimeException e) {
            // The library would swallow it, and the message would never be answered.
            Logger.error(e, "a message of broker {} could not be taken", settings.name());
            lost("a message could not be taken: " + e);
        }
    }

    @Override
    public void disconnected(MqttDisconnectResponse response) {
        ended = true;
        MqttException exception = response.getException();
        String reason = response.getReasonString();
        if (reason == null || reason.isEmpty()) {
            reason = exception == null ? "reason code " + response.getReturnCode() : cause(exception);
        }
        lost("the connection was lost: " + reason);
    }

    @Override
    public void mqttErrorOccurred(MqttException exception) {
        Logger.debug("broker {}: {}", settings.name(), cause(exception));
    }

    @Override
    public void deliveryComplete(IMqttToken token) {}

    @Override
    public void connectComplete(boolean reconnect, String serverUri) {}

    @Override
    public void authPacketArrived(int reasonCode, MqttProperties properties) {
        lost("the broker asks for authentication that is not supported");
    }

    /** The innermost reason, in one line. */
    private static String cause(@Nullable Throwable exception) {
        if (exception == null) {
            return "no reason given";
        }
        Throwable cause = exception;
        while (cause.getCause() != null && cause.getCause() != cause) {
            cause = cause.getCause();
        }
        String message = cause.getMessage();
        return Decoder.oneLine(message == null || message.isBlank() ? cause.toString() : message);
    }
}
