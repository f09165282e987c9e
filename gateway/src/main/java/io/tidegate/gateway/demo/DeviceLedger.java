package io.tidegate.gateway.demo;

import java.util.ArrayDeque;
import java.util.BitSet;
import java.util.Deque;

/**
 * What a device knows of its readings, numbered from 1: taken, and acknowledged. Kept outside the gateway: it is what
 * the demo holds against the central.
 *
 * <p>Guarded by its own lock.
 */
final class DeviceLedger {
    private final Deque<Integer> waiting = new ArrayDeque<>();
    private final BitSet acknowledged = new BitSet();
    private int taken;

    synchronized int take() {
        taken++;
        waiting.add(taken);
        return taken;
    }

    synchronized void acknowledge(int number) {
        acknowledged.set(number);
        waiting.remove(number);
    }

    /** For accounts that others keep: so many were taken, and these acknowledged. */
    synchronized void replace(int takenByOther, BitSet acknowledgedByOther) {
        taken = takenByOther;
        acknowledged.clear();
        acknowledged.or(acknowledgedByOther);
    }

    /** The oldest readings that are not acknowledged, in order, at most so many. */
    synchronized int[] oldestWaiting(int max) {
        return waiting.stream().mapToInt(Integer::intValue).limit(max).toArray();
    }

    synchronized int taken() {
        return taken;
    }

    synchronized int acknowledgedCount() {
        return acknowledged.cardinality();
    }

    synchronized BitSet acknowledged() {
        return (BitSet) acknowledged.clone();
    }
}
