package io.tidegate.uplink.http;

import io.tidegate.core.stream.Attributes;
import io.tidegate.core.stream.IsoTime;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.RecordLine;
import io.tidegate.core.stream.ShardEpoch;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StreamName;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Turns the lines of a unit into the records that a receiver stores: the same bytes, key and times, plus the origin. */
final class ReceivedRecords {
    private static final String FROM_PREFIX = "_from.";

    private final List<NewRecord> records = new ArrayList<>();
    private final Map<Long, String> rejected = new TreeMap<>();
    private long missed;

    /** Takes only what lies at or above {@code fromInclusive}. */
    ReceivedRecords(ReceivedUnit unit, String gateway, ShardId shard, long fromInclusive, int recordBytesMax) {
        StreamName stored = storedName(shard.stream());
        for (RecordLine line : unit.lines()) {
            if (line instanceof RecordLine.OfGap gap) {
                long known = Math.max(0, Math.min(fromInclusive, gap.toExclusive()) - gap.fromInclusive());
                missed += Math.max(0, gap.records() - known);
                continue;
            }
            RecordLine.Of record = (RecordLine.Of) line;
            if (record.sequenceNumber() < fromInclusive) {
                continue;
            }
            try {
                if (record.data().length() + record.partitionKey().length() > recordBytesMax) {
                    throw new IllegalArgumentException("larger than " + recordBytesMax + " bytes");
                }
                records.add(stored(record, stored, origin(record, unit, gateway, shard)));
            } catch (IllegalArgumentException e) {
                rejected.put(record.sequenceNumber(), String.valueOf(e.getMessage()));
            }
        }
    }

    /** A gateway's own streams are kept apart from this gateway's, so that nobody acts on them here. */
    static StreamName storedName(StreamName stream) {
        boolean renamed = stream.isReserved() && !stream.value().startsWith(FROM_PREFIX);
        return renamed ? new StreamName(FROM_PREFIX + stream.value()) : stream;
    }

    private static NewRecord stored(RecordLine.Of record, StreamName stream, Attributes attributes) {
        return new NewRecord(
                stream,
                record.partitionKey(),
                record.explicitHashKey(),
                record.eventTimeMillis(),
                record.eventTimeFrom(),
                record.contentType(),
                attributes,
                record.data(),
                null);
    }

    private static Attributes origin(RecordLine.Of record, ReceivedUnit unit, String gateway, ShardId shard) {
        if (record.attributes().get("origin.gateway") != null) {
            return record.attributes();
        }
        Map<String, String> all = new TreeMap<>(record.attributes().asMap());
        all.put("origin.gateway", gateway);
        all.put("origin.epoch", ShardEpoch.text(unit.header().epoch()));
        all.put("origin.shard", shard.name());
        all.put("origin.sequence", Long.toString(record.sequenceNumber()));
        all.put("origin.arrival", IsoTime.text(record.arrivalTimeMillis()));
        return Attributes.of(all);
    }

    List<NewRecord> records() {
        return records;
    }

    /** Sequence numbers that cannot be stored, and why. */
    Map<Long, String> rejected() {
        return rejected;
    }

    /** Records that the gateway says it no longer has. */
    long missed() {
        return missed;
    }
}
