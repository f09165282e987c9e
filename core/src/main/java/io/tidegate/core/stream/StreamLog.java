package io.tidegate.core.stream;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/**
 * The shard log: streams of records, kept in order per shard, durable once answered.
 *
 * <p>Thread-safe.
 */
public interface StreamLog {
    /** The id of the gateway whose log this is: written into what is sent upstream. */
    String gatewayId();

    /** For records of clients: they count against the quotas of provisioned streams. Those of {@link #append} do not. */
    StreamProducer producer(ProducerName name, PutListener listener);

    /** All or nothing. The future completes on the writer's thread: do not block in what follows. */
    CompletableFuture<AppendResult> append(AppendUnit unit);

    /**
     * Reads several streams in commit order.
     *
     * @throws StreamLogException of category reject if a stream does not exist
     */
    LogCursor cursor(Set<StreamName> streams, LogPosition from);

    /**
     * Reads one shard in the order of its sequence numbers.
     *
     * @throws StreamLogException of category reject if the shard does not exist
     */
    ShardCursor cursor(ShardId shard, StartingPosition from);

    Optional<Checkpoint> checkpoint(ConsumerName consumer, CheckpointScope scope);

    /** A value set by {@link StateUpdate}. */
    Optional<Payload> state(String key);

    /** The keys of state that start with a prefix, in order. */
    List<String> stateKeys(String prefix);

    /**
     * When a record really arrived, as far as it is known now: its arrival time, which never changes, corrected if it was
     * an estimate and the gateway learned the time later in that boot. It may be asked for later and be another then.
     */
    long correctedTimeMillis(StreamRecord record);

    LossLedger ledger(ShardId shard);

    /** The epochs that wrote to a shard, oldest first, as far as the log remembers them. */
    List<ShardEpoch> epochs(ShardId shard);

    /** What required consumers hold back from expiring, per shard, as it was at the last look, at most a minute ago. */
    List<HeldRecords> held();

    /** How many records of clients a shard has refused because of its quota, since the log was opened. */
    long throttled(ShardId shard);

    StreamAdmin admin();

    LogStatus status();
}
