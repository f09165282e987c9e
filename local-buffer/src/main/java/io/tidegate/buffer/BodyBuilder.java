package io.tidegate.buffer;

import io.tidegate.core.stream.Attributes;
import io.tidegate.core.stream.EventTimeFrom;
import io.tidegate.core.stream.HashKey;
import io.tidegate.core.stream.NewRecord;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A block's body and directory while records are added, as {@link BlockCodec} draws them. The time of the block is
 * fixed before the first record.
 *
 * <p>Confined to the log's writer.
 */
final class BodyBuilder {
    private static final class OpenRun {
        final int ordinal;
        final long firstSequenceNumber;
        int count;
        long bytes;

        OpenRun(int ordinal, long firstSequenceNumber) {
            this.ordinal = ordinal;
            this.firstSequenceNumber = firstSequenceNumber;
        }
    }

    private record AttributeSet(String contentType, Attributes attributes) {}

    private final long timeMillis;
    private final Map<String, Integer> keys = new HashMap<>();
    private final Encoder keyTable = new Encoder();
    private final Map<AttributeSet, Integer> sets = new HashMap<>();
    private final Encoder setTable = new Encoder();
    private final Map<Integer, Integer> runByShard = new LinkedHashMap<>();
    private final List<OpenRun> runs = new ArrayList<>();
    private final Encoder records = new Encoder(4096);
    private int count;

    BodyBuilder(long timeMillis) {
        this.timeMillis = timeMillis;
    }

    int rawBytes() {
        return keyTable.length() + setTable.length() + records.length();
    }

    int count() {
        return count;
    }

    /** Adds a record to a shard whose next number, before this block, is given; returns the record's number. */
    long add(int ordinal, long nextBefore, NewRecord record) {
        int runIndex = runByShard.computeIfAbsent(ordinal, key -> {
            runs.add(new OpenRun(ordinal, nextBefore));
            return runs.size() - 1;
        });
        OpenRun run = runs.get(runIndex);
        HashKey hashKey = record.explicitHashKey();
        Long deviceNumber = record.deviceNumber();
        Long eventTime = record.eventTimeMillis();
        int flags = (hashKey == null ? 0 : BlockCodec.HAS_HASH_KEY)
                | (deviceNumber == null ? 0 : BlockCodec.HAS_DEVICE_NUMBER)
                | (eventTime == null ? 0 : BlockCodec.HAS_EVENT_TIME)
                | code(record.eventTimeFrom()) << BlockCodec.EVENT_TIME_FROM_SHIFT;
        records.unsigned(runIndex).unsigned(key(record)).unsigned(set(record)).octet(flags);
        if (hashKey != null) {
            records.hash(hashKey.value());
        }
        if (deviceNumber != null) {
            records.signed(deviceNumber);
        }
        if (eventTime != null) {
            records.signed(eventTime - timeMillis);
        }
        records.payload(record.data());
        run.bytes += record.data().length() + record.partitionKey().length();
        count++;
        return run.firstSequenceNumber + run.count++;
    }

    /** Data and keys of one shard so far. */
    long bytes(int ordinal) {
        Integer runIndex = runByShard.get(ordinal);
        return runIndex == null ? 0 : runs.get(runIndex).bytes;
    }

    private int key(NewRecord record) {
        Integer known = keys.get(record.partitionKey());
        if (known != null) {
            return known;
        }
        keyTable.text(record.partitionKey());
        keys.put(record.partitionKey(), keys.size());
        return keys.size() - 1;
    }

    private int set(NewRecord record) {
        AttributeSet set = new AttributeSet(record.contentType(), record.attributes());
        Integer known = sets.get(set);
        if (known != null) {
            return known;
        }
        setTable.text(record.contentType()).unsigned(record.attributes().count());
        record.attributes().forEach((name, value) -> setTable.text(name).text(value));
        sets.put(set, sets.size());
        return sets.size() - 1;
    }

    private static int code(EventTimeFrom from) {
        return switch (from) {
            case DEVICE -> 0;
            case ARRIVAL -> 1;
            case CLAMPED -> 2;
        };
    }

    List<Run> runs() {
        return runs.stream()
                .map(run -> new Run(run.ordinal, run.firstSequenceNumber, run.count, run.bytes))
                .toList();
    }

    byte[] body() {
        if (count == 0) {
            return new byte[0];
        }
        return new Encoder(rawBytes() + 20)
                .unsigned(keys.size())
                .append(keyTable)
                .unsigned(sets.size())
                .append(setTable)
                .append(records)
                .toBytes();
    }
}
