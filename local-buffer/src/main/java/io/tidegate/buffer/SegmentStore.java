package io.tidegate.buffer;

import io.tidegate.core.stream.StreamLogException;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.tinylog.Logger;

/**
 * The segments that there are, in order, and how to read them: finds blocks by their indexes and keeps a few read-only
 * connections.
 *
 * <p>Guarded by its own lock, which every commit needs: reading, opening and closing files do not hold it.
 */
final class SegmentStore implements AutoCloseable {
    private static final int INDEXES_MAX = 2;

    private final Path directory;
    private final LogEncryption encryption;
    private final SegmentKeys keys;
    private final WriteMeter meter = new WriteMeter();
    private final TreeMap<Integer, SegmentSummary> closed = new TreeMap<>();
    private final SegmentReaders readers;
    private final LinkedHashMap<Integer, SegmentIndex> indexes = new LinkedHashMap<>(8, 0.75f, true);
    private int liveNumber;
    private long liveFirstLsn;
    private SegmentIndex liveIndex = new SegmentIndex();

    /**
     * @param keys which key each segment is under
     */
    SegmentStore(Path directory, LogEncryption encryption, SegmentKeys keys) {
        this.directory = directory;
        this.encryption = encryption;
        this.keys = keys;
        this.readers = new SegmentReaders(directory, encryption, number -> number == liveNumber());
    }

    Path directory() {
        return directory;
    }

    LogEncryption encryption() {
        return encryption;
    }

    SegmentKeys keys() {
        return keys;
    }

    WriteMeter meter() {
        return meter;
    }

    /**
     * Where a block was found by an index.
     *
     * @param isDoubtful see {@link SegmentIndex#isDoubtful}
     */
    record Found(int segment, SegmentIndex.Entry entry, boolean isDoubtful) {}

    synchronized void addClosed(SegmentSummary summary) {
        closed.put(summary.number(), summary);
    }

    synchronized void setLive(int number, long firstLsn, SegmentIndex index) {
        liveNumber = number;
        liveFirstLsn = firstLsn;
        liveIndex = index;
    }

    synchronized SegmentIndex liveIndex() {
        return liveIndex;
    }

    synchronized int liveNumber() {
        return liveNumber;
    }

    synchronized long liveFirstLsn() {
        return liveFirstLsn;
    }

    synchronized List<SegmentSummary> closedSegments() {
        return List.copyOf(closed.values());
    }

    synchronized int count() {
        return closed.size() + 1;
    }

    /** The LSN below which nothing is stored any more. */
    synchronized long firstLsn() {
        return closed.isEmpty() ? liveFirstLsn : closed.firstEntry().getValue().firstLsn();
    }

    /** The live segment has become a closed one, with its index at hand. */
    synchronized void close(SegmentSummary summary) {
        closed.put(summary.number(), summary);
        keepIndex(summary.number(), liveIndex);
    }

    /** The segment is gone; connections to it are closed. */
    void remove(int number) {
        synchronized (this) {
            closed.remove(number);
            indexes.remove(number);
        }
        keys.removed(number);
        dropReaders(number);
    }

    /** Closes the connections to one segment; the next read opens it again, in whatever mode it then has. */
    void dropReaders(int number) {
        readers.drop(number);
    }

    /** The first block from an LSN on with records of one of these shards, or that tells of a hole. */
    Optional<Found> nextWith(BitSet ordinals, long lsnFrom) {
        for (Candidate candidate : candidates(lsnFrom)) {
            if (candidate.mayHold(ordinals)) {
                SegmentIndex index = index(candidate);
                SegmentIndex.Entry entry = index.nextWith(ordinals, lsnFrom);
                if (entry != null && entry.lsn() < candidate.nextLsn()) {
                    return Optional.of(new Found(candidate.number(), entry, index.isDoubtful()));
                }
            }
        }
        return Optional.empty();
    }

    /** The first block from an LSN on that has this number of this shard, or a greater one. */
    Optional<Found> nextOf(int ordinal, long sequenceNumber, long lsnFrom) {
        for (Candidate candidate : candidates(lsnFrom)) {
            if (candidate.mayHold(ordinal, sequenceNumber)) {
                SegmentIndex index = index(candidate);
                SegmentIndex.Entry entry = index.nextOf(ordinal, sequenceNumber, lsnFrom);
                if (entry != null && entry.lsn() < candidate.nextLsn()) {
                    return Optional.of(new Found(candidate.number(), entry, index.isDoubtful()));
                }
            }
        }
        return Optional.empty();
    }

    /** Commits before this one are in segments that may be removed or rewritten. */
    synchronized long settledLsn() {
        SegmentSummary newest = closed.get(liveNumber - 1);
        return newest == null ? 0 : newest.firstLsn();
    }

    /** Whether no segment between two LSNs has been removed. */
    synchronized boolean isWhole(long fromLsn, long toLsn) {
        long next = fromLsn;
        for (SegmentSummary summary : closed.values()) {
            if (summary.firstLsn() <= next) {
                next = Math.max(next, summary.nextLsn());
            }
        }
        return next >= toLsn || liveFirstLsn <= next;
    }

    /** The LSN of the first block from an LSN on that was committed at this corrected time or later. */
    Optional<Long> firstAt(long timeMillis, CorrectedTime corrected, long lsnFrom) {
        for (Candidate candidate : candidates(lsnFrom)) {
            SegmentSummary summary = candidate.summary();
            if (summary == null || corrected.latestOf(summary) >= timeMillis) {
                SegmentIndex.Entry entry = index(candidate).firstAt(timeMillis, corrected, lsnFrom);
                if (entry != null && entry.lsn() < candidate.nextLsn()) {
                    return Optional.of(entry.lsn());
                }
            }
        }
        return Optional.empty();
    }

    /** A segment that may hold what is looked for; no summary: the live one. */
    private record Candidate(
            int number,
            long nextLsn,
            @Nullable SegmentSummary summary,
            @Nullable SegmentIndex index) {
        boolean mayHold(BitSet ordinals) {
            SegmentSummary known = summary;
            return known == null
                    || known.suspect()
                    || known.spans().stream().anyMatch(span -> ordinals.get(span.ordinal()));
        }

        boolean mayHold(int ordinal, long sequenceNumber) {
            SegmentSummary known = summary;
            return known == null
                    || known.spans().stream()
                            .anyMatch(span -> span.ordinal() == ordinal && span.next() > sequenceNumber);
        }
    }

    private synchronized List<Candidate> candidates(long lsnFrom) {
        List<Candidate> candidates = new ArrayList<>();
        for (SegmentSummary summary : closed.values()) {
            if (summary.nextLsn() > lsnFrom) {
                candidates.add(
                        new Candidate(summary.number(), summary.nextLsn(), summary, indexes.get(summary.number())));
            }
        }
        candidates.add(new Candidate(liveNumber, Long.MAX_VALUE, null, liveIndex));
        return candidates;
    }

    private SegmentIndex index(Candidate candidate) {
        SegmentIndex known = candidate.index();
        if (known != null) {
            return known;
        }
        SegmentIndex loaded = loadIndex(candidate);
        if (!loaded.isWhole() && !isReadable(candidate.number())) {
            loaded.doubt();
        }
        synchronized (this) {
            if (has(candidate.number())) {
                keepIndex(candidate.number(), loaded);
            }
        }
        return loaded;
    }

    private synchronized boolean has(int number) {
        return closed.containsKey(number);
    }

    private void keepIndex(int number, SegmentIndex index) {
        indexes.put(number, index);
        if (indexes.size() > INDEXES_MAX) {
            indexes.remove(indexes.keySet().iterator().next());
        }
    }

    private SegmentIndex loadIndex(Candidate candidate) {
        try {
            return readers.with(candidate.number(), reader -> {
                Optional<SegmentIndex> sealed = sealedIndex(reader);
                return sealed.isPresent() ? sealed.get() : scanIndex(reader, candidate);
            });
        } catch (NoSuchFileException e) {
            return lostIndex(candidate, e);
        } catch (SQLException e) {
            if (Sql.isDamage(e) || Sql.isUnreadable(e)) {
                return lostIndex(candidate, e);
            }
            throw unreadable(candidate.number(), e);
        } catch (IOException e) {
            throw unreadable(candidate.number(), e);
        }
    }

    private static StreamLogException unreadable(int number, Exception cause) {
        return new StreamLogException(
                StreamLogException.Category.RETRY,
                "segment " + number + " could not be read: " + cause.getMessage(),
                cause);
    }

    /** A file that is gone or no database: one block that cannot be read stands for all that it held. */
    private SegmentIndex lostIndex(Candidate candidate, Exception cause) {
        if (!has(candidate.number())) {
            return new SegmentIndex(); // below every horizon, and removed in between
        }
        Logger.error("Segment {} cannot be read at all: {}", candidate.number(), cause.toString());
        SegmentSummary summary = candidate.summary();
        return summary == null ? new SegmentIndex() : SegmentIndex.ofLost(summary);
    }

    private static Optional<SegmentIndex> sealedIndex(SegmentReader reader) throws SQLException {
        try {
            return reader.sealedIndex();
        } catch (SQLException | DamageException e) {
            LogFiles.throwUnlessDamage(e);
            // The blocks themselves say the same, at the price of reading them all.
            return Optional.empty();
        }
    }

    private SegmentIndex scanIndex(SegmentReader reader, Candidate candidate) throws SQLException {
        SegmentSummary summary = candidate.summary();
        Map<Integer, NumberRanges> told = Map.of();
        if (summary != null && summary.suspect()) {
            told = toldAfter(summary.number());
        }
        IndexScan scan = new IndexScan(summary, candidate.nextLsn(), told);
        reader.scan(scan);
        return scan.finish();
    }

    /** Of a segment that was damaged when the log was opened, the next one's first block tells what was missing then. */
    private Map<Integer, NumberRanges> toldAfter(int number) {
        Map<Integer, NumberRanges> told = new HashMap<>();
        try {
            long lsn = firstLsn(number + 1);
            for (Block block : has(number + 1) || number + 1 == liveNumber()
                    ? read(number + 1, lsn, lsn + 1, 1)
                    : List.<Block>of()) {
                for (ControlEntry entry : block.entries()) {
                    if (entry instanceof ControlEntry.HoleTold hole) {
                        told.computeIfAbsent(hole.ordinal(), ordinal -> new NumberRanges())
                                .add(hole.hole().fromInclusive(), hole.hole().toExclusive());
                    }
                }
            }
        } catch (SQLException | IOException | DamageException e) {
            Logger.debug("Nothing in segment {} tells of the one before: {}", number + 1, e.getMessage());
        }
        return told;
    }

    /**
     * Whether the medium gives back every byte of a segment. SQLite says of a page that it cannot get, as of one that is
     * not what it should be, that the database is malformed. Of the live one nobody can say: to close its file would drop
     * the locks that SQLite has on it.
     */
    boolean isReadable(int number) {
        return number != liveNumber() && SegmentFile.isReadable(SegmentFile.path(directory, number));
    }

    /** The index of a closed segment is made anew when it is needed next. */
    synchronized void forgetIndex(int number) {
        indexes.remove(number);
    }

    /** The index of a closed segment, read anew if it is not at hand. */
    SegmentIndex indexOf(SegmentSummary summary) {
        SegmentIndex known;
        synchronized (this) {
            known = indexes.get(summary.number());
        }
        return index(new Candidate(summary.number(), summary.nextLsn(), summary, known));
    }

    /** Where a segment's blocks begin. */
    synchronized long firstLsn(int number) {
        SegmentSummary summary = closed.get(number);
        return summary == null ? liveFirstLsn : summary.firstLsn();
    }

    /** Where a segment's blocks end. */
    synchronized long nextLsn(int number) {
        SegmentSummary summary = closed.get(number);
        return summary == null ? Long.MAX_VALUE : summary.nextLsn();
    }

    /** Reads blocks of one segment; see {@link SegmentReader#read}. */
    List<Block> read(int number, long lsnFrom, long lsnEnd, int bytesMax) throws SQLException, IOException {
        return readers.with(number, reader -> reader.read(lsnFrom, lsnEnd, bytesMax));
    }

    /** A connection to a segment; whoever else needs the place may close it at any time. */
    SegmentReader reader(int number) throws SQLException, IOException {
        return readers.reader(number);
    }

    synchronized long bytesOnDisk() {
        long bytes = SegmentFile.bytesOnDisk(directory, liveNumber);
        for (int number : closed.keySet()) {
            bytes += SegmentFile.bytesOnDisk(directory, number);
        }
        return bytes;
    }

    @Override
    public void close() {
        readers.close();
    }
}
