package io.tidegate.uplink.http;

import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.ShardEpoch;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The first line of a unit: which part of which epoch follows.
 *
 * <pre>
 * {"v":1,"epoch":"7f3a9c0e11d2b345","from":"5001","to":"5004",
 *  "previous":{"epoch":"1c22e0947ab05d10","to":"5001"},"parents":["shardId-000000000000"],"lane":"main"}
 * </pre>
 *
 * @param from first sequence number covered
 * @param to after the last sequence number covered
 * @param previous the epoch that wrote to this shard before, null if this is the shard's first
 * @param parents the shards of the same stream that this one was made from: all of them has arrived
 * @param fork the sender knows that the receiver cannot join this epoch to what it has
 */
record UnitHeader(
        long epoch, long from, long to, @Nullable Previous previous, List<String> parents, String lane, boolean fork) {
    static final String MAIN_LANE = "main";
    private static final Pattern SHARD = Pattern.compile("shardId-[0-9]{12}");
    private static final Pattern LANE = Pattern.compile("[a-z0-9-]{1,32}");

    /** The end of the epoch before, as the sender's log has it. */
    record Previous(long epoch, long to) {}

    UnitHeader {
        parents = List.copyOf(parents);
        if (parents.size() > 2
                || !parents.stream().allMatch(name -> SHARD.matcher(name).matches())) {
            throw new IllegalArgumentException("parents must be at most two shards, found " + parents);
        }
        if (from < 1 || to <= from) {
            throw new IllegalArgumentException(
                    "a unit covers at least one number from 1 on, found " + from + " to " + to);
        }
        if (!LANE.matcher(lane).matches()) {
            throw new IllegalArgumentException("lane must be 1 to 32 of a-z 0-9 -, found '" + lane + "'");
        }
    }

    String render() {
        Previous before = previous;
        String joined = before == null
                ? "null"
                : "{\"epoch\":\"" + ShardEpoch.text(before.epoch()) + "\",\"to\":\"" + before.to() + "\"}";
        return "{\"v\":1,\"epoch\":\"" + ShardEpoch.text(epoch) + "\",\"from\":\"" + from + "\",\"to\":\"" + to
                + "\",\"previous\":" + joined + ",\"parents\":["
                + parents.stream().map(name -> '"' + name + '"').collect(Collectors.joining(",")) + "],\"lane\":\""
                + lane + "\""
                + (fork ? ",\"fork\":true" : "") + "}";
    }

    /** Throws IllegalArgumentException saying what is wrong. */
    static UnitHeader parse(Payload line) {
        JsonObject json = JsonObject.parse(line);
        if (json.number("v") != 1) {
            throw new IllegalArgumentException("version 1 of the contract is spoken here, found " + json.text("v"));
        }
        Optional<Previous> previous = json.child("previous")
                .map(object -> new Previous(ShardEpoch.parse(object.text("epoch")), object.number("to")));
        return new UnitHeader(
                ShardEpoch.parse(json.text("epoch")),
                json.number("from"),
                json.number("to"),
                previous.orElse(null),
                json.texts("parents"),
                json.optionalText("lane").orElse(MAIN_LANE),
                json.flag("fork"));
    }
}
