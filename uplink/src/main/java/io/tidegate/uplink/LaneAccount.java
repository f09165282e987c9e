package io.tidegate.uplink;

import io.tidegate.core.stream.AppendResult;
import io.tidegate.core.stream.AppendUnit;
import io.tidegate.core.stream.Checkpoint;
import io.tidegate.core.stream.CheckpointScope;
import io.tidegate.core.stream.CheckpointUpdate;
import io.tidegate.core.stream.ConsumerName;
import io.tidegate.core.stream.Gap;
import io.tidegate.core.stream.LogEntry;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StreamLog;
import io.tidegate.core.stream.StreamRecord;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/**
 * A lane's durable place and account. A change counts from the commit on that holds it.
 *
 * <p>Confined to the uplink's thread.
 */
final class LaneAccount {
    private final StreamLog log;
    private final ConsumerName consumer;
    private final CheckpointScope scope;
    private final Runnable wake;
    private long next = 1;
    private LaneNotes notes = LaneNotes.NONE;
    private boolean isRegistered;
    private @Nullable Change change;

    private record Change(long next, LaneNotes notes, AppendUnit unit, CompletableFuture<AppendResult> result) {}

    LaneAccount(StreamLog log, ConsumerName consumer, ShardId shard, Runnable wake) {
        this.log = log;
        this.consumer = consumer;
        this.scope = new CheckpointScope.OneShard(shard);
        this.wake = wake;
        reload();
    }

    /** Goes back to what is durable. */
    void reload() {
        change = null;
        Checkpoint.InShard kept =
                (Checkpoint.InShard) log.checkpoint(consumer, scope).orElse(null);
        isRegistered = kept != null;
        next = kept == null ? 1 : kept.nextSequenceNumber();
        notes = kept == null ? LaneNotes.NONE : LaneNotes.parse(kept.opaque());
    }

    /** Whether the log knows of this consumer: from then on it tells what it gives up unread. */
    boolean isRegistered() {
        return isRegistered;
    }

    /** Everything below is settled. */
    long next() {
        return next;
    }

    LaneNotes notes() {
        return notes;
    }

    /** Starts to make a new place and account durable, together with records. */
    void commit(long newNext, LaneNotes newNotes, List<NewRecord> records) {
        Checkpoint checkpoint = new Checkpoint.InShard(newNext, newNotes.render());
        CheckpointUpdate update = new CheckpointUpdate(consumer, scope, checkpoint);
        append(newNext, newNotes, new AppendUnit(records, List.of(update), List.of(), List.of()));
    }

    private void append(long newNext, LaneNotes newNotes, AppendUnit unit) {
        CompletableFuture<AppendResult> result = log.append(unit);
        change = new Change(newNext, newNotes, unit, result);
        CompletableFuture<AppendResult> unused = result.whenComplete((done, failure) -> wake.run());
    }

    /** The result of the last {@link #commit}, once there is one; a durable change counts from here on. */
    Optional<AppendResult> poll() {
        Change pending = change;
        if (pending == null || !pending.result().isDone()) {
            return Optional.empty();
        }
        AppendResult result;
        try {
            result = pending.result().join();
        } catch (CompletionException e) {
            result = new AppendResult.Unknown(String.valueOf(e.getCause()));
        }
        if (result instanceof AppendResult.Committed) {
            next = pending.next();
            notes = pending.notes();
            isRegistered = true;
            change = null;
        }
        return Optional.of(result);
    }

    /** Tries the refused change again; without its records, if they are what will never be taken. */
    void again(boolean withoutRecords) {
        Change refused = change;
        if (refused != null) {
            AppendUnit unit = refused.unit();
            List<NewRecord> records = withoutRecords ? List.of() : unit.records();
            append(refused.next(), refused.notes(), new AppendUnit(records, unit.checkpoints(), List.of(), List.of()));
        }
    }

    /** The account after these entries below {@code toExclusive} have been settled. */
    static LaneNotes tally(LaneNotes before, List<LogEntry> entries, long toExclusive) {
        LaneNotes after = before;
        for (LogEntry entry : entries) {
            if (entry instanceof StreamRecord record) {
                after = record.sequenceNumber() < toExclusive ? after.plusDelivered(1) : after;
            } else if (entry instanceof Gap gap && gap.fromInclusive() < toExclusive) {
                long records = Math.min(gap.records(), toExclusive - gap.fromInclusive());
                after = after.plusMissing(gap.reason(), records);
            }
        }
        return after;
    }

    static long firstNumber(LogEntry entry) {
        return entry instanceof StreamRecord record ? record.sequenceNumber() : ((Gap) entry).fromInclusive();
    }
}
