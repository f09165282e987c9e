package io.tidegate.analytics;

import java.util.Locale;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.io.NumberOutput;

/**
 * JSON text as Flink's JSON format writes it: no white space, non-ASCII characters as they are but surrogates as
 * escapes, doubles in the shortest form that reads back the same. Written here and not with a generator, so that the
 * bytes of derived records do not change with a library's defaults.
 *
 * <p>Confined to its owner.
 */
final class JsonOut {
    private final StringBuilder out = new StringBuilder(128);

    JsonOut raw(char c) {
        out.append(c);
        return this;
    }

    /** A value of an {@link Expression} that is not a timestamp. */
    JsonOut value(@Nullable Object value) {
        if (value == null) {
            out.append("null");
        } else if (value instanceof String text) {
            string(text, true);
        } else if (value instanceof Double number) {
            number(number);
        } else if (value instanceof JsonFragment fragment) {
            out.append(fragment.text());
        } else {
            out.append(value); // Boolean, Long, BigDecimal
        }
        return this;
    }

    /** JSON has no word for what is not finite: Jackson writes it as a string. */
    private void number(double number) {
        String text = text(number);
        if (Double.isFinite(number)) {
            out.append(text);
        } else {
            out.append('"').append(text).append('"');
        }
    }

    /** The shortest text that reads back the same, on every JDK (JDK-4511638). */
    static String text(double number) {
        return NumberOutput.toString(number, true);
    }

    /**
     * @param escapeSurrogates as Jackson 2 does when it writes bytes, but not when it writes characters
     */
    JsonOut string(String text, boolean escapeSurrogates) {
        out.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '"' -> out.append("\\\"");
                case '\\' -> out.append("\\\\");
                case '\b' -> out.append("\\b");
                case '\f' -> out.append("\\f");
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                default -> {
                    if (c < 0x20 || (escapeSurrogates && Character.isSurrogate(c))) {
                        out.append(String.format(Locale.ROOT, "\\u%04X", (int) c));
                    } else {
                        out.append(c);
                    }
                }
            }
        }
        out.append('"');
        return this;
    }

    /** Something that is JSON already. */
    JsonOut raw(String json) {
        out.append(json);
        return this;
    }

    String text() {
        return out.toString();
    }
}
