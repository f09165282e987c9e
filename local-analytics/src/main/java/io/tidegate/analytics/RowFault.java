package io.tidegate.analytics;

/** Why a row was left out. The order is that of the counters in a rule's checkpoint: add at the end only. */
public enum RowFault {
    /** The record's data is not one JSON object. */
    NOT_JSON("not-json"),
    /** A field holds a value that its type, or the place where it is used, does not allow. */
    WRONG_TYPE("wrong-type"),
    /** An integer was divided by zero. */
    DIVISION_BY_ZERO("division-by-zero"),
    /** A CAST of a value that cannot be converted. */
    BAD_CAST("bad-cast"),
    /** A column of {@code key.fields} is null or does not make a partition key. */
    NO_KEY("no-key"),
    /** The output is larger than its stream takes. */
    TOO_LARGE("too-large");

    private final String text;

    RowFault(String text) {
        this.text = text;
    }

    /** The name in status and metrics. */
    public String text() {
        return text;
    }
}
