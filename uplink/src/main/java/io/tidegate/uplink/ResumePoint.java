package io.tidegate.uplink;

import io.tidegate.core.stream.ShardEpoch;
import java.util.List;

/**
 * Where a lane continues after the handshake.
 *
 * @param isFork the destination knows the shard, but no epoch of this log: it has to be told
 * @param isAheadOfLog the destination has more of the log's present epoch than the log itself: nothing may be sent
 */
record ResumePoint(long next, boolean isFork, boolean isAheadOfLog) {
    /**
     * The newest epoch of this log that the destination knows decides.
     *
     * @param own the epochs of this log for the shard, oldest first
     * @param liveEpoch the epoch under which the log is open now
     * @param checkpoint where the lane would go on by its own account
     */
    static ResumePoint find(List<ShardEpoch> own, long liveEpoch, List<ShardEpoch> known, long checkpoint) {
        for (int i = own.size() - 1; i >= 0; i--) {
            ShardEpoch mine = own.get(i);
            for (ShardEpoch there : known) {
                if (there.epoch() == mine.epoch()) {
                    boolean more = there.nextSequenceNumber() > mine.nextSequenceNumber();
                    // More of an older epoch: this log was restored from before that. Its own next epoch goes on here.
                    long next = Math.min(there.nextSequenceNumber(), mine.nextSequenceNumber());
                    return new ResumePoint(next, false, more && mine.epoch() == liveEpoch);
                }
            }
        }
        return known.isEmpty() ? new ResumePoint(1, false, false) : new ResumePoint(checkpoint, true, false);
    }
}
