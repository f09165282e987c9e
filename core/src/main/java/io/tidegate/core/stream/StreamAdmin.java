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
     * Creates a stream; does nothing if it exists with the same number of shards.
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

    /** Those that are required. */
    Map<ConsumerName, StreamSelection> required();
}
