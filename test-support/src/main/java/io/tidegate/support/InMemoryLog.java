package io.tidegate.support;

import io.tidegate.core.runtime.Clock;
import io.tidegate.core.stream.AppendResult;
import io.tidegate.core.stream.AppendUnit;
import io.tidegate.core.stream.Checkpoint;
import io.tidegate.core.stream.CheckpointScope;
import io.tidegate.core.stream.ConsumerName;
import io.tidegate.core.stream.GapReason;
import io.tidegate.core.stream.HeldRecords;
import io.tidegate.core.stream.LogCursor;
import io.tidegate.core.stream.LogPosition;
import io.tidegate.core.stream.LogStatus;
import io.tidegate.core.stream.LossLedger;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.ProducerName;
import io.tidegate.core.stream.PutAnswer;
import io.tidegate.core.stream.PutAnswers;
import io.tidegate.core.stream.PutListener;
import io.tidegate.core.stream.ShardCursor;
import io.tidegate.core.stream.ShardEpoch;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StartingPosition;
import io.tidegate.core.stream.StreamAdmin;
import io.tidegate.core.stream.StreamLog;
import io.tidegate.core.stream.StreamMode;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamProducer;
import io.tidegate.core.stream.StreamRecord;
import io.tidegate.core.stream.StreamSettings;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * A shard log without a disk, for tests. Commits happen on the thread that offers or appends, at once, or, after
 * {@link #holdCommits}, all together when the test says {@link #commitHeld}. Answers come on that same thread.
 *
 * <p>Guarded by its own lock; answers and callbacks are given outside it.
 */
public final class InMemoryLog implements StreamLog {
    private final MemoryContents contents;
    private final MemoryQuotas quotas;
    private final List<Pending> held = new ArrayList<>();
    private boolean holding;
    private @Nullable String refusal;
    private int room = Integer.MAX_VALUE;
    private final List<PutListener> waitingForRoom = new ArrayList<>();

    private InMemoryLog(MemoryContents contents) {
        this.contents = contents;
        this.quotas = new MemoryQuotas(contents.clock());
    }

    /** An empty log with the streams {@code telemetry}, {@code _rejected}, {@code _gaps} and {@code _alarms}. */
    public static InMemoryLog create(Clock clock) {
        InMemoryLog log = new InMemoryLog(new MemoryContents(clock, "gateway-under-test", 1));
        for (StreamName name : List.of(StreamName.TELEMETRY, StreamName.REJECTED, StreamName.GAPS, StreamName.ALARMS)) {
            log.admin().create(StreamSettings.of(name));
        }
        return log;
    }

    /** What a restart finds: everything committed, a new epoch; what was held is gone, unanswered. */
    public synchronized InMemoryLog reopen() {
        return new InMemoryLog(contents.copy(contents.epoch() + 1));
    }

    /** A copy as a restored backup or cloned card would be: the same past, an epoch of its own. */
    public synchronized InMemoryLog restoredCopy(long epoch) {
        return new InMemoryLog(contents.copy(epoch));
    }

    public synchronized void holdCommits() {
        holding = true;
    }

    /** Commits everything held as one commit, answers it, and goes on without holding. */
    public void commitHeld() {
        List<Pending> commit;
        synchronized (this) {
            commit = List.copyOf(held);
            held.clear();
            holding = false;
        }
        commit(commit);
    }

    /** How many records and units wait for {@link #commitHeld}. */
    public synchronized int heldCount() {
        return held.size();
    }

    /** Answers everything that follows as refused, as a full disk would; null: no longer. */
    public synchronized void refuse(@Nullable String reason) {
        refusal = reason;
    }

    /** Takes this many more offers, then none until {@link #makeRoom}. */
    public synchronized void limitRoom(int offers) {
        room = offers;
    }

    public void makeRoom() {
        List<PutListener> wake;
        synchronized (this) {
            room = Integer.MAX_VALUE;
            wake = List.copyOf(waitingForRoom);
            waitingForRoom.clear();
        }
        wake.forEach(PutListener::onWritable);
    }

    /** Gives up the records of a shard below a sequence number. */
    public void drop(ShardId shard, long belowSequenceNumber, GapReason reason) {
        contents.drop(shard, belowSequenceNumber, reason);
    }

    @Override
    public String gatewayId() {
        return contents.gatewayId();
    }

    @Override
    public StreamProducer producer(ProducerName name, PutListener listener) {
        return new MemoryProducer(this, listener);
    }

    boolean offer(NewRecord record, long correlation, PutListener listener) {
        synchronized (this) {
            if (room == 0) {
                waitingForRoom.add(listener);
                return false;
            }
            room = room == Integer.MAX_VALUE ? room : room - 1;
        }
        boolean isReceived = contents.describe(record.stream())
                .filter(stream -> stream.settings().receivedBytesMax() > 0)
                .isPresent();
        if (isReceived) {
            listener.onAnswers(new PutAnswers(List.of(PutAnswer.received(correlation))));
        }
        submit(new Pending(AppendUnit.of(record), isReceived ? null : listener, correlation, null));
        return true;
    }

    @Override
    public CompletableFuture<AppendResult> append(AppendUnit unit) {
        CompletableFuture<AppendResult> future = new CompletableFuture<>();
        submit(new Pending(unit, null, 0, future));
        return future;
    }

    private void submit(Pending pending) {
        synchronized (this) {
            if (holding) {
                held.add(pending);
                return;
            }
        }
        commit(List.of(pending));
    }

    private void commit(List<Pending> commit) {
        Map<PutListener, List<PutAnswer>> answers = new LinkedHashMap<>();
        List<Runnable> completions = new ArrayList<>();
        synchronized (this) {
            long lsn = contents.beginCommit();
            for (Pending pending : commit) {
                if (isThrottled(pending, answers)) {
                    continue;
                }
                AppendResult result = refusal != null
                        ? new AppendResult.Refused(refusal, Duration.ofSeconds(1))
                        : contents.apply(pending.unit(), lsn);
                pending.resolve(result, answers, completions);
            }
        }
        answers.forEach((listener, list) -> listener.onAnswers(new PutAnswers(list)));
        completions.forEach(Runnable::run);
        contents.wakeReaders();
    }

    private boolean isThrottled(Pending pending, Map<PutListener, List<PutAnswer>> answers) {
        PutListener listener = pending.listener();
        if (listener == null || refusal != null) {
            return false;
        }
        NewRecord record = pending.unit().records().get(0);
        Optional<ShardId> shard = contents.describe(record.stream())
                .filter(stream -> stream.settings().mode() == StreamMode.PROVISIONED)
                .map(stream -> contents.shardOf(record).id());
        if (shard.isEmpty()) {
            return false;
        }
        Duration retryAfter = quotas.refusal(
                shard.get(),
                (long) record.data().length() + record.partitionKey().length());
        if (retryAfter == null) {
            return false;
        }
        answers.computeIfAbsent(listener, key -> new ArrayList<>())
                .add(PutAnswer.throttled(pending.correlation(), shard.get(), retryAfter));
        return true;
    }

    @Override
    public synchronized long throttled(ShardId shard) {
        return quotas.throttled(shard);
    }

    @Override
    public LogCursor cursor(Set<StreamName> streams, LogPosition from) {
        return contents.cursor(streams, from);
    }

    @Override
    public ShardCursor cursor(ShardId shard, StartingPosition from) {
        return contents.cursor(shard, from);
    }

    @Override
    public Optional<Checkpoint> checkpoint(ConsumerName consumer, CheckpointScope scope) {
        return contents.checkpoint(consumer, scope);
    }

    @Override
    public Optional<Payload> state(String key) {
        return contents.state(key);
    }

    @Override
    public List<String> stateKeys(String prefix) {
        return contents.stateKeys(prefix);
    }

    @Override
    public long correctedTimeMillis(StreamRecord record) {
        return record.arrivalTimeMillis();
    }

    @Override
    public LossLedger ledger(ShardId shard) {
        return contents.ledger(shard);
    }

    @Override
    public List<ShardEpoch> epochs(ShardId shard) {
        return contents.epochs(shard);
    }

    /** Nothing expires here by itself, so that nothing is held back from it. */
    @Override
    public List<HeldRecords> held() {
        return List.of();
    }

    @Override
    public StreamAdmin admin() {
        return contents;
    }

    @Override
    public LogStatus status() {
        return contents.status();
    }
}
