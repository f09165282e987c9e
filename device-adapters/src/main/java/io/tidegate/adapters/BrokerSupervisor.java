package io.tidegate.adapters;

import io.tidegate.adapters.BrokerConnection.Phase;
import io.tidegate.adapters.IngestAnswer.Outcome;
import io.tidegate.adapters.MqttBrokerStatus.State;
import io.tidegate.core.runtime.Backoff;
import io.tidegate.core.runtime.Clock;
import io.tidegate.core.runtime.Worker;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.ProducerName;
import io.tidegate.core.stream.StreamLog;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.random.RandomGenerator;
import org.eclipse.paho.mqttv5.common.MqttException;
import org.jspecify.annotations.Nullable;
import org.tinylog.Logger;

/**
 * Keeps one connection to a broker at a time and acknowledges what the log has stored. What holds always:
 *
 * <ol>
 *   <li>A message is acknowledged after the commit that stored it, on the connection that brought it, or not at all.
 *   <li>A new connection is opened when everything that the last one brought is answered: what comes again comes behind.
 *   <li>A message that the log refuses ends the connection: the broker sends it again, in order.
 * </ol>
 *
 * <p>Turns are taken by one thread. Messages come on the library's threads, answers on the log's writer thread; both only
 * leave something for the next turn, but a message waits on its thread while the log has no room.
 */
final class BrokerSupervisor implements Worker, BrokerConnection.Listener, IngestListener<BrokerSupervisor.Delivery> {
    private static final Duration RETRY_FIRST = Duration.ofSeconds(1);
    private static final Duration STABLE = Duration.ofSeconds(10);
    private static final Duration RELEASE_DEADLINE = Duration.ofSeconds(10);
    private static final Duration CLOSE_DEADLINE = Duration.ofSeconds(2);

    /** A message that the log has or may have. */
    record Delivery(BrokerConnection from, int qos, int id, int bytes) {}

    /** What the status says, changed as a whole. */
    private record Condition(State state, String detail, long sinceNanos) {}

    private final MqttBrokerSettings settings;
    private final Clock clock;
    private final Backoff backoff;
    private final Runnable wake;
    private final Ingest<Delivery> ingest;
    private final Queue<Delivery> stored = new ConcurrentLinkedQueue<>();
    private final BrokerWindow window;

    private final LongAdder connections = new LongAdder();
    private final LongAdder sessionsLost = new LongAdder();
    private final LongAdder lateAnswers = new LongAdder();
    private final LongAdder givenUp = new LongAdder();
    private final AtomicLong refusedForMillis = new AtomicLong();

    private @Nullable BrokerConnection connection;
    private @Nullable BrokerConnection retired;
    private long retiredNanos;
    private long openedNanos;
    private long retryAtNanos;
    private volatile boolean closing;
    private volatile Condition condition;

    BrokerSupervisor(
            MqttBrokerSettings settings,
            Routes routes,
            StreamLog log,
            Clock clock,
            RandomGenerator random,
            Runnable wake) {
        this.settings = settings;
        this.clock = clock;
        Duration max = settings.limits().retryMax();
        this.backoff = new Backoff(RETRY_FIRST.compareTo(max) < 0 ? RETRY_FIRST : max, max, random);
        this.wake = wake;
        this.window = new BrokerWindow(settings.limits().inFlightBytesMax(), clock);
        this.retryAtNanos = clock.monotonicNanos();
        this.condition = new Condition(State.CONNECTING, "", retryAtNanos);
        this.ingest = Ingest.open(routes, log, new ProducerName("mqtt-client-" + settings.name()), this);
    }

    @Override
    public int doWork() {
        int done = acknowledge();
        BrokerConnection current = connection;
        if (current == null) {
            return done + openIfDue();
        }
        String condemned = current.condemned();
        if (condemned != null) {
            current.lost(condemned);
        }
        switch (current.phase()) {
            case CONNECTING, SUBSCRIBING -> giveUpIfOverdue(current);
            case ACCEPTED -> {
                current.subscribe();
                done++;
            }
            case CONNECTED -> watch(current);
            case LOST -> {
                retire(current);
                done++;
            }
        }
        return done;
    }

    private int acknowledge() {
        int done = 0;
        for (Delivery next = stored.poll(); next != null; next = stored.poll()) {
            if (!next.from.acknowledge(next.id)) {
                lateAnswers.increment();
            }
            done++;
        }
        return done;
    }

    private int openIfDue() {
        long now = clock.monotonicNanos();
        if (now - retryAtNanos < 0 || window.underWay() > 0 || !released(now)) {
            return 0;
        }
        condition = new Condition(State.CONNECTING, condition.detail, now);
        openedNanos = now;
        try {
            connection = BrokerConnection.open(settings, this);
        } catch (MqttException | RuntimeException e) {
            failed("cannot connect: " + e, now);
        }
        return 1;
    }

    private boolean released(long now) {
        BrokerConnection old = retired;
        if (old != null && (old.release() || now - retiredNanos > RELEASE_DEADLINE.toNanos())) {
            retired = null;
        }
        return retired == null;
    }

    private void giveUpIfOverdue(BrokerConnection current) {
        Duration patience = settings.limits().connectTimeout();
        if (clock.monotonicNanos() - openedNanos > patience.toNanos()) {
            current.lost("the broker did not answer within " + patience.toMillis() + " ms");
        }
    }

    private void watch(BrokerConnection current) {
        long now = clock.monotonicNanos();
        if (condition.state != State.CONNECTED) {
            connections.increment();
            condition = new Condition(State.CONNECTED, "", now);
            Logger.info("MQTT client {} is connected to {}", settings.name(), settings.serverUri());
            if (connections.sum() > 1 && !current.sessionPresent()) {
                sessionsLost.increment();
                Logger.warn(
                        "MQTT client {}: the broker has lost our session; what it held for us is gone",
                        settings.name());
            }
        } else if (now - condition.sinceNanos > STABLE.toNanos()) {
            backoff.succeeded();
        }
    }

    private void retire(BrokerConnection lost) {
        connection = null;
        retired = lost;
        retiredNanos = clock.monotonicNanos();
        lost.release();
        failed(lost.why(), retiredNanos);
    }

    private void failed(String why, long now) {
        long wait = Math.max(backoff.next().toMillis(), refusedForMillis.getAndSet(0));
        retryAtNanos = now + Duration.ofMillis(wait).toNanos();
        condition = new Condition(State.FAILED, why, now);
        if (!closing) {
            Logger.warn("MQTT client {}: {}; next try in {} ms", settings.name(), why, wait);
        }
    }

    @Override
    public void arrived(BrokerConnection from, String topic, Payload payload, int qos, int id)
            throws InterruptedException {
        Delivery delivery = new Delivery(from, qos, id, payload.length());
        // Half a keep-alive: the library reads nothing meanwhile, not even the answers to its pings.
        long deadline = clock.monotonicNanos() + settings.limits().keepAlive().toNanos() / 2;
        window.enter();
        boolean taken = false;
        try {
            taken = window.awaitRoom(delivery.bytes, deadline)
                    && submit(new IncomingMessage(ChannelKind.MQTT, topic, null, payload), delivery, deadline);
        } finally {
            if (!taken) {
                window.leave();
            }
        }
        if (!taken && qos == 0) {
            givenUp.increment();
        }
        if (!taken && !isGone(from)) {
            from.condemn("the log has been behind for too long");
        }
    }

    /** False: not taken, and not answered. */
    private boolean submit(IncomingMessage message, Delivery delivery, long deadline) throws InterruptedException {
        while (!closing && !(isGone(delivery.from) && delivery.qos > 0)) {
            long turn = window.writableTurn();
            window.reserve(delivery.bytes);
            Submission submission = ingest.submit(message, delivery);
            if (submission == Submission.TAKEN) {
                return true;
            }
            if (submission == Submission.DROPPED) {
                answered(delivery, true);
                return true;
            }
            window.free(delivery.bytes);
            if (!window.awaitWritable(turn, deadline)) {
                return false;
            }
        }
        return false;
    }

    private boolean isGone(BrokerConnection from) {
        return closing || from.phase() == Phase.LOST || from.condemned() != null;
    }

    @Override
    public void changed() {
        wake.run();
    }

    @Override
    public void onAnswers(List<IngestAnswer<Delivery>> oneCommit) {
        for (IngestAnswer<Delivery> answer : oneCommit) {
            boolean acknowledge = true;
            if (answer.outcome() instanceof Outcome.NotNow notNow) {
                acknowledge = false;
                refusedForMillis.set(notNow.retryAfter().toMillis());
                answer.token().from.condemn("the log refuses: " + notNow.reason());
            }
            // What is impossible is acknowledged too, and counted as refused: it would come again for ever.
            answered(answer.token(), acknowledge);
        }
        wake.run();
    }

    private void answered(Delivery delivery, boolean acknowledge) {
        if (acknowledge && delivery.qos > 0) {
            stored.add(delivery);
        }
        window.free(delivery.bytes);
        window.leave();
    }

    @Override
    public void onWritable() {
        window.writable();
    }

    MqttBrokerStatus status() {
        Condition now = condition;
        return new MqttBrokerStatus(
                settings.name(),
                now.state,
                now.detail,
                Duration.ofNanos(clock.monotonicNanos() - now.sinceNanos),
                connections.sum(),
                sessionsLost.sum(),
                lateAnswers.sum(),
                givenUp.sum(),
                ingest.counts());
    }

    /** From now on nothing is taken and nothing opened; answers are still acknowledged. */
    void stopTaking() {
        closing = true;
        window.writable();
    }

    @Override
    public void onClose() {
        try {
            window.awaitEmpty(clock.monotonicNanos() + CLOSE_DEADLINE.toNanos());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        acknowledge();
        BrokerConnection current = connection;
        if (current != null) {
            current.disconnect();
            current.release();
        }
        ingest.close();
    }
}
