package io.tidegate.buffer;

import io.tidegate.core.stream.Checkpoint;
import io.tidegate.core.stream.CheckpointScope;
import io.tidegate.core.stream.ConsumerName;
import io.tidegate.core.stream.GapReason;
import io.tidegate.core.stream.HashKeyRange;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.ShardEpoch;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamSelection;
import io.tidegate.core.stream.StreamSettings;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A change of the log's state, as blocks carry it, or a piece of the state, as snapshots hold it. */
sealed interface ControlEntry {
    /** A stream exists, with these settings; repeated when they change. */
    record StreamSet(StreamSettings settings, long createdMillis) implements ControlEntry {}

    /**
     * A shard exists; ordinals count over all streams and are never used again.
     *
     * @param parents numbers of the shards of the same stream that it was made from
     */
    record ShardOpened(int ordinal, ShardId id, HashKeyRange range, long firstSequenceNumber, List<Integer> parents)
            implements ControlEntry {
        public ShardOpened {
            parents = List.copyOf(parents);
        }
    }

    /**
     * A shard takes no more records; repeated in snapshots.
     *
     * @param nextSequenceNumber final
     * @param poweredOnNanos when, in the log's powered-on time
     */
    record ShardClosed(int ordinal, long nextSequenceNumber, long poweredOnNanos) implements ControlEntry {}

    /** Nothing is left of a closed shard; its counts go to those of its stream's past. */
    record ShardExpired(int ordinal) implements ControlEntry {}

    /** A stream is gone, with its shards and the checkpoints on it; repeated in snapshots while there is no new one. */
    record StreamDeleted(StreamName name, int nextShardNumber) implements ControlEntry {}

    /** Snapshot only: what shards took and lost that have gone from a stream. */
    record PastShards(StreamName stream, long appended, long expired, long evicted, long corrupt)
            implements ControlEntry {}

    /** Snapshot only: streams that nobody remembers had shards with numbers below this one. */
    record ShardNumbersFrom(int number) implements ControlEntry {}

    /** Blocks from here on carry this epoch; predecessor 0: the first of the log. */
    record EpochOpened(long epoch, long predecessor) implements ControlEntry {}

    record CheckpointSet(ConsumerName consumer, CheckpointScope scope, Checkpoint checkpoint) implements ControlEntry {}

    /** A consumer has no place in the shards of this stream any more. */
    record PlacesGivenUp(ConsumerName consumer, StreamName stream) implements ControlEntry {}

    /** Age-based expiry waits for this consumer, or no longer. */
    record ConsumerRequired(ConsumerName consumer, StreamSelection streams, boolean required) implements ControlEntry {}

    record StateSet(String key, @Nullable Payload value) implements ControlEntry {}

    /**
     * Records below the horizon are gone; how many, the state knows.
     *
     * @param lastLsnBelow the commit that holds the last record below
     * @param bytes data and keys of them
     */
    record HorizonMoved(int ordinal, long horizon, long lastLsnBelow, GapReason reason, long bytes, long timeMillis)
            implements ControlEntry {}

    /** Sequence numbers [from, to) will never be read; exact: they were records, and are counted as corrupt. */
    record HoleMade(int ordinal, Hole hole) implements ControlEntry {}

    /**
     * Tells readers in commit order about a hole that was made while the log was opened. In a snapshot: no commit has done
     * so yet.
     */
    record HoleTold(int ordinal, Hole hole) implements ControlEntry {}

    /** A segment is damaged or not to be trusted; it is read with care and never written. */
    record SegmentQuarantined(int number, String cause) implements ControlEntry {}

    /** Snapshot only, first: where the log stands. */
    record LogPoint(
            String gatewayId,
            int segment,
            long lastLsn,
            long lastTimeMillis,
            long poweredOnNanos,
            long epoch,
            int nextOrdinal,
            long firstSequenceNumber,
            int entries)
            implements ControlEntry {}

    /** Snapshot only: a shard and its ledger. */
    record ShardPoint(ShardOpened opened, ShardCounters counters, List<ShardEpoch> epochs) implements ControlEntry {
        public ShardPoint {
            epochs = List.copyOf(epochs);
        }
    }

    /** Snapshot only: a hole that the shard's counters already contain. */
    record HolePoint(int ordinal, Hole hole) implements ControlEntry {}

    /** Snapshot only: the duplicate window of one key. */
    record WindowPoint(StreamName stream, String partitionKey, List<DuplicateWindow.Seen> seen)
            implements ControlEntry {
        public WindowPoint {
            seen = List.copyOf(seen);
        }
    }

    /** Snapshot only: an older segment. */
    record SegmentPoint(SegmentSummary summary) implements ControlEntry {}

    /** What the log knows about the clock; folded by {@link ClockState}. */
    sealed interface ClockEntry extends ControlEntry {}

    /**
     * With every epoch: which boot it is in, and how far the monotonic clock of that boot is ahead of powered-on time.
     */
    record ClockRun(long epoch, long boot, long monotonicAheadNanos) implements ClockEntry {}

    /**
     * An era begins: in this boot, true time = monotonic clock + offset, says a clock that is synchronised.
     *
     * @param number counts over the life of the log, from 1
     * @param monotonicNanos when that was found
     */
    record ClockSynced(long boot, long number, long offsetMillis, long monotonicNanos) implements ClockEntry {}

    /**
     * Snapshot only: the commits [firstLsn, nextLsn), whose times are estimates.
     *
     * @param offsetMillis their effective time less the monotonic clock
     * @param correctionMillis true time less their effective time, as far as it is known
     * @param settled an era began after it: its correction stands
     */
    record ClockSpan(
            long firstLsn,
            long nextLsn,
            long firstTimeMillis,
            long lastTimeMillis,
            long boot,
            long offsetMillis,
            long correctionMillis,
            boolean settled)
            implements ClockEntry {
        ClockSpan with(BlockHeader following) {
            return new ClockSpan(
                    firstLsn,
                    following.lsn() + 1,
                    firstTimeMillis,
                    following.timeMillis(),
                    boot,
                    offsetMillis,
                    correctionMillis,
                    settled);
        }

        ClockSpan corrected(long millis) {
            return new ClockSpan(firstLsn, nextLsn, firstTimeMillis, lastTimeMillis, boot, offsetMillis, millis, true);
        }
    }
}
