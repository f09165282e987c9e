package io.tidegate.buffer;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What the files of one segment still hold: its blocks and the copy of the log's state in it, as far as their checksums
 * are right. Only where they are is kept in memory.
 *
 * <p>Confined to one thread.
 */
final class SegmentSalvage implements AutoCloseable {
    /** The columns of {@link SegmentFile#SCHEMA}, as {@link StoredRow#isShaped} names them. */
    private static final String BLOCK = "KIIIIIBBIIIIB";

    private static final String SNAPSHOT = "KIBI";
    private static final String SEAL = "KBI";

    private final Decryptor decryptor;
    private final PageImages images;
    private final PageRows rows;
    /** By {@link Found#rank}, then by LSN: a page is in a write-ahead log once for each commit that touched it. */
    private final List<TreeMap<Long, Found>> found =
            List.of(new TreeMap<>(), new TreeMap<>(), new TreeMap<>(), new TreeMap<>());

    private final TreeMap<Long, ControlEntry> snapshot = new TreeMap<>();
    private final Set<Long> epochs = new HashSet<>();

    /**
     * A block that is there.
     *
     * @param epoch of its commit
     * @param isListed its page lists it; else it is taken only if the log knows its epoch, for what only looks like a block
     *     can have come in a record
     */
    record Found(long lsn, PageRows.Place place, long epoch, List<Run> runs, boolean isListed, boolean isCommitted) {
        Found {
            runs = List.copyOf(runs);
        }

        private int rank() {
            return (isCommitted ? 0 : 2) + (isListed ? 0 : 1);
        }
    }

    private SegmentSalvage(Decryptor decryptor, PageImages images) {
        this.decryptor = decryptor;
        this.images = images;
        this.rows = new PageRows(images);
    }

    /** A key that something in it needs and was not given ends the look: nothing is wrong with the bytes. */
    static SegmentSalvage look(Path file, LogEncryption encryption) throws IOException {
        Decryptor decryptor = encryption.decryptor(SegmentFile.number(file), OptionalLong.empty());
        SegmentSalvage salvage = new SegmentSalvage(decryptor, PageImages.of(file));
        salvage.rows.visit(salvage::isRow);
        return salvage;
    }

    private boolean isRow(PageRows.Place place, StoredRow row) {
        if (row.isShaped(BLOCK)) {
            Optional<StoredBlock> block = rows.read(place, row, payload -> block(row, payload));
            block.ifPresent(stored -> add(place, stored));
            return block.isPresent();
        }
        if (row.isShaped(SNAPSHOT)) {
            Optional<byte[]> entry = rows.read(place, row, payload -> entry(row, payload));
            if (entry.isPresent() && place.isListed()) {
                rows.read(place, row, payload -> decode(row, payload))
                        .ifPresent(decoded -> snapshot.putIfAbsent(row.rowId(), decoded));
            }
            return entry.isPresent();
        }
        return row.isShaped(SEAL)
                && rows.read(place, row, payload -> seal(row, payload)).isPresent();
    }

    private static Optional<StoredBlock> block(StoredRow row, byte[] payload) {
        try {
            BlockHeader header = new BlockHeader(
                    row.rowId(),
                    row.integer(payload, 1),
                    row.integer(payload, 2),
                    row.integer(payload, 3),
                    row.integer(payload, 4),
                    Codes.timeQuality(row.integer(payload, 5)));
            byte[] control = row.blob(payload, 6);
            byte[] body = row.blob(payload, 12);
            StoredBlock block = new StoredBlock(
                            header,
                            control,
                            row.blob(payload, 7),
                            (int) row.integer(payload, 8),
                            row.integer(payload, 10),
                            body)
                    .under(row.integer(payload, 9), control, body);
            return block.crc() == (int) row.integer(payload, 11) ? Optional.of(block) : Optional.empty();
        } catch (DamageException e) {
            return Optional.empty(); // no such time quality: not a block
        }
    }

    private static Optional<byte[]> entry(StoredRow row, byte[] payload) {
        byte[] entry = row.blob(payload, 2);
        return (int) SegmentFile.rowCrc(row.rowId(), row.integer(payload, 1), entry) == (int) row.integer(payload, 3)
                ? Optional.of(entry)
                : Optional.empty();
    }

    private static Optional<byte[]> seal(StoredRow row, byte[] payload) {
        byte[] entry = row.blob(payload, 1);
        return (int) SegmentFile.rowCrc(row.rowId(), entry) == (int) row.integer(payload, 2)
                ? Optional.of(entry)
                : Optional.empty();
    }

    /** Empty: its checksum is right by chance, or it belongs to another place. */
    private Optional<ControlEntry> decode(StoredRow row, byte[] payload) {
        try {
            Decoder in = new Decoder(decryptor.snapshotRow(row.integer(payload, 1), row.rowId(), row.blob(payload, 2)));
            ControlEntry decoded = ControlCodec.decode(in);
            return in.hasMore() ? Optional.empty() : Optional.of(decoded);
        } catch (DamageException | IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    private void add(PageRows.Place place, StoredBlock block) {
        List<Run> runs;
        try {
            runs = BlockCodec.decodeDirectory(block.directory());
        } catch (DamageException e) {
            return; // a checksum that is right by chance, or by a fault of ours: nothing can be done with it
        }
        if (place.isListed()) {
            epochs.add(block.header().epoch());
        }
        Found one = new Found(
                block.lsn(),
                place,
                block.header().epoch(),
                runs,
                place.isListed(),
                place.image().isCommitted());
        found.get(one.rank()).putIfAbsent(one.lsn(), one);
    }

    /** The epochs of the blocks that pages list. */
    Set<Long> epochs() {
        return epochs;
    }

    /**
     * The blocks, in order, each once. What SQLite would not show, or not any more, is taken only in place of what is
     * missing: commits that were given up have numbers that others got.
     */
    Collection<Found> blocks(Set<Long> knownEpochs) {
        TreeMap<Long, Found> blocks = new TreeMap<>();
        Map<Integer, NumberRanges> committed = new HashMap<>();
        for (TreeMap<Long, Found> ranked : found) {
            ranked.values().removeIf(block -> !block.isListed() && !knownEpochs.contains(block.epoch()));
            ranked.forEach(blocks::putIfAbsent);
        }
        for (Found block : blocks.values()) {
            if (block.isCommitted()) {
                block.runs().forEach(run -> committed
                        .computeIfAbsent(run.ordinal(), ordinal -> new NumberRanges())
                        .add(run.firstSequenceNumber(), run.nextSequenceNumber()));
            }
        }
        blocks.values()
                .removeIf(block -> !block.isCommitted()
                        && block.runs().stream().anyMatch(run -> !isFree(run, committed.get(run.ordinal()))));
        return blocks.values();
    }

    private static boolean isFree(Run run, @Nullable NumberRanges taken) {
        return taken == null
                || taken.missing(run.firstSequenceNumber(), run.nextSequenceNumber())
                        .equals(List.of(new NumberRanges.Range(run.firstSequenceNumber(), run.nextSequenceNumber())));
    }

    /** The block that was found there; empty: the medium does not give it again. */
    Optional<StoredBlock> read(Found block) {
        return StoredRow.at(images.read(block.place().image()), block.place().offset())
                .flatMap(row -> rows.read(block.place(), row, payload -> block(row, payload)));
    }

    /** The rows of the snapshot that are right, in order. */
    Collection<ControlEntry> snapshotRows() {
        return snapshot.values();
    }

    boolean isSnapshotWhole() {
        return snapshot.get(0L) instanceof ControlEntry.LogPoint point
                && snapshot.size() == point.entries()
                && snapshot.lastKey() == point.entries() - 1;
    }

    /** How many pages the database has. */
    int pages() {
        return images.databasePages();
    }

    /** Pages of the database in which nothing is right. */
    List<Integer> badPages() {
        return rows.badPages();
    }

    @Override
    public void close() throws IOException {
        images.close();
    }
}
