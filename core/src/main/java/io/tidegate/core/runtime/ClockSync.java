package io.tidegate.core.runtime;

import java.nio.file.Files;
import java.nio.file.Path;

/** Tells whether the wall clock can be believed. */
@FunctionalInterface
public interface ClockSync {
    /** The clock is believed because the configuration says so ({@code gateway.clock: trusted}). */
    ClockSync TRUSTED = () -> true;

    boolean isSynchronised();

    /**
     * Believes the mark that systemd-timesyncd leaves once it has set the clock in this boot, and the word of a chronyd
     * on this machine.
     */
    static ClockSync ofSystem(Clock clock) {
        Path mark = Path.of("/run/systemd/timesync/synchronized");
        ClockSync chrony = new ChronySync(clock, ChronySync.PORT);
        return () -> Files.exists(mark) || chrony.isSynchronised();
    }
}
