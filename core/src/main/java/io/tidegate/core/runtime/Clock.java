package io.tidegate.core.runtime;

/** The two clocks of a machine, which have nothing to do with each other. Thread-safe. */
public interface Clock {
    /** What the wall clock shows, Unix milliseconds. May be wrong and may jump, both ways. */
    long wallMillis();

    /** Nanoseconds since an arbitrary moment of this boot. Never goes back, says nothing about the date. */
    long monotonicNanos();
}
