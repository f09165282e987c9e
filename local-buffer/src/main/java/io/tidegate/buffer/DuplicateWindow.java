package io.tidegate.buffer;

import io.tidegate.core.stream.StreamName;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The last 64 device numbers, with the CRC-32C of their data, of each stream and partition key: how a second copy of a
 * record is recognised. Bounded in keys: the one that was appended to longest ago goes first, counted.
 *
 * <p>Confined to the log's writer.
 */
final class DuplicateWindow {
    static final int NUMBERS = 64;

    /** A record that was stored: its number and CRC, and where it is. */
    record Seen(long deviceNumber, int crc, int shard, long sequenceNumber) {}

    /** What the numbers of a device are unique within, as far as they are. */
    record Key(StreamName stream, String partitionKey) {
        /** Written out: an opening compares a million of them, most before the compiler has seen any. */
        @Override
        public boolean equals(Object other) {
            return other instanceof Key key && partitionKey.equals(key.partitionKey) && stream.equals(key.stream);
        }

        @Override
        public int hashCode() {
            return 31 * stream.value().hashCode() + partitionKey.hashCode();
        }
    }

    private final int keysMax;
    private final LinkedHashMap<Key, Ring> rings = new LinkedHashMap<>();
    private long evicted;

    DuplicateWindow(int keysMax) {
        this.keysMax = keysMax;
    }

    /** Looks among the newest so many. */
    Optional<Seen> find(Key key, long deviceNumber, int crc, int newest) {
        Ring ring = rings.get(key);
        return ring == null ? Optional.empty() : ring.find(deviceNumber, crc, newest);
    }

    void add(Key key, Seen seen) {
        // Removed and put again: the order is that of the last append, whatever was looked up in between, so that a
        // window rebuilt from blocks is the same.
        Ring ring = rings.remove(key);
        if (ring == null) {
            ring = new Ring();
        }
        ring.add(seen);
        rings.put(key, ring);
        if (rings.size() > keysMax) {
            rings.remove(rings.keySet().iterator().next());
            evicted++;
        }
    }

    /** The keys of a stream that is gone: a later one of the same name is another. */
    void forgetDeleted(List<ControlEntry> entries) {
        for (ControlEntry entry : entries) {
            if (entry instanceof ControlEntry.StreamDeleted deleted) {
                rings.keySet().removeIf(key -> key.stream().equals(deleted.name()));
            }
        }
    }

    int keys() {
        return rings.size();
    }

    /** Keys that were given up since the log was opened. */
    long evicted() {
        return evicted;
    }

    /** The whole window, the key that was appended to longest ago first. */
    List<ControlEntry> snapshot() {
        List<ControlEntry> entries = new ArrayList<>();
        for (Map.Entry<Key, Ring> entry : rings.entrySet()) {
            Key key = entry.getKey();
            entries.add(new ControlEntry.WindowPoint(
                    key.stream(), key.partitionKey(), entry.getValue().all()));
        }
        return entries;
    }

    void restore(ControlEntry.WindowPoint point) {
        Key key = new Key(point.stream(), point.partitionKey());
        point.seen().forEach(seen -> add(key, seen));
    }

    /** The last 64, in order. Numbers are kept in arrays: thousands of keys must fit into a small heap. */
    private static final class Ring {
        private static final int FIELDS = 3;
        private long[] slots = new long[4 * FIELDS];
        private int count;
        private int oldest;

        void add(Seen seen) {
            if (count == slots.length / FIELDS && count < NUMBERS) {
                // Not yet wrapped: the oldest is still in front.
                slots = java.util.Arrays.copyOf(slots, Math.min(NUMBERS, count * 2) * FIELDS);
            }
            int slot;
            if (count < NUMBERS) {
                slot = count++;
            } else {
                slot = oldest;
                oldest = (oldest + 1) % NUMBERS;
            }
            slots[slot * FIELDS] = seen.deviceNumber();
            slots[slot * FIELDS + 1] = (long) seen.shard() << 32 | (seen.crc() & 0xffffffffL);
            slots[slot * FIELDS + 2] = seen.sequenceNumber();
        }

        Optional<Seen> find(long deviceNumber, int crc, int newest) {
            int looked = Math.min(newest, count);
            for (int back = 1; back <= looked; back++) {
                int slot = (oldest + count - back) % Math.max(count, 1);
                if (slots[slot * FIELDS] == deviceNumber && (int) slots[slot * FIELDS + 1] == crc) {
                    return Optional.of(at(slot));
                }
            }
            return Optional.empty();
        }

        List<Seen> all() {
            List<Seen> all = new ArrayList<>(count);
            for (int i = 0; i < count; i++) {
                all.add(at((oldest + i) % count));
            }
            return all;
        }

        private Seen at(int slot) {
            long packed = slots[slot * FIELDS + 1];
            return new Seen(slots[slot * FIELDS], (int) packed, (int) (packed >>> 32), slots[slot * FIELDS + 2]);
        }
    }
}
