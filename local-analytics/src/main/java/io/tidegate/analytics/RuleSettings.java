package io.tidegate.analytics;

import io.tidegate.core.stream.StreamName;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A rule as the configuration names it.
 *
 * @param name identifies the rule: its place in the log belongs to the name, whatever the text becomes
 * @param file the SQL text
 * @param into the stream that a plain SELECT writes to; null if the text says INSERT INTO
 * @param keyFields output columns that make the partition key; empty: the input's key, unless the text's CREATE TABLE
 *     names {@code key.fields}
 * @param from where a rule of this name starts that has never run
 */
public record RuleSettings(String name, Path file, @Nullable StreamName into, List<String> keyFields, From from) {
    private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9-]{0,63}");

    /** Where a new rule starts. */
    public enum From {
        /** With the oldest retained record. */
        TRIM_HORIZON,
        /** With what arrives after its first start. */
        LATEST
    }

    public RuleSettings {
        if (!NAME.matcher(name).matches()) {
            throw new IllegalArgumentException("rule name must be 1 to 64 of a-z 0-9 -, found '" + name + "'");
        }
        keyFields = List.copyOf(keyFields);
    }

    /** Starts with what arrives after its first start; target and key from the text. */
    public static RuleSettings of(String name, Path file) {
        return new RuleSettings(name, file, null, List.of(), From.LATEST);
    }
}
