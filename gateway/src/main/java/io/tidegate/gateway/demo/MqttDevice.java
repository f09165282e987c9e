package io.tidegate.gateway.demo;

import io.tidegate.core.runtime.Clock;
import io.tidegate.core.runtime.Worker;
import io.tidegate.core.runtime.WorkerThread;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.eclipse.paho.mqttv5.client.IMqttToken;
import org.eclipse.paho.mqttv5.client.MqttActionListener;
import org.eclipse.paho.mqttv5.client.MqttAsyncClient;
import org.eclipse.paho.mqttv5.client.MqttConnectionOptions;
import org.eclipse.paho.mqttv5.client.persist.MemoryPersistence;
import org.eclipse.paho.mqttv5.common.MqttException;
import org.jspecify.annotations.Nullable;
import org.tinylog.Logger;

/**
 * A device that speaks MQTT 5 with QoS 1 through Paho. After a broken connection it opens another and sends again, in
 * order, what was not acknowledged.
 *
 * <p>Owns a thread {@code device-NAME}.
 */
final class MqttDevice implements Device {
    private static final int WINDOW = 16;
    private static final Duration IDLE = Duration.ofMillis(20);
    private static final Duration STALL = Duration.ofSeconds(10);
    private static final int CONNECT_MILLIS_MAX = 5_000;

    private final String name;
    private final int port;
    private final DeviceLedger ledger = new DeviceLedger();
    private final Readings readings;
    private final Clock clock;
    private final Set<Integer> inFlight = ConcurrentHashMap.newKeySet();
    private final WorkerThread thread;
    private @Nullable MqttAsyncClient client;
    private volatile boolean broken;
    private volatile long lastAnswerNanos;

    MqttDevice(String name, int port, Clock clock, long intervalMillis) {
        this.name = name;
        this.port = port;
        this.clock = clock;
        this.readings = new Readings(name, ledger, clock, intervalMillis);
        this.thread = WorkerThread.start(
                "device-" + name, new Sending(), IDLE, e -> Logger.warn("Device {} connects anew: {}", name, e));
    }

    private final class Sending implements Worker {
        @Override
        public int doWork() throws MqttException {
            readings.takeDue();
            MqttAsyncClient open = connected();
            for (int number : ledger.oldestWaiting(WINDOW)) {
                if (inFlight.add(number)) {
                    open.publish(
                            "plant/" + name + "/reading", readings.payload(number), 1, false, null, answer(number));
                }
            }
            if (!inFlight.isEmpty() && clock.monotonicNanos() - lastAnswerNanos > STALL.toNanos()) {
                broken = true;
            }
            return 0;
        }

        @Override
        public void onClose() {
            disconnect();
        }
    }

    private MqttActionListener answer(int number) {
        return new MqttActionListener() {
            @Override
            public void onSuccess(IMqttToken token) {
                lastAnswerNanos = clock.monotonicNanos();
                ledger.acknowledge(number);
                inFlight.remove(number);
            }

            @Override
            public void onFailure(IMqttToken token, Throwable cause) {
                broken = true;
            }
        };
    }

    private MqttAsyncClient connected() throws MqttException {
        MqttAsyncClient open = client;
        if (open != null && open.isConnected() && !broken) {
            return open;
        }
        disconnect();
        open = new MqttAsyncClient("tcp://127.0.0.1:" + port, name, new MemoryPersistence());
        client = open;
        MqttConnectionOptions options = new MqttConnectionOptions();
        options.setCleanStart(true);
        options.setAutomaticReconnect(false);
        options.setConnectionTimeout(CONNECT_MILLIS_MAX / 1_000);
        open.connect(options).waitForCompletion(CONNECT_MILLIS_MAX);
        inFlight.clear();
        broken = false;
        lastAnswerNanos = clock.monotonicNanos();
        return open;
    }

    private void disconnect() {
        MqttAsyncClient open = client;
        client = null;
        if (open == null) {
            return;
        }
        try {
            open.disconnectForcibly(100, 100, true);
        } catch (MqttException e) {
            Logger.debug("Device {} was not connected any more: {}", name, e.getMessage());
        }
        try {
            open.close(true);
        } catch (MqttException e) {
            Logger.debug("Device {} could not close its client: {}", name, e.getMessage());
        }
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public String kind() {
        return "mqtt";
    }

    @Override
    public DeviceLedger ledger() {
        return ledger;
    }

    @Override
    public void stopTaking() {
        readings.stop();
    }

    @Override
    public boolean isDrained() {
        return ledger.acknowledgedCount() == ledger.taken();
    }

    @Override
    public void close() {
        thread.close();
    }
}
