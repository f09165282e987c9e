package io.tidegate.buffer;

import java.io.IOException;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.tinylog.Logger;

/**
 * Puts blocks into the live segment and starts a new one when it is full or can no longer be trusted; steps 6 to 8 of
 * "Commit" and "Roll" in docs/design/0001-shard-log.md.
 *
 * <p>Confined to the log's writer.
 */
final class SegmentWriter {
    /** A block is one row in one page at the least; this bounds the index of a segment. */
    private static final int BLOCKS_MAX = 65_536;
    /** Connections that must stay open for ever; a disk that needs more is no longer tried. */
    private static final int PARKED_MAX = 8;

    private static final long RETRY_ROLL_BYTES = 1 << 20;

    /** What became of a block. */
    enum Outcome {
        DURABLE,
        /** Certainly not in the log. */
        NOT_STORED,
        /** A new segment has been started after a trouble: the same units are to be put into a new block there. */
        AGAIN,
        /** Nothing can be stored now, and what became of the block shows only when the log is opened again. */
        UNKNOWN
    }

    private final LogState state;
    private final DuplicateWindow window;
    private final SegmentStore store;
    private final String gatewayId;
    private final long segmentBytes;
    private final BlockPacker packer;
    private final List<LiveSegment> parked = new ArrayList<>();
    private final Consumer<LiveSegment> closing;
    private @Nullable LiveSegment live;
    private @Nullable String failure;
    private long rollAtBytes;
    private int cuts;
    /** The live segment has seen an I/O error or damage. */
    private boolean isSuspect;

    /**
     * @param closing takes over the connection of a full segment, to seal it
     */
    SegmentWriter(
            LogState state,
            DuplicateWindow window,
            SegmentStore store,
            ShardLogSettings settings,
            LiveSegment live,
            Consumer<LiveSegment> closing) {
        this.state = state;
        this.window = window;
        this.store = store;
        this.gatewayId = settings.gatewayId();
        this.segmentBytes = settings.segmentBytes();
        this.packer = new BlockPacker(settings.compression());
        this.live = live;
        this.closing = closing;
        this.rollAtBytes = segmentBytes;
    }

    /** Why nothing could be stored at the last try; null: it could. */
    @Nullable
    String failure() {
        return failure;
    }

    /** How often a segment was given up since the log was opened. */
    int cuts() {
        return cuts;
    }

    Outcome store(Block block) {
        if (isKeyOutdated() && !start()) {
            return Outcome.NOT_STORED;
        }
        LiveSegment segment = live;
        if (segment == null) {
            return cut() ? Outcome.AGAIN : Outcome.NOT_STORED;
        }
        StoredBlock stored = segment.encrypt(packer.pack(block));
        try {
            segment.insert(stored);
            store.meter().inserted(stored, block.runs());
            failure = null;
            return Outcome.DURABLE;
        } catch (SQLException e) {
            return afterFailure(segment, stored, e);
        }
    }

    /** Another key is current, or none any more: what is new belongs into a new segment. */
    private boolean isKeyOutdated() {
        LiveSegment segment = live;
        return segment != null && segment.keyId() != store.encryption().currentKeyId();
    }

    /** The state contains the block now, and nobody has been answered yet. */
    void published(Block block) {
        if (ShardCatalog.isChangedBy(block)) {
            ShardCatalog.keep(store.directory(), state, store.encryption());
        }
    }

    /** Says so once; as long as it goes on, the status says it. */
    private void fail(String message, Exception cause) {
        if (failure == null) {
            Logger.warn(message, cause.getMessage());
        }
        failure = cause.getMessage();
    }

    private Outcome afterFailure(LiveSegment segment, StoredBlock block, SQLException cause) {
        fail("A commit failed: {}", cause);
        if (!Sql.isIoError(cause) && !Sql.isDamage(cause)) {
            try {
                return readBack(segment, block);
            } catch (SQLException e) {
                Logger.warn("The live segment could not be read back: {}", e.getMessage());
                if (!Sql.isIoError(e) && !Sql.isDamage(e)) {
                    // The file is sound, only nobody knows how far it goes: it ends before this block.
                    segment.close();
                    closeReopened(segment);
                    return cut() ? Outcome.AGAIN : Outcome.UNKNOWN;
                }
            }
        }
        park(segment);
        return cut() ? Outcome.AGAIN : Outcome.UNKNOWN;
    }

    /**
     * The driver does not know whether SQLite has rolled back: only a new connection tells. It is opened before the old
     * one is closed, so that the shared memory of the write-ahead log does not have to be made anew on a full disk.
     */
    private Outcome readBack(LiveSegment segment, StoredBlock block) throws SQLException {
        LiveSegment again = LiveSegment.open(store.directory(), segment.number(), store.encryption());
        live = again;
        Optional<SQLException> closed = segment.close();
        if (closed.isPresent() && Sql.isIoError(closed.get())) {
            throw closed.get();
        }
        return again.contains(block) ? Outcome.DURABLE : Outcome.NOT_STORED;
    }

    /** The connection that was to replace another one, if it came to that. */
    private void closeReopened(LiveSegment before) {
        LiveSegment again = live;
        live = null;
        if (again != null && again != before) {
            again.close();
        }
    }

    /** Never used and never closed again: closing would write. */
    private void park(LiveSegment segment) {
        LiveSegment current = live;
        parked.add(current == null ? segment : current);
        live = null;
        isSuspect = true;
    }

    /** Gives the live segment up at the last resolved block. False: a new one cannot be made now. */
    private boolean cut() {
        if (parked.size() > PARKED_MAX) {
            failure = "the disk has failed " + parked.size() + " times since the log was opened; last: " + failure;
            return false;
        }
        boolean started = start();
        if (started) {
            cuts++;
            Logger.warn(
                    "The log goes on in a new segment after a failure; the old one ends at commit {}", state.lastLsn());
        }
        return started;
    }

    /** Checkpoints and rolls, when due. True: a segment was given up, a new epoch is needed. */
    boolean afterAnswers() {
        LiveSegment segment = live;
        if (segment == null) {
            return false;
        }
        if (segment.isCheckpointDue()) {
            try {
                store.meter().checkpointed(segment.checkpoint());
            } catch (SQLException e) {
                if (Sql.isIoError(e) || Sql.isDamage(e)) {
                    failure = e.getMessage();
                    park(segment);
                    return cut();
                }
                Logger.debug("A checkpoint was put off: {}", e.getMessage());
            }
        }
        if (segment.bytes() >= rollAtBytes || segment.blocks() >= BLOCKS_MAX) {
            rollAtBytes = start() ? segmentBytes : segment.bytes() + RETRY_ROLL_BYTES;
        }
        return false;
    }

    /** Makes the next segment and goes on there. */
    private boolean start() {
        int number = store.liveNumber();
        long endLsn = state.lastLsn() + 1;
        SegmentSummary summary = store.liveIndex()
                .summary(
                        number,
                        store.liveFirstLsn(),
                        endLsn,
                        SegmentFile.bytesOnDisk(store.directory(), number),
                        isSuspect);
        state.remember(summary);
        try {
            SegmentFile.create(
                    store.directory(),
                    number + 1,
                    state.snapshot(gatewayId, number + 1, window.snapshot()),
                    store.encryption());
            LiveSegment next = LiveSegment.open(store.directory(), number + 1, store.encryption());
            store.keys().written(number + 1, next.keyId());
            store.meter().created(SegmentFile.bytesOnDisk(store.directory(), number + 1));
            isSuspect = false;
            store.close(summary);
            store.setLive(number + 1, endLsn, new SegmentIndex());
            LiveSegment before = live;
            live = next;
            if (before != null) {
                closing.accept(before);
            }
            return true;
        } catch (SQLException | IOException e) {
            state.forget(number);
            fail("No new segment could be started: {}", e);
            undoStart(number + 1);
            return false;
        }
    }

    /** A file that is newer than the live one must not stay: the next opening would take it for the end of the log. */
    private void undoStart(int number) {
        try {
            SegmentFile.delete(store.directory(), number);
            SegmentFile.syncDirectory(store.directory());
        } catch (IOException e) {
            LiveSegment segment = live;
            if (segment != null) {
                park(segment);
            }
            Logger.warn(
                    "Segment {} could not be removed again, nothing is stored until it is replaced: {}",
                    number,
                    e.getMessage());
        }
    }

    void close() {
        LiveSegment segment = live;
        if (segment != null) {
            segment.close();
        }
        packer.close();
    }
}
