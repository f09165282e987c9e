package io.tidegate.hardware;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A device that numbers its readings and keeps its own account of them: how often each was sent and whether its
 * acknowledgement was seen. It resends, in order, what was not acknowledged, for as long as it takes.
 */
abstract class Device implements AutoCloseable {
    /** What the device knows of one reading. */
    static final class Reading {
        private final AtomicInteger sent = new AtomicInteger();
        volatile boolean acknowledged;

        /** Counts one more copy; true if it is not the first. */
        boolean sendsAgain() {
            return sent.getAndIncrement() > 0;
        }

        int sent() {
            return sent.get();
        }
    }

    final String name;
    private final List<Reading> readings = new ArrayList<>();
    private final AtomicBoolean producing = new AtomicBoolean(true);
    private final Thread thread;
    private volatile boolean closed;
    private volatile @Nullable Throwable failure;

    Device(String name) {
        this.name = name;
        this.thread = new Thread(this::run, "device-" + name);
        this.thread.setDaemon(true);
    }

    Device start() {
        thread.start();
        return this;
    }

    /** No new readings; what is not acknowledged yet goes on being sent. */
    void stopProducing() {
        producing.set(false);
    }

    boolean isProducing() {
        return producing.get();
    }

    boolean isClosed() {
        return closed;
    }

    synchronized int newReading() {
        readings.add(new Reading());
        return readings.size();
    }

    /** The account of the reading with this number, from 1. */
    synchronized Reading reading(int number) {
        return readings.get(number - 1);
    }

    synchronized int count() {
        return readings.size();
    }

    synchronized long acknowledged() {
        return readings.stream().filter(reading -> reading.acknowledged).count();
    }

    /** The number of the first reading that is not acknowledged, or one past the last. */
    synchronized int firstOpen() {
        for (int i = 0; i < readings.size(); i++) {
            if (!readings.get(i).acknowledged) {
                return i + 1;
            }
        }
        return readings.size() + 1;
    }

    String payload(int number) {
        return "{\"device\":\"" + name + "\",\"n\":" + number + ",\"seq\":" + number + "}";
    }

    /** Sends and resends until closed; what it throws fails the test. */
    abstract void live() throws Exception;

    static void pause(int millis) throws InterruptedException {
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(millis));
        if (Thread.interrupted()) {
            throw new InterruptedException("device closed");
        }
    }

    private void run() {
        try {
            live();
        } catch (InterruptedException e) {
            if (!closed) {
                failure = e;
            }
        } catch (Exception | AssertionError e) {
            failure = e;
        }
    }

    void rethrowFailure() {
        Throwable found = failure;
        if (found != null) {
            throw new AssertionError("device " + name + " failed", found);
        }
    }

    @Override
    public void close() throws Exception {
        closed = true;
        thread.interrupt();
        thread.join(5_000);
    }
}
