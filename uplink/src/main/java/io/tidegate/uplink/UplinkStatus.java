package io.tidegate.uplink;

import java.util.List;

/**
 * One uplink at a glance.
 *
 * @param ledger of all lanes together
 * @param unitsSent units that the destination has confirmed since the start
 * @param retries tries that failed since the start
 * @param mediaSent media objects that the destination has confirmed since the start
 */
public record UplinkStatus(
        String name, List<LaneStatus> lanes, ConsumerLedger ledger, long unitsSent, long retries, long mediaSent) {
    public UplinkStatus {
        lanes = List.copyOf(lanes);
    }

    /** Whether every lane's last answer was a good one, but for those that wait for others. */
    public boolean isConnected() {
        return lanes.stream().allMatch(lane -> switch (lane.state()) {
            case CONNECTED, WAITING, ENDED -> true;
            case STARTING, BACKING_OFF, STOPPED -> false;
        });
    }
}
