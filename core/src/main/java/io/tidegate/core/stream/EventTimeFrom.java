package io.tidegate.core.stream;

import java.util.Locale;

/** Where a record's event time comes from. */
public enum EventTimeFrom {
    /** The device said it. */
    DEVICE,
    /** The device said none: the time of arrival. */
    ARRIVAL,
    /** The device said something absurd while our clock was synchronised: the time of arrival. */
    CLAMPED;

    /** The name in JSON. */
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Reads the name in JSON; throws IllegalArgumentException saying what was found. */
    public static EventTimeFrom parse(String text) {
        for (EventTimeFrom from : values()) {
            if (from.text().equals(text)) {
                return from;
            }
        }
        throw new IllegalArgumentException("eventTimeFrom must be device, arrival or clamped, found '" + text + "'");
    }
}
