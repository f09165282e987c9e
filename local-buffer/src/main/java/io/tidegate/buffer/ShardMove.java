package io.tidegate.buffer;

import io.tidegate.core.stream.GapReason;
import java.util.Optional;

/** One shard's horizon on its way, by whole blocks. Confined to one thread. */
final class ShardMove {
    final ShardState shard;
    final long from;
    long horizon;
    long lastLsn;
    long bytes;

    ShardMove(ShardState shard, long horizon) {
        this.shard = shard;
        this.from = horizon;
        this.horizon = horizon;
    }

    void take(long lsn, Run run) {
        horizon = run.nextSequenceNumber();
        lastLsn = lsn;
        bytes += run.bytes();
    }

    /** Empty: it stays where it is. */
    Optional<HorizonMove> finish(GapReason reason, long nowMillis) {
        return horizon == from
                ? Optional.empty()
                : Optional.of(new HorizonMove(
                        from,
                        new ControlEntry.HorizonMoved(shard.ordinal(), horizon, lastLsn, reason, bytes, nowMillis)));
    }
}
