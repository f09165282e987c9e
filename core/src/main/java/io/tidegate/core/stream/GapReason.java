package io.tidegate.core.stream;

import java.util.Locale;

/** Why records are missing. */
public enum GapReason {
    /** Older than the stream keeps. */
    EXPIRED,
    /** Given up for space, by policy. */
    EVICTED,
    /** Damaged on disk. */
    CORRUPT,
    /** Refused for good by the receiver. */
    REJECTED,
    /** Left out by a transform. */
    FILTERED,
    /** Acknowledged before durable, by the class of its stream, and lost; such records never had numbers. */
    UNSYNCED,
    /** Numbers left unused because continuity could not be proven; no record is missing. */
    RENUMBERED;

    /** The name in JSON. */
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Reads the name in JSON; throws IllegalArgumentException saying what was found. */
    public static GapReason parse(String text) {
        for (GapReason reason : values()) {
            if (reason.text().equals(text)) {
                return reason;
            }
        }
        throw new IllegalArgumentException("unknown gap reason '" + text + "'");
    }
}
