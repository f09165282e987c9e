package io.tidegate.core.stream;

import java.util.Locale;

/** How far an effective time can be believed. */
public enum TimeQuality {
    /** The wall clock was synchronised, or declared trusted, when the time was fixed. */
    SYNCED,
    /** Counted on from the last known time: never back, but possibly behind. */
    ESTIMATED;

    /** The name in JSON. */
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }
}
