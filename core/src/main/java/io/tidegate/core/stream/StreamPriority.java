package io.tidegate.core.stream;

import java.util.Locale;
import java.util.Set;

/** Which streams give up records first when the disk is too small for all; in that order. */
public enum StreamPriority {
    BULK,
    NORMAL,
    /** Last of all. */
    IMPORTANT;

    private static final Set<String> IMPORTANT_NAMES = Set.of("_gaps", "_alarms", "_outcomes", "_audit");

    /** What a stream has unless it is told otherwise: normal, but for the few that say what happened. */
    public static StreamPriority of(StreamName stream) {
        return IMPORTANT_NAMES.contains(stream.value()) ? IMPORTANT : NORMAL;
    }

    /** The word in the configuration and in JSON. */
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Reads the word; throws IllegalArgumentException saying what was found. */
    public static StreamPriority parse(String text) {
        for (StreamPriority priority : values()) {
            if (priority.text().equals(text)) {
                return priority;
            }
        }
        throw new IllegalArgumentException("expected bulk, normal or important, found '" + text + "'");
    }
}
