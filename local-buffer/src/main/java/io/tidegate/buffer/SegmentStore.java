package io.tidegate.buffer;

import io.tidegate.core.stream.StreamLogException;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.BitSet;
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
    private static final int READERS_MAX = 4;
    private static final int INDEXES_MAX = 2;

    private final Path directory;
    private final WriteMeter meter = new WriteMeter();
    private final TreeMap<Integer, SegmentSummary> closed = new TreeMap<>();
    private final LinkedHashMap<Integer, SegmentReader> readers = new LinkedHashMap<>(8, 0.75f, true);
    private final LinkedHashMap<Integer, SegmentIndex> indexes = new LinkedHashMap<>(8, 0.75f, true);
    /** Counts what {@link #dropReaders} was asked for: a connection that was opened meanwhile may be to the old file. */
    private int drops;

    private int liveNumber;
    private long liveFirstLsn;
    private SegmentIndex liveIndex = new SegmentIndex();

    SegmentStore(Path directory) {
        this.directory = directory;
    }

    Path directory() {
        return directory;
    }

    WriteMeter meter() {
        return meter;
    }

    /** Where a block was found by an index. */
    record Found(int segment, SegmentIndex.Entry entry) {}

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
        dropReaders(number);
    }

    /** Closes the connections to one segment; the next read opens it again, in whatever mode it then has. */
    void dropReaders(int number) {
        SegmentReader reader;
        synchronized (this) {
            drops++;
            reader = readers.remove(number);
        }
        if (reader != null) {
            reader.close();
        }
    }

    /** The first block from an LSN on with records of one of these shards, or that tells of a hole. */
    Optional<Found> nextWith(BitSet ordinals, long lsnFrom) {
        for (Candidate candidate : candidates(lsnFrom)) {
            if (candidate.mayHold(ordinals)) {
                SegmentIndex index = index(candidate);
                SegmentIndex.Entry entry = index.nextWith(ordinals, lsnFrom);
                if (entry != null && entry.lsn() < candidate.nextLsn()) {
                    return Optional.of(new Found(candidate.number(), entry));
                }
            }
        }
        return Optional.empty();
    }

    /** The first block from an LSN on that has this number of this shard, or a greater one. */
    Optional<Found> nextOf(int ordinal, long sequenceNumber, long lsnFrom) {
        for (Candidate candidate : candidates(lsnFrom)) {
            if (candidate.mayHold(ordinal, sequenceNumber)) {
                SegmentIndex.Entry entry = index(candidate).nextOf(ordinal, sequenceNumber, lsnFrom);
                if (entry != null && entry.lsn() < candidate.nextLsn()) {
                    return Optional.of(new Found(candidate.number(), entry));
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
            return with(candidate.number(), reader -> {
                Optional<SegmentIndex> sealed = sealedIndex(reader);
                return sealed.isPresent() ? sealed.get() : scanIndex(reader, candidate);
            });
        } catch (NoSuchFileException e) {
            return lostIndex(candidate, e);
        } catch (SQLException e) {
            if (Sql.isDamage(e)) {
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

    private static SegmentIndex scanIndex(SegmentReader reader, Candidate candidate) throws SQLException {
        IndexScan scan = new IndexScan(candidate.summary(), candidate.nextLsn());
        reader.scan(scan);
        return scan.finish();
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
        return with(number, reader -> reader.read(lsnFrom, lsnEnd, bytesMax));
    }

    /** Something that is read from a segment. */
    @FunctionalInterface
    private interface Reading<T> {
        T from(SegmentReader reader) throws SQLException;
    }

    private <T> T with(int number, Reading<T> reading) throws SQLException, IOException {
        while (true) {
            SegmentReader reader = reader(number);
            try {
                return reading.from(reader);
            } catch (SQLException e) {
                // Pushed out by other readers, or for the sealing, in between: open it again.
                if (!reader.isClosed()) {
                    throw e;
                }
            }
        }
    }

    /** A connection to a segment; whoever else needs the place may close it at any time. */
    SegmentReader reader(int number) throws SQLException, IOException {
        while (true) {
            SegmentReader known;
            int dropsBefore;
            synchronized (this) {
                known = readers.get(number);
                dropsBefore = drops;
            }
            if (known != null && !known.isBroken()) {
                return known;
            }
            SegmentReader opened = openReader(number);
            List<SegmentReader> replaced = keepReader(number, opened, dropsBefore);
            replaced.forEach(SegmentReader::close);
            if (!replaced.contains(opened)) {
                return opened;
            }
        }
    }

    private SegmentReader openReader(int number) throws SQLException, IOException {
        Path file = SegmentFile.path(directory, number);
        if (LostSegments.isLost(directory, number)) {
            throw new NoSuchFileException(file.toString());
        }
        boolean isQuiet = number != liveNumber() && !SegmentFile.isInWalMode(file);
        return SegmentReader.open(file, isQuiet);
    }

    /** Returns the connections to be closed; the one just opened is one of them if something has happened meanwhile. */
    private synchronized List<SegmentReader> keepReader(int number, SegmentReader opened, int dropsBefore) {
        SegmentReader known = readers.get(number);
        if (drops != dropsBefore || (known != null && !known.isBroken())) {
            return List.of(opened);
        }
        List<SegmentReader> replaced = new ArrayList<>();
        if (known != null) {
            replaced.add(known);
        }
        readers.put(number, opened);
        if (readers.size() > READERS_MAX) {
            Map.Entry<Integer, SegmentReader> oldest =
                    readers.entrySet().iterator().next();
            readers.remove(oldest.getKey());
            replaced.add(oldest.getValue());
        }
        return replaced;
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
        List<SegmentReader> last;
        synchronized (this) {
            last = List.copyOf(readers.values());
            readers.clear();
        }
        last.forEach(SegmentReader::close);
    }
}
