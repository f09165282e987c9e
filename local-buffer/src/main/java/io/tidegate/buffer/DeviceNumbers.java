package io.tidegate.buffer;

import io.tidegate.core.stream.Payload;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The device numbers in a block's body ({@link BlockCodec} draws it), found without making a record of anything: opening
 * a log goes through a million of them.
 *
 * <p>Confined to one thread.
 */
final class DeviceNumbers {
    private final List<Run> runs;
    private final long[] next;
    private final Decoder in;
    private final Decoder keysAgain;
    private final int keyCount;
    private @Nullable List<String> keys;

    /** Sees the records that have a device number, in order. */
    @FunctionalInterface
    interface Visitor {
        void visit(int ordinal, long sequenceNumber, String partitionKey, long deviceNumber, Payload data);
    }

    private DeviceNumbers(Block block) {
        this.runs = block.runs();
        this.next = runs.stream().mapToLong(Run::firstSequenceNumber).toArray();
        this.in = new Decoder(block.body());
        this.keysAgain = new Decoder(block.body());
        this.keyCount = in.size();
        in.skip(keyCount);
        for (int i = in.size(); i > 0; i--) {
            in.skip(1);
            in.skip(2 * in.size());
        }
    }

    static void forEach(Block block, Visitor visitor) {
        if (!block.runs().isEmpty()) {
            new DeviceNumbers(block).walk(visitor);
        }
    }

    private void walk(Visitor visitor) {
        while (in.hasMore()) {
            int run = BlockCodec.at(in.int32(), 2 * next.length);
            if (run >= next.length) {
                next[run - next.length] += in.int32();
                continue;
            }
            int key = BlockCodec.at(in.int32(), keyCount);
            in.int32();
            int flags = in.octet();
            if ((flags & BlockCodec.HAS_HASH_KEY) != 0) {
                in.hash();
            }
            long deviceNumber = (flags & BlockCodec.HAS_DEVICE_NUMBER) == 0 ? 0 : in.signed();
            if ((flags & BlockCodec.HAS_EVENT_TIME) != 0) {
                in.signed();
            }
            long sequenceNumber = next[run]++;
            if ((flags & BlockCodec.HAS_DEVICE_NUMBER) == 0) {
                in.skip(1);
            } else {
                visitor.visit(runs.get(run).ordinal(), sequenceNumber, key(key), deviceNumber, in.payload());
            }
        }
    }

    private String key(int index) {
        List<String> known = keys;
        if (known == null) {
            known = new ArrayList<>(keyCount);
            for (int i = keysAgain.size(); i > 0; i--) {
                known.add(keysAgain.text());
            }
            keys = known;
        }
        return known.get(index);
    }
}
