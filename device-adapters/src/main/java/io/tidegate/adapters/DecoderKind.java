package io.tidegate.adapters;

import java.util.Locale;

/** How a route turns the bytes of a message into the data of a record. */
public enum DecoderKind {
    /** The first that fits: a JSON object as it is, other JSON as {@code value}, other UTF-8 as {@code text}. */
    AUTO,
    /** A JSON object as it is, other JSON as {@code {"value":...}}. */
    JSON,
    /** A decimal number as {@code {"value":21.5}}. */
    NUMBER,
    /** UTF-8 as {@code {"text":"..."}}. */
    TEXT,
    /** The bytes as they are, content type application/octet-stream. */
    RAW;

    /** The name in the configuration. */
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Reads the name in the configuration; throws IllegalArgumentException saying what was found. */
    public static DecoderKind parse(String text) {
        for (DecoderKind kind : values()) {
            if (kind.text().equals(text)) {
                return kind;
            }
        }
        throw new IllegalArgumentException("decoder must be auto, json, number, text or raw, found '" + text + "'");
    }
}
