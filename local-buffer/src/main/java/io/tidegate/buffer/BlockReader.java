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
    private final UnreadableBlocks unreadable;

    BlockReader(SegmentStore store, BlockCache cache, LogState state, UnreadableBlocks unreadable) {
        this.store = store;
        this.cache = cache;
        this.state = state;
        this.unreadable = unreadable;
    }

    /**
     * Empty: what the index promises is not there, fails its CRC, or cannot be had from the medium and is counted as lost.
     *
     * @throws StreamLogException of category retry if the disk could not be read now
     */
    Optional<Block> read(SegmentStore.Found found) {
        long lsn = found.entry().lsn();
        if (found.entry().isLost()) {
            if (found.isDoubtful() && !isGivenUp(found)) {
                throw new StreamLogException(
                        StreamLogException.Category.RETRY, "segment " + found.segment() + " cannot be read now");
            }
            return Optional.empty();
        }
        Optional<Block> cached = cache.get(lsn);
        if (cached.isPresent()) {
            return cached;
        }
        try {
            return readTwice(found);
        } catch (NoSuchFileException e) {
            Logger.error("Commit {} in segment {} cannot be read: {}", lsn, found.segment(), e.toString());
            return Optional.empty();
        } catch (SQLException | IOException e) {
            throw new StreamLogException(
                    StreamLogException.Category.RETRY, "the log could not be read: " + e.getMessage(), e);
        }
    }

    /** A failure to read that has passed is no damage. */
    private Optional<Block> readTwice(SegmentStore.Found found) throws SQLException, IOException {
        try {
            return readOnce(found);
        } catch (SQLException e) {
            LogFiles.throwUnlessDamage(e);
            if (!store.isReadable(found.segment())) {
                if (isGivenUp(found)) {
                    return Optional.empty();
                }
                throw e;
            }
        }
        try {
            return readOnce(found);
        } catch (SQLException e) {
            // The medium has given every byte of the file in between: what cannot be read, as behind its end, is not
            // there.
            LogFiles.throwUnlessDamage(e);
            Logger.error(
                    "Commit {} in segment {} cannot be read: {}", found.entry().lsn(), found.segment(), e.toString());
            return Optional.empty();
        }
    }

    private Optional<Block> readOnce(SegmentStore.Found found) throws SQLException, IOException {
        long lsn = found.entry().lsn();
        long end = Math.min(lsn + READ_AHEAD_BLOCKS, state.lastLsn() + 1);
        end = Math.min(end, store.nextLsn(found.segment()));
        List<Block> blocks;
        try {
            blocks = store.read(found.segment(), lsn, end, READ_AHEAD_BYTES);
        } catch (DamageException e) {
            Logger.error("Commit {} in segment {} cannot be read: {}", lsn, found.segment(), e.toString());
            return Optional.empty();
        }
        if (blocks.isEmpty() || blocks.get(0).lsn() != lsn) {
            Logger.error("Commit {} is missing in segment {}", lsn, found.segment());
            return Optional.empty();
        }
        // Backwards, so that the one asked for is the youngest in the cache.
        for (int i = blocks.size() - 1; i >= 0; i--) {
            cache.put(blocks.get(i));
        }
        return Optional.of(blocks.get(0));
    }

    /** The medium did not give a block back. True: it is counted as lost; false: it must be tried again. */
    private boolean isGivenUp(SegmentStore.Found found) {
        boolean isGivenUp = unreadable.isGivenUp(found.entry());
        if (!isGivenUp && found.isDoubtful()) {
            store.forgetIndex(found.segment());
        }
        return isGivenUp;
    }
}
