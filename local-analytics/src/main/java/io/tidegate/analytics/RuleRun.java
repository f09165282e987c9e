package io.tidegate.analytics;

import io.tidegate.core.runtime.Backoff;
import io.tidegate.core.runtime.Clock;
import io.tidegate.core.stream.AppendResult;
import io.tidegate.core.stream.Checkpoint;
import io.tidegate.core.stream.Gap;
import io.tidegate.core.stream.LogCursor;
import io.tidegate.core.stream.LogEntry;
import io.tidegate.core.stream.LogPosition;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.ReadBatch;
import io.tidegate.core.stream.StreamLog;
import io.tidegate.core.stream.StreamRecord;
import io.tidegate.core.stream.StreamSettings;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;
import org.tinylog.Logger;

/**
 * One rule at work: opens at its checkpoint, reads, evaluates, and commits outputs and checkpoint in one unit, of
 * which at most one is under way. Whatever goes wrong, it forgets everything and opens again at its checkpoint after
 * a pause: the log is its only state, and the unit's expectation keeps a second try from writing twice.
 *
 * <p>Confined to the thread that takes its turns, but for {@link #status}.
 */
final class RuleRun {
    private static final Duration RETRY_FIRST = Duration.ofMillis(500);

    private final RuleFile rule;
    private final StreamLog log;
    private final RuleEngineSettings settings;
    private final Clock clock;
    private final Backoff backoff;
    private final Runnable wake;

    private @Nullable LogCursor cursor;
    private @Nullable Checkpoint committed;
    private RuleUnit unit;
    private List<LogEntry> entries = List.of();
    private int nextEntry;
    private @Nullable LogPosition uncommitted;
    private @Nullable Checkpoint underWay;
    private @Nullable CompletableFuture<AppendResult> answer;
    private int outputBytesMax = NewRecord.BYTES_MAX;
    private long lastCommitNanos;
    private long retryAtNanos;
    private boolean waiting;
    private boolean prepared;
    private long millisBehindLatest;
    private String lastRejection = "";
    private volatile RuleStatus status;

    RuleRun(RuleFile rule, StreamLog log, RuleEngineSettings settings, Clock clock, Backoff backoff, Runnable wake) {
        this.rule = rule;
        this.log = log;
        this.settings = settings;
        this.clock = clock;
        this.backoff = backoff;
        this.wake = wake;
        this.unit = new RuleUnit(rule, RuleCounts.NONE);
        this.status = new RuleStatus(
                rule.name(),
                rule.version(),
                rule.source(),
                rule.target(),
                RuleStatus.State.STARTING,
                "",
                "",
                RuleCounts.NONE,
                null,
                0,
                0);
    }

    static Backoff backoff(RuleEngineSettings settings, java.util.random.RandomGenerator random) {
        return new Backoff(RETRY_FIRST, settings.retryMax(), random);
    }

    RuleStatus status() {
        return status;
    }

    /** One step; returns how much was done. Never throws: what goes wrong stays with this rule. */
    int turn() {
        if (waiting && retryAtNanos - clock.monotonicNanos() > 0) {
            return 0;
        }
        waiting = false;
        try {
            if (answer != null) {
                return settle(answer);
            }
            if (!prepared) {
                return prepare();
            }
            return cursor == null ? open() : advance(cursor);
        } catch (RuntimeException e) {
            retry(e.toString(), backoff.next());
            return 0;
        }
    }

    void close() {
        forget();
        show(RuleStatus.State.CLOSED, "");
    }

    /** A turn of its own, so that all targets exist before a rule of a chain opens one as its source. */
    private int prepare() {
        if (log.admin().describe(rule.target()).isEmpty()) {
            log.admin().create(StreamSettings.of(rule.target()));
        }
        prepared = true;
        return 1;
    }

    private int open() {
        outputBytesMax = log.admin()
                .describe(rule.target())
                .map(description -> description.settings().recordBytesMax())
                .orElse(NewRecord.BYTES_MAX);
        Optional<Checkpoint> stored = log.checkpoint(RuleUnit.consumer(rule), RuleUnit.scope(rule));
        committed = stored.orElse(null);
        RuleCounts counts = RuleCounts.NONE;
        LogPosition from =
                rule.settings().from() == RuleSettings.From.LATEST ? LogPosition.LATEST : LogPosition.TRIM_HORIZON;
        if (committed instanceof Checkpoint.InCommitOrder checkpoint) {
            counts = RuleCounts.decode(checkpoint.opaque());
            from = checkpoint.next();
        }
        cursor = log.cursor(Set.of(rule.source()), from);
        unit = new RuleUnit(rule, counts);
        if (committed == null && from.equals(LogPosition.LATEST)) {
            // The place must be durable before anything is read, or what comes until the first commit could be missed.
            LogPosition now = cursor.position();
            if (now.equals(LogPosition.LATEST)) {
                throw new IllegalStateException("the log does not say where it ends");
            }
            commit(now);
        }
        show(RuleStatus.State.RUNNING, "");
        return 1;
    }

    private int advance(LogCursor reader) {
        if (nextEntry == entries.size()) {
            ReadBatch batch = reader.read(settings.readBytesMax());
            millisBehindLatest = batch.millisBehindLatest();
            entries = batch.entries();
            nextEntry = 0;
            if (entries.isEmpty()) {
                return idle(reader, batch.atEnd());
            }
        }
        int done = evaluate();
        boolean all = nextEntry == entries.size();
        // A gap has no place of its own: evaluate() stops only before a record.
        LogPosition next = all ? reader.position() : ((StreamRecord) entries.get(nextEntry)).position();
        uncommitted = next;
        if (unit.hasOutputs() || isCommitDue()) {
            commit(next);
        }
        return done;
    }

    private int idle(LogCursor reader, boolean atEnd) {
        LogPosition place = uncommitted;
        if (place != null && isCommitDue()) {
            commit(place);
            return 1;
        }
        if (!atEnd) {
            return 1;
        }
        reader.whenReadable(wake);
        show(RuleStatus.State.RUNNING, "");
        return 0;
    }

    private boolean isCommitDue() {
        return clock.monotonicNanos() - lastCommitNanos
                >= settings.checkpointInterval().toNanos();
    }

    /** Goes through the entries until the unit is full; an entry that throws is left for a turn of its own. */
    private int evaluate() {
        int first = nextEntry;
        while (nextEntry < entries.size()) {
            LogEntry entry = entries.get(nextEntry);
            if (entry instanceof Gap gap) {
                unit.missed(gap.records());
            } else if (unit.isFull()) {
                break;
            } else {
                try {
                    if (!evaluate((StreamRecord) entry)) {
                        break;
                    }
                } catch (RuntimeException e) {
                    if (nextEntry == first) {
                        throw e;
                    }
                    break; // what came before is committed first
                }
            }
            nextEntry++;
        }
        return nextEntry - first;
    }

    /** False: the output does not fit into this unit any more. */
    private boolean evaluate(StreamRecord record) {
        try {
            Output output = rule.plan().apply(record);
            if (output == null) {
                unit.filtered();
                return true;
            }
            if (output.data().length() + output.partitionKey().length() > outputBytesMax) {
                throw new RowRejected(
                        RowFault.TOO_LARGE,
                        "the output has " + output.data().length() + " bytes, " + rule.target() + " takes "
                                + outputBytesMax);
            }
            if (!unit.hasRoomFor(output)) {
                return false;
            }
            unit.emit(record, output);
        } catch (RowRejected e) {
            unit.rejected(e.fault());
            lastRejection = e.fault().text() + ": " + e.getMessage() + " (" + record.shard() + ", sequence number "
                    + record.sequenceNumber() + ")";
        }
        return true;
    }

    private void commit(LogPosition next) {
        Checkpoint checkpoint = unit.checkpointAt(next);
        underWay = checkpoint;
        answer = log.append(unit.unit(checkpoint, committed));
        var unused = answer.whenComplete((result, error) -> wake.run());
    }

    private int settle(CompletableFuture<AppendResult> future) {
        if (!future.isDone()) {
            return 0;
        }
        AppendResult result = result(future);
        if (result instanceof AppendResult.Committed) {
            committed();
        } else if (result instanceof AppendResult.Conflict) {
            retry("its checkpoint was moved by another writer", backoff.next());
        } else if (result instanceof AppendResult.Refused refused) {
            Duration pause = backoff.next();
            boolean longer = refused.retryAfter().compareTo(pause) > 0;
            Duration asked = longer ? refused.retryAfter() : pause;
            retry(
                    "the log refused the output: " + refused.reason(),
                    asked.compareTo(settings.retryMax()) > 0 ? settings.retryMax() : asked);
        } else {
            retry("it is not known whether the output was committed", backoff.next());
        }
        return 1;
    }

    private static AppendResult result(CompletableFuture<AppendResult> future) {
        try {
            return future.join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof RuntimeException cause ? cause : e;
        }
    }

    private void committed() {
        committed = underWay;
        underWay = null;
        answer = null;
        uncommitted = null;
        unit = new RuleUnit(rule, unit.counts());
        lastCommitNanos = clock.monotonicNanos();
        if (backoff.failures() > 0) {
            Logger.info("rule '{}' runs again", rule.name());
        }
        backoff.succeeded();
        show(RuleStatus.State.RUNNING, "");
    }

    /** Forgets everything but the log, and opens again after a pause. */
    private void retry(String why, Duration pause) {
        if (backoff.failures() == 1) {
            Logger.warn("rule '{}' does not advance and tries again: {}", rule.name(), why);
        }
        forget();
        waiting = true;
        retryAtNanos = clock.monotonicNanos() + pause.toNanos();
        show(RuleStatus.State.RETRYING, why);
    }

    private void forget() {
        if (cursor != null) {
            cursor.close();
            cursor = null;
        }
        entries = List.of();
        nextEntry = 0;
        uncommitted = null;
        underWay = null;
        answer = null;
    }

    private void show(RuleStatus.State state, String detail) {
        LogPosition position = committed instanceof Checkpoint.InCommitOrder place ? place.next() : null;
        RuleCounts counts = committed instanceof Checkpoint.InCommitOrder place
                ? RuleCounts.decode(place.opaque())
                : RuleCounts.NONE;
        status = new RuleStatus(
                rule.name(),
                rule.version(),
                rule.source(),
                rule.target(),
                state,
                detail,
                lastRejection,
                counts,
                position,
                millisBehindLatest,
                backoff.failures());
    }
}
