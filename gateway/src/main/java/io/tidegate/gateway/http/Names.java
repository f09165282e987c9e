package io.tidegate.gateway.http;

import io.tidegate.core.stream.LossLedger;
import io.tidegate.core.stream.ShardDescription;
import io.tidegate.core.stream.ShardEpoch;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StreamDescription;
import io.tidegate.core.stream.StreamLog;
import io.tidegate.core.stream.StreamLogException;
import io.tidegate.core.stream.StreamName;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Finds the streams and shards that a request names, or says that there are none. */
final class Names {
    private static final Pattern NUMBER = Pattern.compile("[0-9]{1,9}");

    private Names() {}

    static StreamDescription stream(StreamLog log, String name) {
        if (!StreamName.isValid(name)) {
            throw noStream(name);
        }
        return log.admin().describe(new StreamName(name)).orElseThrow(() -> noStream(name));
    }

    private static HttpProblemException noStream(String name) {
        return new HttpProblemException(
                404, "stream-not-found", "there is no stream '" + name + "'; GET /api/v1/streams lists them");
    }

    /** Empty: the shard has gone since it was listed. */
    static Optional<LossLedger> ledger(StreamLog log, ShardId shard) {
        try {
            return Optional.of(log.ledger(shard));
        } catch (StreamLogException e) {
            return Optional.empty();
        }
    }

    /** None: the shard may have gone since it was listed. */
    static List<ShardEpoch> epochs(StreamLog log, ShardId shard) {
        try {
            return log.epochs(shard);
        } catch (StreamLogException e) {
            return List.of();
        }
    }

    /** Empty: the shard has gone since it was listed. */
    static Optional<Long> throttled(StreamLog log, ShardId shard) {
        try {
            return Optional.of(log.throttled(shard));
        } catch (StreamLogException e) {
            return Optional.empty();
        }
    }

    /**
     * The shard by its name or its number.
     *
     * @param shard null: the only one
     */
    static ShardId shard(StreamDescription stream, @Nullable String shard) {
        if (shard == null) {
            if (stream.shards().size() == 1) {
                return stream.shards().get(0).id();
            }
            throw new HttpProblemException(
                    400,
                    "shard-required",
                    "stream '" + stream.name() + "' has " + stream.shards().size()
                            + " shards: say which one with shard=shardId-000000000000");
        }
        ShardId wanted;
        try {
            wanted = NUMBER.matcher(shard).matches()
                    ? new ShardId(stream.name(), Integer.parseInt(shard))
                    : ShardId.parse(stream.name(), shard);
        } catch (IllegalArgumentException e) {
            throw new HttpProblemException(400, "invalid-parameter", String.valueOf(e.getMessage()));
        }
        return stream.shards().stream()
                .map(ShardDescription::id)
                .filter(wanted::equals)
                .findFirst()
                .orElseThrow(() -> new HttpProblemException(
                        404, "shard-not-found", "stream '" + stream.name() + "' has no " + wanted.name()));
    }
}
