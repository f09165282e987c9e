package io.tidegate.buffer;

import io.tidegate.core.stream.LossLedger;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StreamLogException;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What a log holds, in figures, from the indexes of its segments; also beside a running gateway. Nothing is changed.
 *
 * <p>Confined to one thread.
 */
public final class LogStatistics {
    private final LogFiles files;
    private final Map<Integer, Tally> tallies = new TreeMap<>();
    private long blocks;
    private long unreadable;

    private LogStatistics(LogFiles files) {
        this.files = files;
    }

    /**
     * One shard, as far as it is retained.
     *
     * @param payloadBytes data and partition keys of the records
     * @param oldestMillis effective time of the oldest commit with records of it; 0: none
     * @param newestMillis of the newest
     * @param segments how many have records of it
     * @param blocks how many have records of it
     */
    public record Shard(
            ShardId id,
            LossLedger ledger,
            long payloadBytes,
            long oldestMillis,
            long newestMillis,
            int segments,
            long blocks) {}

    /**
     * The whole log.
     *
     * @param bytesOnDisk of all segments and write-ahead logs
     * @param unreadableSegments of which some commits could not be read
     * @param segmentsByKey per id of a key how many segments are encrypted with it, in order
     */
    public record Report(
            int segments,
            long blocks,
            long bytesOnDisk,
            long unreadableSegments,
            List<Shard> shards,
            SortedMap<String, Integer> segmentsByKey) {
        public Report {
            segmentsByKey = Collections.unmodifiableSortedMap(new TreeMap<>(segmentsByKey));
            shards = List.copyOf(shards);
        }

        public long records() {
            return shards.stream().mapToLong(shard -> shard.ledger().retained()).sum();
        }

        public long payloadBytes() {
            return shards.stream().mapToLong(Shard::payloadBytes).sum();
        }
    }

    private static final class Tally {
        private long bytes;
        private long oldestMillis;
        private long newestMillis;
        private int segments;
        private long blocks;
        private int lastSegment;
    }

    /**
     * Looks at {@code HOME/log}.
     *
     * @throws StreamLogException of category reject if there is no log or a key of it is missing, of category retry if it
     *     could not be read
     */
    public static Report of(Path directory, LogEncryption encryption) {
        return LogFiles.look(
                directory,
                encryption,
                files -> new LogStatistics(files).report(),
                report -> report.unreadableSegments() == 0);
    }

    private Report report() throws IOException, SQLException {
        files.requireKeys();
        LogState state = files.state();
        Map<Integer, Long> ends = new HashMap<>();
        state.segments().forEach(summary -> ends.put(summary.number(), summary.nextLsn()));
        List<Integer> numbers = files.numbers();
        long bytes = 0;
        for (int number : numbers) {
            long end = ends.getOrDefault(number, state.lastLsn() + 1);
            index(number).forEach(entry -> count(number, entry, end, state));
            bytes += files.bytes(number);
        }
        List<Shard> shards = new ArrayList<>();
        for (ShardState shard : state.allShards()) {
            Tally tally = tallies.getOrDefault(shard.ordinal(), new Tally());
            shards.add(new Shard(
                    shard.id(),
                    state.ledger(shard),
                    tally.bytes,
                    tally.oldestMillis,
                    tally.newestMillis,
                    tally.segments,
                    tally.blocks));
        }
        return new Report(
                numbers.size(), blocks, bytes, unreadable, shards, files.keys().byName());
    }

    private SegmentIndex index(int number) throws IOException, SQLException {
        if (!files.isLost(number)) {
            try (Connection connection = files.open(number);
                    Statement statement = connection.createStatement()) {
                Optional<byte[]> sealed = SegmentFile.readSeal(statement);
                if (sealed.isPresent()) {
                    return SegmentIndex.decode(sealed.get());
                }
            } catch (SQLException | DamageException e) {
                LogFiles.throwUnlessDamage(e);
            } catch (NoSuchFileException e) {
                return new SegmentIndex(); // removed by a running gateway in the meantime
            }
        }
        Scanned scanned = new Scanned();
        files.scan(number, Long.MAX_VALUE, scanned);
        unreadable += scanned.isDamaged ? 1 : 0;
        return scanned.index;
    }

    private static final class Scanned implements BlockScan.Sink {
        private final SegmentIndex index = new SegmentIndex();
        private boolean isDamaged;

        @Override
        public void sound(Block block) {
            index.add(block);
        }

        @Override
        public void damaged(long lsn, String cause) {
            isDamaged = true;
        }
    }

    private void count(int segment, SegmentIndex.Entry entry, long endLsn, LogState state) {
        if (entry.lsn() >= endLsn) {
            return;
        }
        blocks++;
        for (Run run : entry.runs()) {
            Optional<ShardState> shard = state.shardState(run.ordinal());
            if (shard.isEmpty()
                    || run.nextSequenceNumber() <= state.counters(shard.get()).horizon()) {
                continue;
            }
            Tally tally = tallies.computeIfAbsent(run.ordinal(), ordinal -> new Tally());
            tally.bytes += run.bytes();
            tally.oldestMillis = tally.blocks == 0 ? entry.timeMillis() : tally.oldestMillis;
            tally.newestMillis = entry.timeMillis();
            tally.blocks++;
            if (tally.lastSegment != segment) {
                tally.lastSegment = segment;
                tally.segments++;
            }
        }
    }
}
