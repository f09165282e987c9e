package io.tidegate.adapters;

/** A part of the adapters could not be started; the message says what was tried and what to do. */
public final class AdapterException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public AdapterException(String message, Throwable cause) {
        super(message, cause);
    }
}
