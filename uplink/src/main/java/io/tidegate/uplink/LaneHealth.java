package io.tidegate.uplink;

import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StreamLogException;
import org.tinylog.Logger;

/**
 * How a lane fares, for people and metrics.
 *
 * <p>Written by the uplink's thread, read by any.
 */
final class LaneHealth {
    private record Snapshot(LaneState state, String detail, long sinceWallMillis, boolean fork) {}

    private record Place(long next, LaneNotes notes) {}

    private final LaneContext context;
    private final ShardId shard;
    private volatile Snapshot snapshot;
    private LaneState beforeWaiting = LaneState.STARTING;
    private String detailBeforeWaiting = "";
    private volatile Place place = new Place(1, LaneNotes.NONE);

    LaneHealth(LaneContext context, ShardId shard) {
        this.context = context;
        this.shard = shard;
        this.snapshot = new Snapshot(LaneState.STARTING, "", context.clock().wallMillis(), false);
    }

    void place(long next, LaneNotes notes) {
        place = new Place(next, notes);
    }

    void starting() {
        become(LaneState.STARTING, "");
    }

    /** Waits for others, or does so no longer: then it is as it was before. */
    void waiting(boolean waits) {
        LaneState now = snapshot.state();
        if (waits && now != LaneState.WAITING) {
            beforeWaiting = now;
            detailBeforeWaiting = snapshot.detail();
            become(LaneState.WAITING, "");
        } else if (!waits && now == LaneState.WAITING) {
            become(beforeWaiting, detailBeforeWaiting);
        }
    }

    void ended() {
        become(LaneState.ENDED, "");
        Logger.info("Uplink {} has sent all of {}", context.settings().name(), shard);
    }

    void connected() {
        if (snapshot.state() != LaneState.CONNECTED) {
            become(LaneState.CONNECTED, "");
            Logger.info("Uplink {} sends {}", context.settings().name(), shard);
        }
    }

    void backingOff(String detail) {
        if (snapshot.state() != LaneState.BACKING_OFF) {
            Logger.warn("Uplink {} cannot send {} now: {}", context.settings().name(), shard, detail);
        }
        become(LaneState.BACKING_OFF, detail);
    }

    void stopped(String detail) {
        become(LaneState.STOPPED, detail);
        Logger.warn("Uplink {} has stopped sending {}: {}", context.settings().name(), shard, detail);
        context.alarm("uplink-stopped", status());
    }

    void fork(boolean fork) {
        if (fork != snapshot.fork()) {
            Snapshot old = snapshot;
            snapshot = new Snapshot(old.state(), old.detail(), old.sinceWallMillis(), fork);
            if (fork) {
                Logger.warn(
                        "Uplink {}: {} does not continue what the destination has: a restored or copied home",
                        context.settings().name(),
                        shard);
                context.alarm("uplink-fork", status());
            }
        }
    }

    private void become(LaneState state, String detail) {
        Snapshot old = snapshot;
        long since =
                old.state() == state ? old.sinceWallMillis() : context.clock().wallMillis();
        snapshot = new Snapshot(state, detail, since, old.fork());
    }

    LaneStatus status() {
        Snapshot now = snapshot;
        Place at = place;
        return new LaneStatus(
                shard, now.state(), now.detail(), now.sinceWallMillis(), at.next(), now.fork(), ledger(at.notes()));
    }

    private ConsumerLedger ledger(LaneNotes notes) {
        long settled = notes.delivered() + notes.filtered() + notes.rejected() + notes.missedTotal();
        long appended = Math.max(appended(), settled);
        return new ConsumerLedger(
                appended, notes.delivered(), appended - settled, notes.filtered(), notes.rejected(), notes.missed());
    }

    private long appended() {
        try {
            return context.log().ledger(shard).appended();
        } catch (StreamLogException e) {
            // The shard has just gone, and with it what was still to be sent.
            return 0;
        }
    }
}
