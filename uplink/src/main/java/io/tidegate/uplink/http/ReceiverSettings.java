package io.tidegate.uplink.http;

import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamSettings;
import java.time.Duration;

/**
 * How the receiving end keeps what arrives.
 *
 * @param shards of a stream that the first unit creates
 * @param retention of such a stream
 * @param streamsMax no further stream is created above this number
 * @param unitsAtOnceMax how many units are held in memory at a time; more are told to come back
 */
public record ReceiverSettings(int shards, Duration retention, int streamsMax, int unitsAtOnceMax) {
    public ReceiverSettings {
        if (shards < 1 || shards > StreamSettings.SHARDS_MAX) {
            throw new IllegalArgumentException("shards must be 1 to 256, found " + shards);
        }
        if (streamsMax < 1) {
            throw new IllegalArgumentException("streams-max must be positive, found " + streamsMax);
        }
        if (unitsAtOnceMax < 1) {
            throw new IllegalArgumentException("units-at-once-max must be positive, found " + unitsAtOnceMax);
        }
    }

    /** One shard, 7 days, 1,000 streams, 4 units at once. */
    public static ReceiverSettings defaults() {
        return new ReceiverSettings(1, Duration.ofDays(7), 1000, 4);
    }

    StreamSettings stream(StreamName name) {
        return StreamSettings.of(name)
                .withShards(shards)
                .withRetention(retention)
                .withRecordBytesMax(NewRecord.BYTES_MAX);
    }
}
