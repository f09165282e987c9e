package io.tidegate.uplink.http;

/**
 * What the receiving end has done since it was started.
 *
 * @param unitsApplied units that moved a shard on
 * @param recordsStored records in them
 * @param recordsMissed records that gateways said they could not send
 * @param unitsKnown units that had arrived before
 * @param unitsBehind units that came too early (409)
 * @param forks epochs accepted that do not continue the one before
 * @param unauthorised requests without the right token
 * @param mediaStored media objects made durable
 */
public record ReceiverCounts(
        long unitsApplied,
        long recordsStored,
        long recordsMissed,
        long unitsKnown,
        long unitsBehind,
        long forks,
        long unauthorised,
        long mediaStored) {}
