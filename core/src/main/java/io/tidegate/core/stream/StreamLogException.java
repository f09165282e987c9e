package io.tidegate.core.stream;

/** The log could not do what was asked. The category says what the caller can do. */
public final class StreamLogException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** What the caller can do. */
    public enum Category {
        /** The same call may succeed later. */
        RETRY,
        /** The call asks for something that cannot be. */
        REJECT,
        /** The log cannot go on. */
        FATAL
    }

    private final Category category;

    public StreamLogException(Category category, String message) {
        super(message);
        this.category = category;
    }

    public StreamLogException(Category category, String message, Throwable cause) {
        super(message, cause);
        this.category = category;
    }

    public Category category() {
        return category;
    }
}
