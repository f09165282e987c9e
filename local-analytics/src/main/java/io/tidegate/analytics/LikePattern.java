package io.tidegate.analytics;

import org.jspecify.annotations.Nullable;

/**
 * The matcher of LIKE: {@code %} stands for any characters, {@code _} for one. Without ESCAPE nothing is escaped. Time
 * grows with text times pattern at worst.
 */
final class LikePattern {
    private static final int ANY_ONE = -1;
    private static final int ANY_MANY = -2;

    private LikePattern() {}

    static Expression of(Expression text, Expression pattern, @Nullable Expression escape) {
        return row -> {
            String value = text(text.value(row));
            String form = text(pattern.value(row));
            if (value == null || form == null) {
                return null;
            }
            String escapeText = escape == null ? "" : text(escape.value(row));
            return escapeText == null ? null : matches(value, form, escapeText);
        };
    }

    static @Nullable String text(@Nullable Object value) {
        if (value == null || value instanceof String) {
            return (String) value;
        }
        throw new RowRejected(RowFault.WRONG_TYPE, "expected a string, found " + Comparison.kind(value));
    }

    /**
     * @param escape one character, or empty
     */
    static boolean matches(String text, String pattern, String escape) {
        int[] symbols = symbols(pattern, escape);
        int[] characters = text.codePoints().toArray();
        int at = 0;
        int symbol = 0;
        int lastMany = -1;
        int retryAt = 0;
        while (at < characters.length) {
            if (symbol < symbols.length && (symbols[symbol] == ANY_ONE || symbols[symbol] == characters[at])) {
                at++;
                symbol++;
            } else if (symbol < symbols.length && symbols[symbol] == ANY_MANY) {
                lastMany = symbol++;
                retryAt = at;
            } else if (lastMany >= 0) {
                // The latest % takes one character more; earlier ones need never be tried again.
                symbol = lastMany + 1;
                at = ++retryAt;
            } else {
                return false;
            }
        }
        while (symbol < symbols.length && symbols[symbol] == ANY_MANY) {
            symbol++;
        }
        return symbol == symbols.length;
    }

    private static int[] symbols(String pattern, String escape) {
        if (escape.codePointCount(0, escape.length()) > 1) {
            throw new RowRejected(RowFault.WRONG_TYPE, "ESCAPE must be one character");
        }
        int escapeCharacter = escape.isEmpty() ? -1 : escape.codePointAt(0);
        int[] characters = pattern.codePoints().toArray();
        int[] symbols = new int[characters.length];
        int count = 0;
        for (int i = 0; i < characters.length; i++) {
            if (characters[i] == escapeCharacter) {
                i++;
                if (i == characters.length
                        || (characters[i] != '%' && characters[i] != '_' && characters[i] != escapeCharacter)) {
                    throw new RowRejected(RowFault.WRONG_TYPE, "in LIKE, the escape stands before % _ or itself");
                }
                symbols[count++] = characters[i];
            } else {
                symbols[count++] = characters[i] == '%' ? ANY_MANY : characters[i] == '_' ? ANY_ONE : characters[i];
            }
        }
        return java.util.Arrays.copyOf(symbols, count);
    }
}
