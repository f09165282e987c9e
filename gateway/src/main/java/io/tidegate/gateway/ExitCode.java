package io.tidegate.gateway;

/** What the program ends with. */
final class ExitCode {
    static final int OK = 0;
    /** A check failed, or something was refused. */
    static final int FAILED = 1;
    /** Usage or configuration, a port in use too. */
    static final int USAGE = 2;
    /** No gateway answers. */
    static final int NOT_REACHABLE = 3;
    /** It runs, but not all of it. */
    static final int DEGRADED = 5;

    private ExitCode() {}
}
