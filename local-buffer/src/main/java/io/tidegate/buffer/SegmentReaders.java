package io.tidegate.buffer;

import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntPredicate;

/**
 * A few read-only connections to segments; the one that was used least recently makes room.
 *
 * <p>Guarded by its own lock; reading, opening and closing files do not hold it.
 */
final class SegmentReaders implements AutoCloseable {
    private static final int READERS_MAX = 4;

    private final Path directory;
    private final LogEncryption encryption;
    private final IntPredicate isLive;
    private final LinkedHashMap<Integer, SegmentReader> readers = new LinkedHashMap<>(8, 0.75f, true);
    /** Counts what {@link #drop} was asked for: a connection that was opened meanwhile may be to the old file. */
    private int drops;

    /**
     * @param isLive whether a segment is the one that is written
     */
    SegmentReaders(Path directory, LogEncryption encryption, IntPredicate isLive) {
        this.directory = directory;
        this.encryption = encryption;
        this.isLive = isLive;
    }

    /** Something that is read from a segment. */
    @FunctionalInterface
    interface Reading<T> {
        T from(SegmentReader reader) throws SQLException;
    }

    <T> T with(int number, Reading<T> reading) throws SQLException, IOException {
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
            SegmentReader opened = open(number);
            List<SegmentReader> replaced = keep(number, opened, dropsBefore);
            replaced.forEach(SegmentReader::close);
            if (!replaced.contains(opened)) {
                return opened;
            }
        }
    }

    private SegmentReader open(int number) throws SQLException, IOException {
        Path file = SegmentFile.path(directory, number);
        if (LostSegments.isLost(directory, number)) {
            throw new NoSuchFileException(file.toString());
        }
        boolean isQuiet = !isLive.test(number) && !SegmentFile.isInWalMode(file);
        try {
            return SegmentReader.open(file, isQuiet, encryption);
        } catch (SQLException e) {
            // The keeper removes what is below every horizon at any time, also between the look and the opening.
            if (LostSegments.isLost(directory, number)) {
                NoSuchFileException gone = new NoSuchFileException(file.toString());
                gone.initCause(e);
                throw gone;
            }
            throw e;
        }
    }

    /** Returns the connections to be closed; the one just opened is one of them if something has happened meanwhile. */
    private synchronized List<SegmentReader> keep(int number, SegmentReader opened, int dropsBefore) {
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

    /** Closes the connection to one segment; the next read opens it again, in whatever mode it then has. */
    void drop(int number) {
        SegmentReader reader;
        synchronized (this) {
            drops++;
            reader = readers.remove(number);
        }
        if (reader != null) {
            reader.close();
        }
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
