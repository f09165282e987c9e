package io.tidegate.gateway;

/** How a command prints what it found. */
public enum OutputFormat {
    /** For people. */
    TABLE,
    /** For programs: one JSON object, or one per line. */
    JSON
}
