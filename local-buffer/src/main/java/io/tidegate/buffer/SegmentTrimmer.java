package io.tidegate.buffer;

import io.tidegate.core.stream.StreamLogException;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongSupplier;
import org.tinylog.Logger;

/**
 * Finds sealed segments of which more than half is below the horizons, and has them rewritten, one at a time.
 *
 * <p>Confined to the log's keeper.
 */
final class SegmentTrimmer {
    /** One that cannot be read or written is not tried again for so long: the others must not wait for it. */
    private static final long ASIDE_NANOS = Duration.ofHours(1).toNanos();
    /** The same where the disk is short: what cannot be rewritten gives no room, and more would be given up. */
    private static final long ASIDE_IF_SHORT_NANOS = Duration.ofMinutes(1).toNanos();

    private final LogReading log;
    private final Compression compression;
    private final LongSupplier poweredOnNanos;
    private final Map<Integer, Seen> seen = new HashMap<>();
    private final Set<Integer> unfit = new HashSet<>();
    /** Until when those that failed are set aside. */
    private final Map<Integer, Long> aside = new HashMap<>();

    /** What was found at a look: where horizons cross the segment, what is above them, and what the file holds. */
    private record Seen(List<Long> horizons, long keptBytes, long bytesInFile, boolean isShort) {}

    /**
     * @param poweredOnNanos how long the log has been open in its whole life
     */
    SegmentTrimmer(LogReading log, Compression compression, LongSupplier poweredOnNanos) {
        this.log = log;
        this.compression = compression;
        this.poweredOnNanos = poweredOnNanos;
    }

    /**
     * Rewrites one segment, if there is one to rewrite. True: look again.
     *
     * @param isShort the disk is: a tenth below the horizons is worth a rewrite
     */
    boolean trim(boolean isShort) {
        SegmentStore store = log.store();
        List<SegmentSummary> closed = store.closedSegments();
        List<Integer> numbers = closed.stream().map(SegmentSummary::number).toList();
        seen.keySet().retainAll(numbers);
        aside.keySet().retainAll(numbers);
        for (SegmentSummary summary : closed) {
            // The newest but one stays whole: the live one's snapshot can be made again from it.
            if (summary.suspect() || summary.number() >= store.liveNumber() - 1 || unfit.contains(summary.number())) {
                continue;
            }
            if (!isAside(summary.number()) && isDueOrFails(summary, isShort) && rewrite(summary)) {
                return true;
            }
        }
        return false;
    }

    private boolean isAside(int number) {
        Long until = aside.get(number);
        return until != null && poweredOnNanos.getAsLong() < until;
    }

    private void setAside(int number, Exception cause, boolean isShort) {
        seen.remove(number);
        long until = poweredOnNanos.getAsLong() + (isShort ? ASIDE_IF_SHORT_NANOS : ASIDE_NANOS);
        if (aside.put(number, until) == null) {
            Logger.warn(
                    "Segment {} is rewritten later: {}",
                    SegmentFile.path(log.store().directory(), number),
                    cause.toString());
        }
    }

    private boolean isDueOrFails(SegmentSummary summary, boolean isShort) {
        try {
            return isDue(summary, isShort);
        } catch (IOException | StreamLogException e) {
            setAside(summary.number(), e, false);
            return false;
        }
    }

    private boolean isDue(SegmentSummary summary, boolean isShort) throws IOException {
        List<Long> horizons = summary.spans().stream().map(this::horizonWithin).toList();
        boolean isUntouched = true;
        for (int i = 0; i < horizons.size(); i++) {
            isUntouched &= horizons.get(i) <= summary.spans().get(i).first();
        }
        Seen before = seen.get(summary.number());
        if (isUntouched || (before != null && before.horizons().equals(horizons) && before.isShort() == isShort)) {
            return false;
        }
        Path file = SegmentFile.path(log.store().directory(), summary.number());
        if (SegmentFile.isInWalMode(file)) {
            return false;
        }
        SegmentIndex index = log.store().indexOf(summary);
        if (!index.isWhole()) {
            unfit.add(summary.number());
            return false;
        }
        long kept = index.bytes(this::isKept);
        long inFile = before == null ? inFile(file, index) : before.bytesInFile();
        seen.put(summary.number(), new Seen(horizons, kept, inFile, isShort));
        return isShort ? kept < inFile / 10 * 9 : kept < inFile / 2;
    }

    private static long inFile(Path file, SegmentIndex index) throws IOException {
        try {
            return SegmentRewrite.lastKept(file).orElseGet(() -> index.bytes(run -> true));
        } catch (SQLException e) {
            throw new IOException("segment " + file + " cannot be looked at: " + e.getMessage(), e);
        }
    }

    private long horizonWithin(SegmentSummary.Span span) {
        Optional<ShardState> shard = log.state().shardState(span.ordinal());
        long horizon = shard.map(known -> log.state().counters(known).horizon()).orElse(Long.MAX_VALUE);
        return Math.max(span.first(), Math.min(span.next(), horizon));
    }

    private boolean isKept(Run run) {
        return log.state()
                .shardState(run.ordinal())
                .map(shard ->
                        run.nextSequenceNumber() > log.state().counters(shard).horizon())
                .orElse(false);
    }

    private boolean rewrite(SegmentSummary summary) {
        SegmentStore store = log.store();
        int number = summary.number();
        Path file = SegmentFile.path(store.directory(), number);
        long before = file.toFile().length();
        Seen found = Objects.requireNonNull(seen.get(number));
        try (SegmentRewrite rewrite =
                new SegmentRewrite(store.directory(), number, this::isKept, compression, store.encryption())) {
            rewrite.run(found.keptBytes());
            store.meter().created(file.toFile().length());
            store.keys().written(number, store.encryption().currentKeyId());
            store.dropReaders(number);
            seen.put(number, new Seen(found.horizons(), found.keptBytes(), found.keptBytes(), found.isShort()));
            aside.remove(number);
            Logger.debug(
                    "Segment {} has been rewritten: {} bytes, {} before",
                    number,
                    file.toFile().length(),
                    before);
            return true;
        } catch (DamageException e) {
            // Readers find the damage, too, and tell it; nothing of the file may go before.
            unfit.add(number);
            Logger.warn("Segment {} is not rewritten: {}", file, e.getMessage());
        } catch (SQLException e) {
            if (Sql.isDamage(e)) {
                unfit.add(number);
            }
            setAside(number, e, found.isShort() || Sql.isFull(e));
        } catch (IOException e) {
            setAside(number, e, found.isShort());
        }
        return false;
    }
}
