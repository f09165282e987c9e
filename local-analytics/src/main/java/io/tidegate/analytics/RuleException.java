package io.tidegate.analytics;

import java.nio.file.Path;

/** A rule that cannot run as it is written. The message says where, what, and what to do. Never worth a retry. */
public final class RuleException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int line;
    private final int column;

    RuleException(Path file, int line, int column, String message) {
        super(file + (line > 0 ? ":" + line + ":" + column : "") + ": " + message);
        this.line = line;
        this.column = column;
    }

    RuleException(String message) {
        super(message);
        this.line = 0;
        this.column = 0;
    }

    /** From 1; 0 if the fault is not at one place of the text. */
    public int line() {
        return line;
    }

    /** From 1; 0 if the fault is not at one place of the text. */
    public int column() {
        return column;
    }
}
