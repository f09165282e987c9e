package io.tidegate.uplink;

import io.tidegate.core.stream.Attributes;
import io.tidegate.core.stream.ContentTypes;
import io.tidegate.core.stream.EventTimeFrom;
import io.tidegate.core.stream.Gap;
import io.tidegate.core.stream.GapReason;
import io.tidegate.core.stream.JsonText;
import io.tidegate.core.stream.LogEntry;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.RecordJson;
import io.tidegate.core.stream.ShardEpoch;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamRecord;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The records that an uplink itself appends: gaps that it met, dead letters, alarms. */
final class LaneRecords {
    private static final int REASON_LENGTH_MAX = 300;

    private LaneRecords() {}

    /** What this consumer left out, for {@code _gaps}. Other holes are the log's to tell; it does. */
    static List<NewRecord> gaps(String consumer, List<LogEntry> entries) {
        List<NewRecord> records = new ArrayList<>();
        for (LogEntry entry : entries) {
            if (entry instanceof Gap gap
                    && gap.reason() == GapReason.REJECTED
                    && !gap.shard().stream().equals(StreamName.GAPS)) {
                ByteArrayOutputStream out = new ByteArrayOutputStream();
                RecordJson.write(gap, RecordJson.Form.FULL, out);
                String full = out.toString(StandardCharsets.UTF_8);
                String text = full.substring(0, full.length() - 1) + ",\"consumer\":" + quoted(consumer) + "}";
                records.add(NewRecord.of(StreamName.GAPS, consumer, Payload.ofUtf8(text))
                        .withAttributes(Attributes.of("type", "gap")));
            }
        }
        return records;
    }

    /** A copy of a refused record, with where it comes from and why it was refused. */
    static NewRecord deadLetter(String uplink, StreamRecord record, String reason) {
        Map<String, String> where = new TreeMap<>();
        where.put("dead-letter.uplink", uplink);
        where.put("dead-letter.stream", record.shard().stream().value());
        where.put("dead-letter.shard", record.shard().name());
        where.put("dead-letter.epoch", ShardEpoch.text(record.epoch()));
        where.put("dead-letter.sequence", Long.toString(record.sequenceNumber()));
        where.put("dead-letter.reason", shortened(reason));
        return new NewRecord(
                StreamName.DEAD_LETTERS,
                record.partitionKey(),
                record.explicitHashKey(),
                record.eventTimeMillis(),
                record.eventTimeFrom(),
                record.contentType(),
                both(record.attributes(), where),
                record.data(),
                null);
    }

    private static Attributes both(Attributes own, Map<String, String> where) {
        Map<String, String> all = new TreeMap<>(own.asMap());
        all.putAll(where);
        try {
            return Attributes.of(all);
        } catch (IllegalArgumentException e) {
            // No room beside the record's own: its place in the log, where they are kept, is the more useful.
            return Attributes.of(where);
        }
    }

    static NewRecord alarm(String kind, String uplink, LaneStatus lane) {
        String text = "{\"alarm\":" + quoted(kind) + ",\"state\":\"raised\",\"uplink\":" + quoted(uplink)
                + ",\"stream\":" + quoted(lane.shard().stream().value()) + ",\"shardId\":"
                + quoted(lane.shard().name()) + ",\"detail\":" + quoted(shortened(lane.detail())) + "}";
        return new NewRecord(
                StreamName.ALARMS,
                uplink,
                null,
                null,
                EventTimeFrom.ARRIVAL,
                ContentTypes.JSON,
                Attributes.of("type", "alarm"),
                Payload.ofUtf8(text),
                null);
    }

    private static String shortened(String text) {
        return text.length() <= REASON_LENGTH_MAX ? text : text.substring(0, REASON_LENGTH_MAX);
    }

    private static String quoted(String text) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        JsonText.quote(text, out);
        return out.toString(StandardCharsets.UTF_8);
    }
}
