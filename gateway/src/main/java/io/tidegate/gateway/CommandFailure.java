package io.tidegate.gateway;

/** A command cannot do what was asked: the sentence for the user, and the exit code. */
public final class CommandFailure extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int exitCode;

    private CommandFailure(int exitCode, String message) {
        super(message);
        this.exitCode = exitCode;
    }

    /** A check failed. */
    public static CommandFailure failed(String message) {
        return new CommandFailure(ExitCode.FAILED, message);
    }

    /** The user asked for something that cannot be. */
    public static CommandFailure usage(String message) {
        return new CommandFailure(ExitCode.USAGE, message);
    }

    /** Nobody answers. */
    public static CommandFailure notReachable(String message) {
        return new CommandFailure(ExitCode.NOT_REACHABLE, message);
    }

    int exitCode() {
        return exitCode;
    }
}
