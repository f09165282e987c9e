package io.tidegate.buffer;

import io.tidegate.core.stream.AppendResult;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Marks closed segments as not to be touched again: at once for this process, and by a commit for those after it. A
 * mark that was not committed is asked for again at each look.
 *
 * <p>Confined to the log's keeper, but for the decision.
 */
final class SuspectMarks {
    private static final int WEIGHT_BYTES = 256;
    private static final int CAUSE_CHARACTERS_MAX = 200;

    private final LogState state;
    private final SegmentStore store;
    private final CommitQueue queue;
    private final TreeMap<Integer, Mark> open = new TreeMap<>();

    private record Mark(String cause, CompletableFuture<AppendResult> answer) {}

    SuspectMarks(LogState state, SegmentStore store, CommitQueue queue) {
        this.state = state;
        this.store = store;
        this.queue = queue;
    }

    void mark(int number, @Nullable String cause) {
        for (SegmentSummary summary : store.closedSegments()) {
            if (summary.number() == number) {
                store.addClosed(summary.asSuspect());
                state.remember(summary.asSuspect());
                String text = String.valueOf(cause);
                ask(number, text.substring(0, Math.min(text.length(), CAUSE_CHARACTERS_MAX)));
            }
        }
    }

    /** Asks again for what was refused. */
    void askAgain() {
        open.values().removeIf(mark -> mark.answer().getNow(null) instanceof AppendResult.Committed);
        new TreeMap<>(open).forEach((number, mark) -> {
            if (mark.answer().isDone()) {
                ask(number, mark.cause());
            }
        });
    }

    private void ask(int number, String cause) {
        CompletableFuture<AppendResult> answer = new CompletableFuture<>();
        boolean isAsked = queue.offerAlways(new Submission.Unit(
                WEIGHT_BYTES,
                draft -> {
                    draft.add(new ControlEntry.SegmentQuarantined(number, cause));
                    return new AppendResult.Committed(draft.header().lsn(), List.of());
                },
                answer));
        if (isAsked) {
            open.put(number, new Mark(cause, answer));
        }
    }
}
