package io.tidegate.core.stream;

/** Whether a stream has a quota for clients (Kinesis StreamModeDetails). */
public enum StreamMode {
    /** None. */
    ON_DEMAND("on-demand"),
    /** Each shard takes and gives so much in a second, and no more; {@link ShardQuota}. */
    PROVISIONED("provisioned");

    private final String text;

    StreamMode(String text) {
        this.text = text;
    }

    /** The word in the configuration and in JSON. */
    public String text() {
        return text;
    }

    /** Reads the word; throws IllegalArgumentException saying what was found. */
    public static StreamMode parse(String text) {
        for (StreamMode mode : values()) {
            if (mode.text.equals(text)) {
                return mode;
            }
        }
        throw new IllegalArgumentException("expected on-demand or provisioned, found '" + text + "'");
    }
}
