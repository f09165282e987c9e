package io.tidegate.analytics;

import io.tidegate.core.stream.Attributes;
import io.tidegate.core.stream.ContentTypes;
import io.tidegate.core.stream.EventTimeFrom;
import io.tidegate.core.stream.LogPosition;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamRecord;
import io.tidegate.core.stream.TimeQuality;
import java.nio.file.Path;
import java.util.Map;

/** Records and rules as tests need them. */
final class Records {
    /** 2026-11-23T01:02:03.100Z, worked out with `date -u -d @1795395723`. */
    static final long EVENT_MILLIS = 1_795_395_723_100L;

    private Records() {}

    /** Sequence number 881 of shard 2 of telemetry, from press-3. */
    static StreamRecord of(String json) {
        return new StreamRecord(
                new ShardId(StreamName.TELEMETRY, 2),
                881,
                1,
                new LogPosition(7, 0),
                "press-3",
                null,
                EVENT_MILLIS + 23,
                TimeQuality.SYNCED,
                EVENT_MILLIS,
                EventTimeFrom.DEVICE,
                ContentTypes.JSON,
                Attributes.of(Map.of("device", "press-3", "source", "mqtt")),
                Payload.ofUtf8(json));
    }

    static RuleFile rule(String sql) {
        return RuleFile.parse(RuleSettings.of("overheat", Path.of("overheat.sql")), sql);
    }
}
