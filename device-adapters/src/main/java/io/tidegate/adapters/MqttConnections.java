package io.tidegate.adapters;

import io.netty.channel.EventLoop;
import io.tidegate.core.stream.ProducerName;
import io.tidegate.core.stream.StreamLog;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * All connections of an MQTT listener and what they share: the way into the log, the budget of messages in flight, and
 * who is connected under which client id. While the log has no room or the budget is spent, no connection is read.
 *
 * <p>Confined to the event loop; the answers of the log are handed over to it, one task per commit.
 */
final class MqttConnections {
    private final MqttLimits limits;
    private final EventLoop eventLoop;
    private final MqttCounters counters;
    private final Ingest<MqttDelivery> ingest;

    private final Set<MqttConnection> open = new LinkedHashSet<>();
    private final Map<MqttClient.Key, MqttConnection> byClient = new HashMap<>();
    /** Inboxes with messages that the log had no room for. */
    private final Deque<MqttInbox> line = new ArrayDeque<>();
    /** Wills that the log had no room for; counted in the budget. */
    private final Deque<MqttDelivery> wills = new ArrayDeque<>();

    private final List<MqttInbox> touched = new ArrayList<>();
    private long inFlightBytes;
    private long gatheredBytes;
    private int underWay;
    private boolean logBusy;
    private boolean paused;
    private @Nullable Runnable drained;

    private final class Answers implements IngestListener<MqttDelivery> {
        @Override
        public void onAnswers(List<IngestAnswer<MqttDelivery>> oneCommit) {
            handOver(() -> answered(oneCommit));
        }

        @Override
        public void onWritable() {
            handOver(MqttConnections.this::writable);
        }
    }

    MqttConnections(MqttLimits limits, EventLoop eventLoop, MqttCounters counters, Routes routes, StreamLog log) {
        this.limits = limits;
        this.eventLoop = eventLoop;
        this.counters = counters;
        this.ingest = Ingest.open(routes, log, new ProducerName("mqtt-listener"), new Answers());
    }

    private void handOver(Runnable task) {
        try {
            eventLoop.execute(task);
        } catch (RejectedExecutionException e) {
            // The listener has ended, its connections are closed: there is nobody left to tell.
            counters.lateAnswers.increment();
        }
    }

    MqttLimits limits() {
        return limits;
    }

    MqttCounters counters() {
        return counters;
    }

    Ingest<MqttDelivery> ingest() {
        return ingest;
    }

    /** Takes a connection in; false if there are too many. */
    boolean admit(MqttConnection connection) {
        if (open.size() >= limits.connectionsMax() || drained != null) {
            return false;
        }
        open.add(connection);
        counters.connections.set(open.size());
        counters.opened.increment();
        if (paused) {
            connection.link().pause(MqttLink.Pause.ALL);
        }
        return true;
    }

    /** Gives a client id to a connection; whoever had it is closed. */
    void register(MqttClient.Key key, MqttConnection connection) {
        MqttConnection before = byClient.put(key, connection);
        if (before != null && before != connection) {
            before.close(MqttClose.TAKEN_OVER);
            // The close has forgotten the key in the name of the older connection only.
            byClient.put(key, connection);
        }
    }

    void forget(MqttConnection connection, MqttClient.@Nullable Key key) {
        open.remove(connection);
        counters.connections.set(open.size());
        if (key != null) {
            byClient.remove(key, connection);
        }
    }

    /** Counts a message into the budget. */
    void received(MqttDelivery delivery) {
        inFlightBytes += delivery.weightBytes();
        counters.inFlightBytes.set(inFlightBytes);
        if (inFlightBytes > limits.inFlightBytesMax()) {
            pauseAll();
        }
    }

    /** Counts a message out of the budget that will not be offered. */
    void forgotten(MqttDelivery delivery) {
        inFlightBytes -= delivery.weightBytes();
        counters.inFlightBytes.set(inFlightBytes);
    }

    Submission offer(MqttDelivery delivery) {
        if (logBusy) {
            return Submission.BUSY;
        }
        Submission submission = ingest.submit(delivery.message(), delivery);
        switch (submission) {
            case TAKEN -> underWay++;
            case DROPPED -> forgotten(delivery);
            case BUSY -> {
                logBusy = true;
                pauseAll();
            }
        }
        return submission;
    }

    /** The client of this will has left without a goodbye. */
    void publishWill(IncomingMessage will) {
        MqttDelivery delivery = new MqttDelivery(null, 0, will);
        received(delivery);
        if (offer(delivery) == Submission.BUSY) {
            wills.add(delivery);
        }
    }

    /** Puts an inbox into the line of those who wait for room. */
    void queue(MqttInbox inbox) {
        if (!inbox.isQueued()) {
            inbox.setQueued(true);
            line.add(inbox);
        }
    }

    /** Remembers that an inbox has something to acknowledge. */
    void touch(MqttInbox inbox) {
        if (!inbox.isTouched()) {
            inbox.setTouched(true);
            touched.add(inbox);
        }
    }

    /** Acknowledges what can be, one write per connection. */
    void flush() {
        for (MqttInbox inbox : touched) {
            inbox.setTouched(false);
            inbox.flush();
        }
        touched.clear();
    }

    void acknowledged(int count) {
        counters.acknowledged.add(count);
        counters.ackWrites.increment();
    }

    /**
     * Bytes of unfinished packets that one connection holds more, or less if negative; false if all connections
     * together would hold too many.
     */
    boolean gathered(int moreBytes) {
        gatheredBytes += moreBytes;
        return moreBytes <= 0 || gatheredBytes <= limits.inFlightBytesMax();
    }

    /** No more reading; calls back when everything that the log has taken is answered. */
    void drain(Runnable whenDrained) {
        drained = whenDrained;
        pauseAll();
        checkDrained();
    }

    void closeAll() {
        for (MqttConnection connection : List.copyOf(open)) {
            connection.close(MqttClose.SHUTDOWN);
        }
    }

    private void answered(List<IngestAnswer<MqttDelivery>> oneCommit) {
        for (IngestAnswer<MqttDelivery> answer : oneCommit) {
            MqttDelivery delivery = answer.token();
            underWay--;
            forgotten(delivery);
            MqttInbox inbox = delivery.inbox();
            if (inbox != null) {
                inbox.answered(delivery, answer.outcome());
                touch(inbox);
            }
        }
        flush();
        resumeIfRoom();
        checkDrained();
    }

    private void writable() {
        logBusy = false;
        resumeIfRoom();
    }

    private void pauseAll() {
        if (!paused) {
            paused = true;
            counters.pauses.increment();
            open.forEach(connection -> connection.link().pause(MqttLink.Pause.ALL));
        }
    }

    private void resumeIfRoom() {
        if (!paused || logBusy || drained != null) {
            return;
        }
        while (!line.isEmpty()) {
            if (!line.element().drain()) {
                return;
            }
            line.remove().setQueued(false);
        }
        // Behind what their clients had sent before they left.
        while (!wills.isEmpty()) {
            if (offer(wills.element()) == Submission.BUSY) {
                return;
            }
            wills.remove();
        }
        flush();
        if (inFlightBytes <= limits.inFlightBytesMax() / 2) {
            paused = false;
            open.forEach(connection -> connection.link().resume(MqttLink.Pause.ALL));
        }
    }

    private void checkDrained() {
        if (drained != null && underWay == 0) {
            drained.run();
        }
    }
}
