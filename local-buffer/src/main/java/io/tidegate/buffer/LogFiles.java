package io.tidegate.buffer;

import io.tidegate.core.stream.StreamLogException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.tinylog.Logger;

/**
 * The files of a log, looked at without changing or adding one, also beside a running gateway.
 *
 * <p>Confined to one thread.
 */
final class LogFiles {
    /** Files may be sealed or removed by a running gateway while they are looked at: then the look starts again. */
    private static final int ATTEMPTS_MAX = 3;

    private final Path directory;
    private final LogEncryption encryption;

    private LogFiles(Path directory, LogEncryption encryption) {
        this.directory = directory;
        this.encryption = encryption;
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
    static <T> T look(Path directory, LogEncryption encryption, Look<T> look) {
        return look(directory, encryption, look, found -> true);
    }

    /**
     * The same; what does not look sound is looked at again if a running gateway has removed, rewritten or added a segment
     * meanwhile.
     */
    static <T> T look(Path directory, LogEncryption encryption, Look<T> look, Predicate<T> isSound) {
        if (!Files.isDirectory(directory)) {
            throw new StreamLogException(StreamLogException.Category.REJECT, "there is no log in " + directory);
        }
        try {
            Sql.unpackBeside(directory);
            ZstdLibrary.unpackBeside(directory);
            for (int attempt = 1; ; attempt++) {
                try {
                    LogFiles files = new LogFiles(directory, encryption);
                    List<String> before = files.marks();
                    T found = look.at(files);
                    if (attempt == ATTEMPTS_MAX || isSound.test(found) || before.equals(files.marks())) {
                        return found;
                    }
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

    /** Changes when a segment comes, goes, is sealed or is rewritten, and not with every commit. */
    private List<String> marks() throws IOException {
        List<String> marks = new ArrayList<>();
        List<Integer> numbers = numbers();
        for (int number : numbers) {
            String mark = String.valueOf(number);
            if (number != numbers.get(numbers.size() - 1)) {
                BasicFileAttributes file = Files.readAttributes(path(number), BasicFileAttributes.class);
                mark += " " + file.fileKey() + " " + file.size() + " " + file.lastModifiedTime();
            }
            marks.add(mark);
        }
        return marks;
    }

    /** The numbers of the segments, in order; at least one. */
    List<Integer> numbers() throws IOException {
        List<Integer> numbers = SegmentFile.list(directory);
        if (numbers.isEmpty()) {
            throw new StreamLogException(StreamLogException.Category.REJECT, "there is no log in " + directory);
        }
        return numbers;
    }

    /** Which key each segment is under. */
    SegmentKeys keys() throws IOException {
        return SegmentKeys.look(directory);
    }

    /**
     * Ends the look where a key is missing.
     *
     * @throws StreamLogException of category reject that says which
     */
    void requireKeys() throws IOException {
        keys().require(
                        directory,
                        encryption,
                        StreamLogException.Category.REJECT,
                        "name the key's file with --key FILE; it may be given more than once");
    }

    LogEncryption encryption() {
        return encryption;
    }

    /** For what a segment holds. */
    Decryptor decryptor(int number, Connection connection) {
        return encryption.decryptor(number, SegmentKeys.of(connection));
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
     * What the log knows beside its records: from the newest segment whose copy of it can be read, and the commits after.
     *
     * @throws StreamLogException of category reject if no segment says it
     */
    LogState state() throws IOException, SQLException {
        List<Integer> numbers = numbers();
        for (int i = numbers.size() - 1; i >= 0; i--) {
            LogState state = new LogState();
            if (restore(numbers.get(i), state)) {
                for (int number : numbers.subList(i, numbers.size())) {
                    scan(number, Long.MAX_VALUE, new StateFold(state));
                }
                return state;
            }
        }
        throw new StreamLogException(
                StreamLogException.Category.REJECT,
                "no segment in " + directory + " can be read; 'tidegate log check' says why");
    }

    private boolean restore(int number, LogState state) throws IOException, SQLException {
        try (Connection connection = open(number)) {
            SegmentFile.checkFormat(connection, path(number));
            SegmentFile.readSnapshot(connection, decryptor(number, connection)).forEach(state::fold);
            return true;
        } catch (SQLException | DamageException e) {
            throwUnlessDamage(e);
            return false;
        }
    }

    static void throwUnlessDamage(Exception failure) throws SQLException {
        if (failure instanceof SQLException sql && !Sql.isDamage(sql) && !Sql.isUnreadable(sql)) {
            throw sql;
        }
    }

    /** Shows the sound blocks of a segment before an LSN, in order, and what is damaged. */
    void scan(int number, long endLsn, BlockScan.Sink sink) throws IOException, SQLException {
        if (isLost(number)) {
            sink.damaged(-1, "the file is missing or empty");
            return;
        }
        try (Connection connection = open(number);
                BlockUnpacker unpacker = new BlockUnpacker(decryptor(number, connection))) {
            BlockScan.scan(connection, unpacker, new Ending(sink, endLsn));
        } catch (SQLException | DamageException e) {
            throwUnlessDamage(e);
            sink.damaged(-1, String.valueOf(e.getMessage()));
        }
    }

    /** Passes on what comes before an LSN. */
    private record Ending(BlockScan.Sink sink, long endLsn) implements BlockScan.Sink {
        @Override
        public void sound(Block block) {
            if (block.lsn() < endLsn) {
                sink.sound(block);
            }
        }

        @Override
        public void damaged(long lsn, String cause) {
            if (lsn < endLsn) {
                sink.damaged(lsn, cause);
            }
        }
    }

    /** Folds what can be folded. */
    private record StateFold(LogState state) implements BlockScan.Sink {
        @Override
        public void sound(Block block) {
            try {
                state.fold(block);
            } catch (DamageException | IllegalArgumentException e) {
                Logger.debug(e, "Commit {} does not fit to those before it", block.lsn());
            }
        }

        @Override
        public void damaged(long lsn, String cause) {
            Logger.debug("A commit cannot be read: {}", cause);
        }
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
