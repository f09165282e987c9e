package io.tidegate.core.stream;

import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Small facts about a record, by name, in the order of their names. At most 32 with 4 KiB in all; names that start
 * with {@code origin.} are counted apart, with 1 KiB in all. Names are {@code [a-z0-9.-]{1,64}}. Immutable.
 */
public final class Attributes {
    public static final int COUNT_MAX = 32;
    public static final int BYTES_MAX = 4096;
    public static final int ORIGIN_BYTES_MAX = 1024;
    public static final Attributes NONE = new Attributes(new TreeMap<>());

    private static final String ORIGIN_PREFIX = "origin.";
    private static final Pattern NAME = Pattern.compile("[a-z0-9.-]{1,64}");

    private final SortedMap<String, String> values;

    private Attributes(SortedMap<String, String> values) {
        this.values = Collections.unmodifiableSortedMap(values);
    }

    /** Checks the names and limits; throws IllegalArgumentException naming what is wrong. */
    public static Attributes of(Map<String, String> values) {
        if (values.isEmpty()) {
            return NONE;
        }
        int count = 0;
        int bytes = 0;
        int originBytes = 0;
        for (Map.Entry<String, String> entry : values.entrySet()) {
            String name = entry.getKey();
            if (!NAME.matcher(name).matches()) {
                throw new IllegalArgumentException(
                        "attribute name must be 1 to 64 of a-z 0-9 . -, found '" + name + "'");
            }
            int size = name.length() + entry.getValue().getBytes(StandardCharsets.UTF_8).length;
            if (name.startsWith(ORIGIN_PREFIX)) {
                originBytes += size;
            } else {
                count++;
                bytes += size;
            }
        }
        if (count > COUNT_MAX) {
            throw new IllegalArgumentException("at most " + COUNT_MAX + " attributes, found " + count);
        }
        if (bytes > BYTES_MAX) {
            throw new IllegalArgumentException("attributes hold at most " + BYTES_MAX + " bytes, found " + bytes);
        }
        if (originBytes > ORIGIN_BYTES_MAX) {
            throw new IllegalArgumentException(
                    "origin attributes hold at most " + ORIGIN_BYTES_MAX + " bytes, found " + originBytes);
        }
        return new Attributes(new TreeMap<>(values));
    }

    public static Attributes of(String name, String value) {
        return of(Map.of(name, value));
    }

    public @Nullable String get(String name) {
        return values.get(name);
    }

    /** A copy with one more or one replaced. */
    public Attributes with(String name, String value) {
        Map<String, String> copy = new TreeMap<>(values);
        copy.put(name, value);
        return of(copy);
    }

    public boolean isEmpty() {
        return values.isEmpty();
    }

    public int count() {
        return values.size();
    }

    /** Visits in the order of names. */
    public void forEach(BiConsumer<String, String> visitor) {
        values.forEach(visitor);
    }

    /** An unmodifiable view in the order of names. */
    public SortedMap<String, String> asMap() {
        return values;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Attributes that && values.equals(that.values);
    }

    @Override
    public int hashCode() {
        return values.hashCode();
    }

    @Override
    public String toString() {
        return values.toString();
    }
}
