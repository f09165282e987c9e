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
import org.jspecify.annotations.Nullable;

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
    private final Encoder records;
    private @Nullable AttributeSet lastSet;
    private int lastSetIndex;
    private int count;

    BodyBuilder(long timeMillis) {
        this(timeMillis, new Encoder());
    }

    /**
     * @param room for the records; what is in it goes, and it is free again when the body is made
     */
    BodyBuilder(long timeMillis, Encoder room) {
        this.timeMillis = timeMillis;
        this.records = room;
        room.clear();
    }

    int rawBytes() {
        return keyTable.length() + setTable.length() + records.length();
    }

    int count() {
        return count;
    }

    /** Adds a record to a shard whose next number, before this block, is given; returns the record's number. */
    long add(int ordinal, long nextBefore, NewRecord record) {
        Integer known = runByShard.get(ordinal);
        if (known == null) {
            known = runs.size();
            runByShard.put(ordinal, known);
            runs.add(new OpenRun(ordinal, nextBefore));
        }
        int runIndex = known;
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

    @SuppressWarnings("ReferenceEquality") // the very same object, most often; comparing goes through all attributes
    private int set(NewRecord record) {
        AttributeSet last = lastSet;
        if (last != null
                && last.attributes() == record.attributes()
                && last.contentType().equals(record.contentType())) {
            return lastSetIndex;
        }
        AttributeSet set = new AttributeSet(record.contentType(), record.attributes());
        Integer known = sets.get(set);
        if (known == null) {
            setTable.text(record.contentType()).unsigned(record.attributes().count());
            record.attributes().forEach((name, value) -> setTable.text(name).text(value));
            known = sets.size();
            sets.put(set, known);
        }
        lastSet = set;
        lastSetIndex = known;
        return known;
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
        return new Encoder(keyTable.length() + setTable.length() + 20)
                .unsigned(keys.size())
                .append(keyTable)
                .unsigned(sets.size())
                .append(setTable)
                .toBytes(records);
    }
}
