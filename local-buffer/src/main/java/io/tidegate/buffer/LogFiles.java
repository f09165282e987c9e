package io.tidegate.buffer;

import io.tidegate.core.stream.StreamLogException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;

/**
 * The files of a log, looked at without changing or adding one, also beside a running gateway.
 *
 * <p>Confined to one thread.
 */
final class LogFiles {
    /** Files may be sealed or removed by a running gateway while they are looked at: then the look starts again. */
    private static final int ATTEMPTS_MAX = 3;

    private final Path directory;

    private LogFiles(Path directory) {
        this.directory = directory;
    }

    /** Something that is found out about a whole log. */
    @FunctionalInterface
    interface Look<T> {
        T at(LogFiles files) throws IOException, SQLException;
    }

    /**
     * Looks at {@code HOME/log}.
     *
     * @throws StreamLogException of category reject if there is no log, of category retry if it could not be read
     */
    static <T> T look(Path directory, Look<T> look) {
        if (!Files.isDirectory(directory)) {
            throw new StreamLogException(StreamLogException.Category.REJECT, "there is no log in " + directory);
        }
        try {
            Sql.unpackBeside(directory);
            ZstdLibrary.unpackBeside(directory);
            for (int attempt = 1; ; attempt++) {
                try {
                    return look.at(new LogFiles(directory));
                } catch (NoSuchFileException e) {
                    if (attempt == ATTEMPTS_MAX) {
                        throw e;
                    }
                }
            }
        } catch (IOException | SQLException e) {
            throw new StreamLogException(
                    StreamLogException.Category.RETRY,
                    "the log in " + directory + " could not be read: " + e.getMessage(),
                    e);
        }
    }

    /** The numbers of the segments, in order; at least one. */
    List<Integer> numbers() throws IOException {
        List<Integer> numbers = SegmentFile.list(directory);
        if (numbers.isEmpty()) {
            throw new StreamLogException(StreamLogException.Category.REJECT, "there is no log in " + directory);
        }
        return numbers;
    }

    Path path(int number) {
        return SegmentFile.path(directory, number);
    }

    long bytes(int number) {
        return SegmentFile.bytesOnDisk(directory, number);
    }

    boolean isLost(int number) {
        return LostSegments.isLost(directory, number);
    }

    /**
     * A connection that only reads. Where nobody has a write-ahead log, none is made: SQLite would leave one behind.
     */
    Connection open(int number) throws IOException, SQLException {
        Path file = path(number);
        boolean isQuiet = !SegmentFile.isInWalMode(file) || !Files.exists(SegmentFile.walPath(file));
        return isQuiet ? Sql.openImmutable(file) : Sql.openReadOnly(file);
    }
}
