package io.tidegate.uplink;

import io.tidegate.core.runtime.Clock;
import io.tidegate.core.stream.ConsumerName;
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

    /** Says to people that something needs them. */
    void alarm(String kind, LaneStatus lane);

    void countUnit();

    void countRetry();

    void countMedia();

    /** Takes another turn soon. Any thread. */
    void wake();
}
