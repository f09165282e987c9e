package io.tidegate.core.stream;

/** What happens to a stream that keeps as many bytes as it may. */
public enum FullPolicy {
    /** New records are refused, with a time to retry, until old ones expire. */
    REJECT("reject"),
    /** The oldest records are given up, as a gap. */
    DROP_OLDEST("drop-oldest");

    private final String text;

    FullPolicy(String text) {
        this.text = text;
    }

    /** The word in the configuration and in JSON. */
    public String text() {
        return text;
    }

    /** Reads the word; throws IllegalArgumentException saying what was found. */
    public static FullPolicy parse(String text) {
        for (FullPolicy policy : values()) {
            if (policy.text.equals(text)) {
                return policy;
            }
        }
        throw new IllegalArgumentException("expected reject or drop-oldest, found '" + text + "'");
    }
}
