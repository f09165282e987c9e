package io.tidegate.analytics;

/**
 * One look at a rule's text before it is parsed: limits that keep the parser's recursion shallow, and the text without
 * comments and layout, of which the version of a rule is made.
 */
final class TextLimits {
    private static final int CHARACTERS_MAX = 64 << 10;
    private static final int NESTING_MAX = 60;
    private static final int TOKENS_MAX = 4_000;

    private final SourceText source;
    private final String text;
    private final StringBuilder canonical = new StringBuilder();
    private int at;
    private int line = 1;
    private int lineStart;
    private int tokens;
    private int nesting;

    private TextLimits(SourceText source, String text) {
        this.source = source;
        this.text = text;
    }

    /** The tokens of the text, one blank between them; throws if it is longer or deeper than a rule may be. */
    static String check(SourceText source, String text) {
        if (text.length() > CHARACTERS_MAX) {
            throw source.error(1, 1, "the text is longer than " + CHARACTERS_MAX + " characters");
        }
        TextLimits scan = new TextLimits(source, text);
        while (scan.at < text.length()) {
            scan.next();
        }
        return scan.canonical.toString();
    }

    private void next() {
        char c = text.charAt(at);
        if (Character.isWhitespace(c)) {
            skipTo(at + 1);
        } else if (text.startsWith("--", at)) {
            int end = text.indexOf('\n', at);
            skipTo(end < 0 ? text.length() : end);
        } else if (text.startsWith("/*", at)) {
            int end = text.indexOf("*/", at + 2);
            skipTo(end < 0 ? text.length() : end + 2);
        } else {
            token(end(c));
        }
    }

    /** Quotes within quotes are doubled, so that they read as two quoted parts side by side. */
    private int end(char first) {
        if (first == '\'' || first == '`' || first == '"') {
            int end = text.indexOf(first, at + 1);
            if (end < 0) {
                throw error("what opens here with " + first + " is not closed");
            }
            return end + 1;
        }
        int end = at;
        while (end < text.length() && isWord(text.charAt(end))) {
            end++;
        }
        return Math.max(end, at + 1);
    }

    private static boolean isWord(char c) {
        return Character.isLetterOrDigit(c) || c == '_' || c == '$' || c == '.';
    }

    private void token(int end) {
        char c = text.charAt(at);
        nesting += c == '(' || c == '[' ? 1 : c == ')' || c == ']' ? -1 : 0;
        if (nesting > NESTING_MAX) {
            throw error("brackets are nested more than " + NESTING_MAX + " deep");
        }
        if (++tokens > TOKENS_MAX) {
            throw error("the text has more than " + TOKENS_MAX + " words and signs");
        }
        if (canonical.length() > 0) {
            canonical.append(' ');
        }
        canonical.append(text, at, end);
        skipTo(end);
    }

    private RuleException error(String message) {
        return source.error(line, at - lineStart + 1, message);
    }

    private void skipTo(int end) {
        for (int i = at; i < end; i++) {
            if (text.charAt(i) == '\n') {
                line++;
                lineStart = i + 1;
            }
        }
        at = end;
    }
}
