package io.tidegate.core.stream;

import org.jspecify.annotations.Nullable;

/**
 * Sets or, with a null value, deletes one named value that lives in the log itself, so that it changes in the same
 * commit as records. All such state together is bounded (4 MiB).
 */
public record StateUpdate(String key, @Nullable Payload value) {
    public static final int KEY_LENGTH_MAX = 512;
    public static final int VALUE_BYTES_MAX = 64 << 10;

    public StateUpdate {
        if (key.isEmpty() || key.length() > KEY_LENGTH_MAX) {
            throw new IllegalArgumentException("state key must have 1 to 512 characters, found " + key.length());
        }
        if (value != null && value.length() > VALUE_BYTES_MAX) {
            throw new IllegalArgumentException(
                    "state '" + key + "' holds at most " + VALUE_BYTES_MAX + " bytes, found " + value.length());
        }
    }
}
