package io.tidegate.buffer;

import io.tidegate.core.stream.AppendResult;
import io.tidegate.core.stream.AppendUnit;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.PutAnswer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Something that waits for its commit. It is prepared, possibly more than once if a commit fails, and then answered
 * exactly once.
 *
 * <p>Confined to the log's writer once it is queued.
 */
interface Submission {
    /** What it weighs in the queue. */
    int weightBytes();

    /** Wants a commit of its own: what comes later is decided against what it has changed. */
    default boolean isAlone() {
        return false;
    }

    /** Ends its commit: what comes later is decided when it has been answered. */
    default boolean isLast() {
        return false;
    }

    /** Decides itself against a draft and remembers the outcome. */
    void prepare(CommitDraft draft);

    /** The outcome of the last preparation is durable, or needs no commit. */
    void answer(Answers answers);

    /** Nothing was done. */
    void refuse(String reason, Duration retryAfter, Answers answers);

    /** Nobody knows. */
    default void answerUnknown(String reason, Answers answers) {
        refuse(reason, Duration.ofSeconds(1), answers);
    }

    /** What is to be told after a commit: lists per producer, futures in order. */
    record Answers(Map<QueuedProducer, List<PutAnswer>> puts, List<Runnable> completions) {}

    /** A place in the queue; what stands before it is answered before it is. */
    record Mark(Runnable reached) implements Submission {
        @Override
        public int weightBytes() {
            return 0;
        }

        @Override
        public boolean isLast() {
            return true;
        }

        /** Nothing: a draft may be thrown away, and what stands before the mark is then decided again. */
        @Override
        public void prepare(CommitDraft draft) {}

        @Override
        public void answer(Answers answers) {
            reached.run();
        }

        @Override
        public void refuse(String reason, Duration retryAfter, Answers answers) {
            reached.run();
        }
    }

    /** One offered record. */
    final class Put implements Submission {
        private final QueuedProducer producer;
        private final NewRecord record;
        private final long correlation;
        /** Not null: it has been acknowledged. */
        private final @Nullable EarlyAcknowledgement early;

        private @Nullable PutAnswer outcome;

        Put(QueuedProducer producer, NewRecord record, long correlation, @Nullable EarlyAcknowledgement early) {
            this.early = early;
            this.producer = producer;
            this.record = record;
            this.correlation = correlation;
        }

        @Override
        public int weightBytes() {
            return record.weightBytes();
        }

        @Override
        public void prepare(CommitDraft draft) {
            Object result = draft.put(record);
            if (result instanceof AppendResult.Placed placed) {
                outcome = PutAnswer.stored(correlation, placed);
            } else if (result instanceof AppendResult.Refused refused) {
                outcome = PutAnswer.refused(correlation, refused.reason(), refused.retryAfter());
            } else if (result instanceof CommitDraft.Throttled throttled) {
                outcome = PutAnswer.throttled(correlation, throttled.shard(), throttled.retryAfter());
            }
        }

        @Override
        public void answer(Answers answers) {
            PutAnswer decided = outcome;
            if (early != null && decided != null && decided.isStored()) {
                early.stored(record);
            } else if (early != null) {
                early.lost(record);
            } else if (decided != null) {
                producer.collect(decided, answers);
            }
        }

        @Override
        public void refuse(String reason, Duration retryAfter, Answers answers) {
            if (early != null) {
                early.lost(record);
            } else {
                producer.collect(PutAnswer.refused(correlation, reason, retryAfter), answers);
            }
        }
    }

    /** A unit, or a change that the log itself makes. */
    final class Unit implements Submission {
        private final int weightBytes;
        private final Function<CommitDraft, AppendResult> change;
        private final CompletableFuture<AppendResult> future;
        private final boolean alone;
        private @Nullable AppendResult outcome;

        Unit(AppendUnit unit, CompletableFuture<AppendResult> future) {
            this(weight(unit), draft -> draft.add(unit), future);
        }

        Unit(int weightBytes, Function<CommitDraft, AppendResult> change, CompletableFuture<AppendResult> future) {
            this(weightBytes, change, future, false);
        }

        Unit(
                int weightBytes,
                Function<CommitDraft, AppendResult> change,
                CompletableFuture<AppendResult> future,
                boolean alone) {
            this.weightBytes = weightBytes;
            this.change = change;
            this.future = future;
            this.alone = alone;
        }

        private static int weight(AppendUnit unit) {
            int weight = 128;
            for (NewRecord record : unit.records()) {
                weight += record.weightBytes();
            }
            for (var update : unit.state()) {
                var value = update.value();
                weight += update.key().length() + (value == null ? 0 : value.length());
            }
            for (var update : unit.checkpoints()) {
                weight += update.checkpoint().opaque().length() + 64;
            }
            return weight;
        }

        @Override
        public int weightBytes() {
            return weightBytes;
        }

        @Override
        public boolean isAlone() {
            return alone;
        }

        @Override
        public void prepare(CommitDraft draft) {
            outcome = change.apply(draft);
        }

        @Override
        public void answer(Answers answers) {
            AppendResult decided = outcome;
            if (decided != null) {
                answers.completions().add(() -> future.complete(decided));
            }
        }

        @Override
        public void refuse(String reason, Duration retryAfter, Answers answers) {
            answers.completions().add(() -> future.complete(new AppendResult.Refused(reason, retryAfter)));
        }

        @Override
        public void answerUnknown(String reason, Answers answers) {
            answers.completions().add(() -> future.complete(new AppendResult.Unknown(reason)));
        }
    }
}
