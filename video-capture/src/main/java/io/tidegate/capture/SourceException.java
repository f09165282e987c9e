package io.tidegate.capture;

/** A source that cannot go on: the sentence says what was expected and found, and never holds credentials. */
final class SourceException extends Exception {
    private static final long serialVersionUID = 1L;

    private final GapCause cause;
    private final boolean ended;

    private SourceException(GapCause cause, String message, boolean ended) {
        super(message);
        this.cause = cause;
        this.ended = ended;
    }

    static SourceException failed(GapCause cause, String message) {
        return new SourceException(cause, message, false);
    }

    /** Everything there was has been delivered; opening it again makes no sense. */
    static SourceException finished(String message) {
        return new SourceException(GapCause.CAMERA_ENDED, message, true);
    }

    GapCause gapCause() {
        return cause;
    }

    boolean isFinished() {
        return ended;
    }
}
