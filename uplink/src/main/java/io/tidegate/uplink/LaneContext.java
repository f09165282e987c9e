package io.tidegate.uplink;

import io.tidegate.core.runtime.Clock;
import io.tidegate.core.stream.ConsumerName;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StreamLog;
import java.util.random.RandomGenerator;

/**
 * What the lanes of one uplink share.
 *
 * <p>Confined to the uplink's thread, but for {@link #wake}.
 */
interface LaneContext {
    UplinkSettings settings();

    StreamLog log();

    ConsumerName consumer();

    Destination destination();

    Clock clock();

    RandomGenerator random();

    /** Takes room for one unit; false: there is none now. */
    boolean acquireRoom(boolean forVideo);

    void releaseRoom();

    /** Whether the log has this shard still. */
    boolean isListed(ShardId shard);

    /** The destination has less of a shard than it had confirmed: it may have lost more. */
    void destinationLost();

    /** Says to people that something needs them. */
    void alarm(String kind, LaneStatus lane);

    void countUnit();

    void countRetry();

    void countMedia();

    /** Takes another turn soon. Any thread. */
    void wake();
}
