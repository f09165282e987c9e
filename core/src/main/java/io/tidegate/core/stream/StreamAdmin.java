package io.tidegate.core.stream;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Creates and describes streams. What it changes is durable on return.
 *
 * <p>Thread-safe; not to be called on the log's writer thread.
 */
public interface StreamAdmin {
    /**
     * Creates a stream; does nothing if it exists and has so many open shards, or was created with so many.
     *
     * @return true if it was created
     * @throws StreamLogException of category reject if it exists with another number of shards
     */
    boolean create(StreamSettings settings);

    Optional<StreamDescription> describe(StreamName name);

    /** All streams, the reserved ones too, in the order of their names. */
    List<StreamDescription> list();

    /**
     * Changes the settings of a stream, all but its number of shards. A shorter time takes effect at the next look,
     * within a minute.
     *
     * @throws StreamLogException of category reject if the stream does not exist
     */
    void configure(StreamSettings changed);

    /**
     * Says which consumers are required: these, and from now on no others. What one of them has not confirmed by a
     * checkpoint does not expire by age; a limit in bytes may still give it up. One that is required no longer holds
     * nothing back from now on.
     */
    void require(Map<ConsumerName, StreamSelection> consumers);

    /** Gives up the places of a consumer in the shards of a stream: nothing there waits for it any more. */
    void forget(ConsumerName consumer, StreamName stream);

    /** Those that are required. */
    Map<ConsumerName, StreamSelection> required();

    /**
     * Closes an open shard and opens two in its place, the second from the given hash key on (Kinesis SplitShard).
     *
     * @throws StreamLogException of category reject if the shard is closed or unknown, or the key does not lie well
     *     within its range
     */
    void split(ShardId shard, HashKey newStartingHashKey);

    /**
     * Closes two open shards, of which the second begins where the first ends, and opens one in their place (Kinesis
     * MergeShards).
     *
     * @throws StreamLogException of category reject if one is closed or unknown, or they are no such pair
     */
    void merge(ShardId shard, ShardId adjacent);

    /**
     * Splits and merges until there are so many open shards of the same width (Kinesis UpdateShardCount).
     *
     * @throws StreamLogException of category reject if the stream does not exist, or the number is less than half or
     *     more than twice that of now, or not 1 to 256
     */
    void updateShardCount(StreamName name, int shards);

    /**
     * Gives up a stream with all its records and the checkpoints on it. A stream that is created with this name later
     * numbers its shards on from here.
     *
     * @throws StreamLogException of category reject if the stream does not exist
     */
    void delete(StreamName name);
}
