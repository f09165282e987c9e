package io.tidegate.buffer;

import io.tidegate.core.stream.Gap;
import io.tidegate.core.stream.GapReason;
import io.tidegate.core.stream.LogEntry;
import io.tidegate.core.stream.RecordJson;
import io.tidegate.core.stream.StreamLogException;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamRecord;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.tinylog.Logger;

/**
 * Writes what a log holds as lines of JSON ({@link RecordJson}), in commit order, also beside a running gateway: the log
 * as it is when the export begins. Nothing in the log is changed. What is missing is a line, too, in its place within
 * its shard.
 *
 * <p>Confined to one thread.
 */
public final class LogExport {
    private final LogFiles files;
    private final Selection selection;
    private final OutputStream out;
    private final ByteArrayOutputStream line = new ByteArrayOutputStream();
    /** Per selected shard's ordinal, the number that comes next. */
    private final Map<Integer, Long> next = new HashMap<>();

    /** As it was when the export began. */
    private LogState state = new LogState();
    /** As it was when something was missing. */
    private LogState newest = state;
    /** That has been in this segment. */
    private boolean isLookedUp;

    private long records;
    private long gaps;

    private LogExport(LogFiles files, Selection selection, OutputStream out) {
        this.files = files;
        this.selection = selection;
        this.out = out;
    }

    /**
     * What to write.
     *
     * @param streams empty: all
     * @param shard only the shard with this number of each stream; negative: all
     * @param fromInclusive the first sequence number; 0: what is retained
     * @param toExclusive the sequence number to stop before
     * @param limit at most so many records
     */
    public record Selection(Set<StreamName> streams, int shard, long fromInclusive, long toExclusive, long limit) {
        public Selection {
            streams = Set.copyOf(streams);
            if (fromInclusive < 0 || toExclusive < fromInclusive || limit < 0) {
                throw new IllegalArgumentException("not a selection: numbers [" + fromInclusive + ", " + toExclusive
                        + "), at most " + limit + " records");
            }
        }

        /** Everything that is retained. */
        public static Selection all() {
            return new Selection(Set.of(), -1, 0, Long.MAX_VALUE, Long.MAX_VALUE);
        }

        private boolean has(ShardState shardState) {
            return (streams.isEmpty() || streams.contains(shardState.id().stream()))
                    && (shard < 0 || shard == shardState.id().number());
        }
    }

    /** How many lines of each kind were written. */
    public record Written(long records, long gaps) {}

    /**
     * Exports from {@code HOME/log}.
     *
     * @throws StreamLogException of category reject if there is no log, it has not what was asked for, or a key of it
     *     is missing, of category retry if it could not be read
     * @throws UncheckedIOException if the lines could not be written
     */
    public static Written run(Path directory, LogEncryption encryption, Selection selection, OutputStream out) {
        return LogFiles.look(directory, encryption, files -> new LogExport(files, selection, out).export());
    }

    private Written export() throws IOException, SQLException {
        files.requireKeys();
        state = files.state();
        newest = state;
        for (ShardState shard : state.allShards()) {
            if (selection.has(shard)) {
                long horizon = state.counters(shard).horizon();
                next.put(shard.ordinal(), selection.fromInclusive() == 0 ? horizon : selection.fromInclusive());
            }
        }
        if (next.isEmpty()) {
            throw new StreamLogException(
                    StreamLogException.Category.REJECT, "the log has no such stream or shard: " + selection);
        }
        Map<Integer, Long> ends = new HashMap<>();
        state.segments().forEach(summary -> ends.put(summary.number(), summary.nextLsn()));
        for (int number : files.numbers()) {
            if (records < selection.limit()) {
                isLookedUp = false;
                scan(number, ends.getOrDefault(number, state.lastLsn() + 1));
            }
        }
        if (records < selection.limit()) {
            isLookedUp = false;
            for (ShardState shard : state.allShards()) {
                if (next.containsKey(shard.ordinal())) {
                    tellMissing(
                            shard,
                            Math.min(
                                    selection.toExclusive(),
                                    state.counters(shard).next()));
                }
            }
        }
        return new Written(records, gaps);
    }

    private void scan(int number, long endLsn) throws IOException, SQLException {
        try {
            files.scan(number, endLsn, new BlockScan.Sink() {
                @Override
                public void sound(Block block) {
                    if (block.runs().stream().anyMatch(run -> next.containsKey(run.ordinal()))) {
                        block.records(state).forEach(record -> take(record));
                    }
                }

                @Override
                public void damaged(long lsn, String cause) {
                    // Told by the numbers that do not come.
                }
            });
        } catch (NoSuchFileException e) {
            // Removed by a running gateway in the meantime: below every horizon by now.
            files.numbers();
        }
    }

    private void take(StreamRecord record) {
        Optional<ShardState> shard = state.find(record.shard());
        Long expected = shard.map(found -> next.get(found.ordinal())).orElse(null);
        long number = record.sequenceNumber();
        if (expected == null
                || number < expected
                || number < state.counters(shard.get()).horizon()
                || number >= selection.toExclusive()
                || records >= selection.limit()) {
            return;
        }
        tellMissing(shard.get(), number);
        write(record);
        records++;
        next.put(shard.get().ordinal(), number + 1);
    }

    private void tellMissing(ShardState shard, long until) {
        long from = next.getOrDefault(shard.ordinal(), until);
        if (from < until) {
            for (Gap gap : gaps(shard, from, until)) {
                write(gap);
                gaps++;
            }
            next.put(shard.ordinal(), until);
        }
    }

    /** What a running gateway has given up since the export began is no damage: only the state as it is now says so. */
    private List<Gap> gaps(ShardState shard, long from, long until) {
        if (!isLookedUp && !isExplained(shard, from, until)) {
            isLookedUp = true;
            try {
                newest = files.state();
            } catch (IOException | SQLException e) {
                Logger.warn("Why {} lacks records is told as it was before: {}", shard, e.getMessage());
            }
        }
        Optional<ShardState> now = newest.find(shard.id());
        if (now.isPresent()) {
            return ShardGaps.between(newest, now.get(), from, until);
        }
        long records = Math.min(until - from, state.counters(shard).appended());
        return List.of(new Gap(
                shard.id(), from, until, records, records == until - from, GapReason.EXPIRED, newest.lastTimeMillis()));
    }

    private boolean isExplained(ShardState shard, long from, long until) {
        return newest.find(shard.id())
                .map(known -> {
                    long kept = Math.max(from, newest.counters(known).horizon());
                    return newest.holes(known)
                            .missing(kept, Math.max(kept, until))
                            .isEmpty();
                })
                .orElse(false);
    }

    private void write(LogEntry entry) {
        line.reset();
        RecordJson.write(entry, RecordJson.Form.FULL, line);
        line.write('\n');
        try {
            line.writeTo(out);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
