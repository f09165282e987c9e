package io.tidegate.support;

import io.tidegate.core.stream.AppendResult;
import io.tidegate.core.stream.AppendUnit;
import io.tidegate.core.stream.PutAnswer;
import io.tidegate.core.stream.PutListener;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** Something that waits for its commit: an offered record, answered to a listener, or a unit with its future. */
record Pending(
        AppendUnit unit,
        @Nullable PutListener listener,
        long correlation,
        @Nullable CompletableFuture<AppendResult> future) {

    /** Sorts the result to where it will be told, once the lock is gone. */
    void resolve(AppendResult result, Map<PutListener, List<PutAnswer>> answers, List<Runnable> completions) {
        if (listener != null) {
            answers.computeIfAbsent(listener, key -> new ArrayList<>()).add(answer(result));
        }
        CompletableFuture<AppendResult> waiting = future;
        if (waiting != null) {
            completions.add(() -> waiting.complete(result));
        }
    }

    private PutAnswer answer(AppendResult result) {
        if (result instanceof AppendResult.Committed committed) {
            return PutAnswer.stored(correlation, committed.places().get(0));
        }
        if (result instanceof AppendResult.Refused refused) {
            return PutAnswer.refused(correlation, refused.reason(), refused.retryAfter());
        }
        throw new AssertionError("a single record is stored or refused, found " + result);
    }
}
