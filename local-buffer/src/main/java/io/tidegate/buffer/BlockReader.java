package io.tidegate.buffer;

import io.tidegate.core.stream.StreamLogException;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import org.tinylog.Logger;

/** Gets blocks from the cache, or from disk with those that follow. Thread-safe. */
final class BlockReader {
    private static final int READ_AHEAD_BYTES = 256 << 10;
    private static final int READ_AHEAD_BLOCKS = 64;

    private final SegmentStore store;
    private final BlockCache cache;
    private final LogState state;

    BlockReader(SegmentStore store, BlockCache cache, LogState state) {
        this.store = store;
        this.cache = cache;
        this.state = state;
    }

    /**
     * Empty: what the index promises is not there, or fails its CRC.
     *
     * @throws StreamLogException of category retry if the disk could not be read now
     */
    Optional<Block> read(SegmentStore.Found found) {
        long lsn = found.entry().lsn();
        if (found.entry().isLost()) {
            return Optional.empty();
        }
        Optional<Block> cached = cache.get(lsn);
        if (cached.isPresent()) {
            return cached;
        }
        try {
            long end = Math.min(lsn + READ_AHEAD_BLOCKS, state.lastLsn() + 1);
            end = Math.min(end, store.nextLsn(found.segment()));
            List<Block> blocks = store.read(found.segment(), lsn, end, READ_AHEAD_BYTES);
            if (blocks.isEmpty() || blocks.get(0).lsn() != lsn) {
                Logger.error("Commit {} is missing in segment {}", lsn, found.segment());
                return Optional.empty();
            }
            // Backwards, so that the one asked for is the youngest in the cache.
            for (int i = blocks.size() - 1; i >= 0; i--) {
                cache.put(blocks.get(i));
            }
            return Optional.of(blocks.get(0));
        } catch (DamageException | NoSuchFileException e) {
            Logger.error("Commit {} in segment {} cannot be read: {}", lsn, found.segment(), e.toString());
            return Optional.empty();
        } catch (SQLException e) {
            if (Sql.isDamage(e)) {
                Logger.error("Commit {} in segment {} cannot be read: {}", lsn, found.segment(), e.toString());
                return Optional.empty();
            }
            throw new StreamLogException(
                    StreamLogException.Category.RETRY, "the log could not be read: " + e.getMessage(), e);
        } catch (IOException e) {
            throw new StreamLogException(
                    StreamLogException.Category.RETRY, "the log could not be read: " + e.getMessage(), e);
        }
    }
}
