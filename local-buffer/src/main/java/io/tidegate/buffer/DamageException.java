package io.tidegate.buffer;

/** Bytes that are not what was written: a checksum that fails, or a form that cannot be. */
final class DamageException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    DamageException(String message) {
        super(message);
    }

    DamageException(String message, Throwable cause) {
        super(message, cause);
    }
}
