package io.tidegate.buffer;

import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The blocks that were committed or read last, bounded in bytes: what a reader who keeps up reads.
 *
 * <p>Guarded by its own lock.
 */
final class BlockCache {
    private final long bytesMax;
    private final LinkedHashMap<Long, Block> blocks = new LinkedHashMap<>(64, 0.75f, true);
    private long bytes;
    private long hits;
    private long misses;

    BlockCache(long bytesMax) {
        this.bytesMax = bytesMax;
    }

    synchronized Optional<Block> get(long lsn) {
        Block found = blocks.get(lsn);
        if (found == null) {
            misses++;
        } else {
            hits++;
        }
        return Optional.ofNullable(found);
    }

    synchronized void put(Block block) {
        if (block.weightBytes() > bytesMax) {
            return;
        }
        Block before = blocks.put(block.lsn(), block);
        bytes += block.weightBytes() - (before == null ? 0 : before.weightBytes());
        Iterator<Map.Entry<Long, Block>> oldest = blocks.entrySet().iterator();
        while (bytes > bytesMax && oldest.hasNext()) {
            bytes -= oldest.next().getValue().weightBytes();
            oldest.remove();
        }
    }

    synchronized long hits() {
        return hits;
    }

    synchronized long misses() {
        return misses;
    }
}
