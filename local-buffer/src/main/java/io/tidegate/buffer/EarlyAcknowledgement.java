package io.tidegate.buffer;

import io.tidegate.core.stream.AppendResult;
import io.tidegate.core.stream.GapReason;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.StreamName;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import org.tinylog.Logger;

/**
 * Which records are acknowledged before their commit, and what became of them; "Early acknowledgement" in
 * docs/design/0006-quotas-consumers-received.md. Before the first is, a mark in the log says how much may be lost; it is
 * taken away when the log is closed and nothing is.
 *
 * <p>Thread-safe. Its lock is held while a record is queued, and never while anybody is answered.
 */
final class EarlyAcknowledgement {
    /** State: a line for each stream, its name and how many bytes of it may be lost. */
    static final String MARK = "_log/received";

    /** What the smallest record weighs. */
    private static final int WEIGHT_MIN =
            NewRecord.of(StreamName.TELEMETRY, "k", Payload.EMPTY).weightBytes();

    private static final int UNIT_WEIGHT_BYTES = 512;

    private final LogState state;
    private final CommitQueue queue;
    /** What the mark in the log allows, as far as the settings still want it. Replaced as a whole. */
    private volatile Map<StreamName, Long> allowed = Map.of();
    // All guarded by this.
    private final Map<StreamName, Long> outstanding = new HashMap<>();
    private final Map<ShardState, Long> lost = new HashMap<>();
    private String marked = "";
    private boolean isMarking;
    private boolean isTelling;
    private boolean closed;

    EarlyAcknowledgement(LogState state, CommitQueue queue) {
        this.state = state;
        this.queue = queue;
    }

    /** What may have been lost when the log was not closed: to be told first, with the mark taken away. */
    static List<ControlEntry> mayBeLost(LogState state) {
        List<ControlEntry> entries = new ArrayList<>();
        for (Map.Entry<StreamName, Long> one : parse(text(state)).entrySet()) {
            Logger.warn(
                    "The log was not closed: up to {} bytes of '{}' that were acknowledged early may be lost",
                    one.getValue(),
                    one.getKey());
            state.stream(one.getKey()).stream()
                    .flatMap(stream -> stream.shards().stream())
                    .filter(ShardState::isOpen)
                    .forEach(shard -> entries.add(told(state, shard, one.getValue() / WEIGHT_MIN)));
        }
        if (!entries.isEmpty() || !text(state).isEmpty()) {
            entries.add(new ControlEntry.StateSet(MARK, null));
        }
        return entries;
    }

    private static String text(LogState state) {
        return state.state(MARK).map(Payload::utf8).orElse("");
    }

    private static Map<StreamName, Long> parse(String text) {
        Map<StreamName, Long> bytes = new TreeMap<>();
        text.lines().forEach(line -> {
            int space = line.indexOf(' ');
            bytes.put(new StreamName(line.substring(0, space)), Long.parseLong(line.substring(space + 1)));
        });
        return bytes;
    }

    /** Records that never had numbers are missing before the next one. */
    private static ControlEntry.HoleTold told(LogState state, ShardState shard, long records) {
        long next = state.counters(shard).next();
        return new ControlEntry.HoleTold(
                shard.ordinal(), new Hole(next, next, records, false, GapReason.UNSYNCED, state.lastTimeMillis()));
    }

    boolean isEarly(StreamName stream) {
        return allowed.containsKey(stream);
    }

    /**
     * Queues a record of a stream that is {@link #isEarly}, in one step with counting it. Returns whether it may be
     * acknowledged now, as {@code early} says then; else the commit has to be awaited.
     */
    synchronized Offered offer(NewRecord record, BooleanSupplier early, BooleanSupplier late) {
        long bytesMax = closed ? 0 : allowed.getOrDefault(record.stream(), 0L);
        long bytes = outstanding.getOrDefault(record.stream(), 0L) + record.weightBytes();
        // After a loss nothing, until it is told: what stands in the way may still do.
        if (bytes > bytesMax || !lost.isEmpty() || isTooLarge(record)) {
            return late.getAsBoolean() ? Offered.TAKEN : Offered.TURNED_AWAY;
        }
        if (!early.getAsBoolean()) {
            return Offered.TURNED_AWAY;
        }
        outstanding.put(record.stream(), bytes);
        return Offered.ACKNOWLEDGED;
    }

    private boolean isTooLarge(NewRecord record) {
        int size = record.data().length() + record.partitionKey().length();
        return state.stream(record.stream())
                .filter(stream -> size <= stream.settings().recordBytesMax())
                .isEmpty();
    }

    /** How an offer ended. */
    enum Offered {
        ACKNOWLEDGED,
        TAKEN,
        TURNED_AWAY
    }

    /** A record that was acknowledged early is durable. */
    synchronized void stored(NewRecord record) {
        release(record);
    }

    /** It is not, and never will be. Called by the log's writer. */
    void lost(NewRecord record) {
        synchronized (this) {
            release(record);
            state.stream(record.stream()).ifPresent(stream -> lost.merge(stream.route(record), 1L, Long::sum));
        }
        turn();
    }

    private void release(NewRecord record) {
        outstanding.merge(record.stream(), -(long) record.weightBytes(), Long::sum);
    }

    /** Looks whether something has to be written: what streams are told has changed, or a commit did not come about. */
    synchronized void turn() {
        if (!closed) {
            tell();
            mark();
        }
    }

    private void mark() {
        Map<StreamName, Long> wanted = new TreeMap<>();
        for (StreamState stream : state.allStreams()) {
            if (stream.settings().receivedBytesMax() > 0) {
                wanted.put(stream.name(), stream.settings().receivedBytesMax());
            }
        }
        String text = text(wanted);
        if (isMarking || text.equals(marked)) {
            return;
        }
        isMarking = true;
        // What is allowed no longer ends at once; what is newly allowed, when the mark says so.
        Map<StreamName, Long> both = new TreeMap<>(wanted);
        both.keySet().retainAll(allowed.keySet());
        both.replaceAll((stream, bytes) -> Math.min(bytes, allowed.getOrDefault(stream, 0L)));
        allowed = Map.copyOf(both);
        var unused = run(new ControlEntry.StateSet(MARK, text.isEmpty() ? null : Payload.ofUtf8(text)))
                .whenComplete((result, failure) -> marked(result, text, wanted));
    }

    private static String text(Map<StreamName, Long> wanted) {
        StringBuilder text = new StringBuilder();
        wanted.forEach(
                (stream, bytes) -> text.append(stream).append(' ').append(bytes).append('\n'));
        return text.toString();
    }

    private synchronized void marked(AppendResult result, String text, Map<StreamName, Long> wanted) {
        isMarking = false;
        if (result instanceof AppendResult.Committed && !closed) {
            marked = text;
            allowed = Map.copyOf(wanted);
        }
    }

    private void tell() {
        if (lost.isEmpty() || isTelling) {
            return;
        }
        isTelling = true;
        Map<ShardState, Long> told = Map.copyOf(lost);
        CompletableFuture<AppendResult> future = new CompletableFuture<>();
        queue.offerAlways(new Submission.Unit(UNIT_WEIGHT_BYTES, draft -> tell(told, draft), future));
        var unused = future.whenComplete((result, failure) -> told(result, told));
    }

    private AppendResult tell(Map<ShardState, Long> losses, CommitDraft draft) {
        List<ControlEntry> entries = new ArrayList<>();
        losses.forEach((shard, records) -> entries.add(told(state, shard, records)));
        entries.forEach(draft::add);
        DamageLedger.record(draft, state, entries);
        return new AppendResult.Committed(draft.header().lsn(), List.of());
    }

    private synchronized void told(AppendResult result, Map<ShardState, Long> told) {
        isTelling = false;
        if (result instanceof AppendResult.Committed) {
            told.forEach((shard, records) ->
                    lost.computeIfPresent(shard, (same, all) -> all - records == 0 ? null : all - records));
        }
    }

    private CompletableFuture<AppendResult> run(ControlEntry entry) {
        CompletableFuture<AppendResult> future = new CompletableFuture<>();
        queue.offerAlways(new Submission.Unit(
                UNIT_WEIGHT_BYTES,
                draft -> {
                    draft.add(entry);
                    return new AppendResult.Committed(draft.header().lsn(), List.of());
                },
                future));
        return future;
    }

    /**
     * Acknowledges nothing early any more, and takes the mark away when all that was is durable, or its loss is told. If
     * the log is not closed in time the mark stays, and the loss is told when it is opened.
     */
    void close() {
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
            allowed = Map.of();
        }
        CompletableFuture<AppendResult> unused = new CompletableFuture<>();
        // Alone: everything before it has been answered then, so that what is lost is known.
        queue.offerAlways(new Submission.Unit(UNIT_WEIGHT_BYTES, this::unmark, unused, true));
    }

    private synchronized AppendResult unmark(CommitDraft draft) {
        if (!text(state).isEmpty()) {
            tell(lost, draft);
            draft.add(new ControlEntry.StateSet(MARK, null));
        }
        return new AppendResult.Committed(draft.header().lsn(), List.of());
    }
}
