package io.tidegate.gateway.demo;

import io.tidegate.core.runtime.Clock;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * The sensor of a simulated device: takes a reading at a fixed pace into the ledger, and says what a reading is. The
 * temperature swings slowly, and is above 60 for a while in each swing.
 *
 * <p>Confined to the device's thread, but for {@link #stop}.
 */
final class Readings {
    private static final double SWING_READINGS = 100;

    private final String device;
    private final DeviceLedger ledger;
    private final Clock clock;
    private final long intervalNanos;
    private long nextNanos;
    private volatile boolean stopped;

    Readings(String device, DeviceLedger ledger, Clock clock, long intervalMillis) {
        this.device = device;
        this.ledger = ledger;
        this.clock = clock;
        this.intervalNanos = intervalMillis * 1_000_000;
        this.nextNanos = clock.monotonicNanos();
    }

    /** Takes what is due. */
    void takeDue() {
        while (!stopped && clock.monotonicNanos() - nextNanos >= 0) {
            ledger.take();
            nextNanos += intervalNanos;
        }
    }

    void stop() {
        stopped = true;
    }

    /** The same bytes every time a reading is sent. */
    byte[] payload(int number) {
        double temperature = 50 + 20 * Math.sin(2 * Math.PI * number / SWING_READINGS);
        return String.format(Locale.ROOT, "{\"device\":\"%s\",\"seq\":%d,\"temp\":%.2f}", device, number, temperature)
                .getBytes(StandardCharsets.UTF_8);
    }
}
