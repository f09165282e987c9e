package io.tidegate.adapters;

import io.tidegate.core.runtime.Clock;
import io.tidegate.core.runtime.WorkerThread;
import io.tidegate.core.stream.StreamLog;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.tinylog.Logger;

/**
 * Takes messages from an external MQTT 5 broker: subscribes with QoS 1 in a session that the broker keeps, and
 * acknowledges a message when it is durable. Whatever happens to the connection, it connects again by itself.
 *
 * <p>It has a thread {@code mqtt-client-NAME} and the library's. Thread-safe.
 */
public final class MqttBrokerClient implements AutoCloseable {
    private static final Duration IDLE = Duration.ofMillis(100);

    private final BrokerSupervisor supervisor;
    private final WorkerThread thread;

    private MqttBrokerClient(BrokerSupervisor supervisor, WorkerThread thread) {
        this.supervisor = supervisor;
        this.thread = thread;
    }

    /** Returns at once; {@link #status} says when it is connected. The streams of the routes must exist. */
    public static MqttBrokerClient start(
            MqttBrokerSettings settings, Routes routes, StreamLog log, Clock clock, RandomGenerator random) {
        AtomicReference<@Nullable WorkerThread> started = new AtomicReference<>();
        BrokerSupervisor supervisor = new BrokerSupervisor(settings, routes, log, clock, random, () -> {
            WorkerThread thread = started.get();
            if (thread != null) {
                thread.wake();
            }
        });
        WorkerThread thread = WorkerThread.start(
                "mqtt-client-" + settings.name(),
                supervisor,
                IDLE,
                e -> Logger.error(e, "MQTT client {} failed in a turn and goes on", settings.name()));
        started.set(thread);
        return new MqttBrokerClient(supervisor, thread);
    }

    public MqttBrokerStatus status() {
        return supervisor.status();
    }

    /**
     * Takes nothing more, acknowledges what the log answers within two seconds, and says good-bye; the broker keeps the
     * session, and what was not acknowledged comes again after the next start.
     */
    @Override
    public void close() {
        supervisor.stopTaking();
        thread.close();
    }
}
