package io.tidegate.buffer;

import java.util.concurrent.Future;

/** Ends a child when the process that started it has gone, however that came to its end. */
final class Orphans {
    private Orphans() {}

    /** First of all in a child's {@code main}. */
    static void endWithParent() {
        ProcessHandle.current().parent().ifPresentOrElse(Orphans::endAfter, Orphans::end);
    }

    private static void endAfter(ProcessHandle parent) {
        Future<?> end = parent.onExit().thenRun(Orphans::end);
        if (end.isDone()) {
            end();
        }
    }

    private static void end() {
        Runtime.getRuntime().halt(9);
    }
}
