package io.tidegate.buffer;

import io.tidegate.core.stream.Attributes;
import io.tidegate.core.stream.EventTimeFrom;
import io.tidegate.core.stream.HashKey;
import io.tidegate.core.stream.LogPosition;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StreamRecord;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The form of a block's directory and body. All numbers are varints; {@code +} is zigzag; {@code text} and
 * {@code bytes} follow their length.
 *
 * <pre>
 * directory  runs { ordinal, first sequence number, count, bytes }*
 * body       keys { text }*                                      partition keys
 *            sets { content type: text, n { name, value: text }* }*    content type and attributes
 *            records { run, key, set, flags: 1 byte,
 *                      [hash key: 16 bytes big-endian]           if flags &amp; 1
 *                      [device number: +]                        if flags &amp; 2
 *                      [event time - block time in ms: +]        if flags &amp; 4
 *                      data: bytes                               to the end
 *                    | runs + run, n }*                          n records of that run left out, below its horizon
 * flags      bits 4-5: 0 device, 1 arrival, 2 clamped (event time from)
 * </pre>
 *
 * A record's sequence number is its run's first plus its place among that run's records.
 */
final class BlockCodec {
    static final int HAS_HASH_KEY = 1;
    static final int HAS_DEVICE_NUMBER = 2;
    static final int HAS_EVENT_TIME = 4;
    static final int EVENT_TIME_FROM_SHIFT = 4;

    /** Sees the records of a block in order, with the device number that is not part of a stored record. */
    @FunctionalInterface
    interface Visitor {
        void visit(StreamRecord record, @Nullable Long deviceNumber);
    }

    private record AttributeSet(String contentType, Attributes attributes) {}

    private BlockCodec() {}

    static byte[] encodeDirectory(List<Run> runs) {
        Encoder out = new Encoder().unsigned(runs.size());
        for (Run run : runs) {
            out.unsigned(run.ordinal())
                    .unsigned(run.firstSequenceNumber())
                    .unsigned(run.count())
                    .unsigned(run.bytes());
        }
        return out.toBytes();
    }

    static List<Run> decodeDirectory(byte[] directory) {
        return decodeDirectory(new Decoder(directory));
    }

    static List<Run> decodeDirectory(Decoder in) {
        int count = in.size();
        List<Run> runs = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            runs.add(new Run(in.int32(), in.unsigned(), in.int32(), in.unsigned()));
        }
        return runs;
    }

    /** Decodes all records; those of a shard that has no name are passed over, which only damage can bring about. */
    static List<StreamRecord> decodeBody(Block block, ShardNames names, Visitor visitor) {
        return decodeBody(block, names, visitor, leftOut -> {});
    }

    static List<StreamRecord> decodeBody(Block block, ShardNames names, Visitor visitor, Consumer<LeftOut> leftOut) {
        if (block.runs().isEmpty()) {
            return List.of();
        }
        Decoder in = new Decoder(block.body());
        List<String> keys = new ArrayList<>();
        for (int i = in.size(); i > 0; i--) {
            keys.add(in.text());
        }
        List<AttributeSet> sets = new ArrayList<>();
        for (int i = in.size(); i > 0; i--) {
            sets.add(attributeSet(in));
        }
        long[] next = block.runs().stream().mapToLong(Run::firstSequenceNumber).toArray();
        ShardId[] shards = new ShardId[next.length];
        for (int i = 0; i < next.length; i++) {
            shards[i] = names.shard(block.runs().get(i).ordinal());
        }
        int promised = block.runs().stream().mapToInt(Run::count).sum();
        List<StreamRecord> records = new ArrayList<>(Math.max(0, Math.min(promised, block.body().length)));
        for (int index = 0; in.hasMore(); index++) {
            int run = at(in.int32(), 2 * next.length);
            if (run >= next.length) {
                int missing = in.int32();
                run -= next.length;
                leftOut.accept(new LeftOut(index, block.runs().get(run).ordinal(), next[run], missing));
                next[run] += missing;
                index += missing - 1;
                continue;
            }
            String key = keys.get(at(in.int32(), keys.size()));
            AttributeSet set = sets.get(at(in.int32(), sets.size()));
            int flags = in.octet();
            HashKey hashKey = (flags & HAS_HASH_KEY) == 0 ? null : new HashKey(in.hash());
            Long deviceNumber = (flags & HAS_DEVICE_NUMBER) == 0 ? null : in.signed();
            BlockHeader header = block.header();
            long eventTime = header.timeMillis() + ((flags & HAS_EVENT_TIME) == 0 ? 0 : in.signed());
            Payload data = in.payload();
            long sequenceNumber = next[run]++;
            ShardId shard = shards[run];
            if (shard == null) {
                continue;
            }
            StreamRecord record = new StreamRecord(
                    shard,
                    sequenceNumber,
                    header.epoch(),
                    new LogPosition(header.lsn(), index),
                    key,
                    hashKey,
                    header.timeMillis(),
                    header.timeQuality(),
                    eventTime,
                    eventTimeFrom(flags),
                    set.contentType(),
                    set.attributes(),
                    data);
            records.add(record);
            visitor.visit(record, deviceNumber);
        }
        return records;
    }

    private static AttributeSet attributeSet(Decoder in) {
        String contentType = in.text();
        int count = in.size();
        TreeMap<String, String> values = new TreeMap<>();
        for (int i = 0; i < count; i++) {
            values.put(in.text(), in.text());
        }
        return new AttributeSet(contentType, Attributes.of(values));
    }

    private static EventTimeFrom eventTimeFrom(int flags) {
        return switch (flags >> EVENT_TIME_FROM_SHIFT & 3) {
            case 0 -> EventTimeFrom.DEVICE;
            case 1 -> EventTimeFrom.ARRIVAL;
            case 2 -> EventTimeFrom.CLAMPED;
            default -> throw new DamageException("unknown origin of an event time");
        };
    }

    static int at(int index, int size) {
        if (index >= size) {
            throw new DamageException("entry " + index + " of a table of " + size);
        }
        return index;
    }
}
