package io.tidegate.buffer;

import io.tidegate.core.stream.AppendResult;
import io.tidegate.core.stream.AppendUnit;
import io.tidegate.core.stream.Checkpoint;
import io.tidegate.core.stream.CheckpointScope;
import io.tidegate.core.stream.CheckpointUpdate;
import io.tidegate.core.stream.ConsumerName;
import io.tidegate.core.stream.Expectation;
import io.tidegate.core.stream.FullPolicy;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StateUpdate;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamSettings;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A commit in the making: what the log's state would be with it is visible to what is added later, and to nobody else.
 * Thrown away, it leaves no trace.
 *
 * <p>Confined to the log's writer.
 */
final class CommitDraft {
    /** Blocks close here; a unit that alone is larger makes a block of its own. */
    static final int BLOCK_BYTES_MAX = 1 << 20;

    static final int BLOCK_RECORDS_MAX = 65_536;

    /** A device number that this commit adds to the window. */
    record NewlySeen(DuplicateWindow.Key key, DuplicateWindow.Seen seen) {}

    /** A client's record that is beyond the quota of its shard. */
    record Throttled(ShardId shard, Duration retryAfter) {}

    private record Place(ConsumerName consumer, CheckpointScope scope) {}

    private final LogState state;
    private final DuplicateWindow window;
    private final FullStreams full;
    private final ShardQuotas quotas;
    private final BlockHeader header;
    private final Routes routes;
    private final BodyBuilder body;
    private final List<ControlEntry> control = new ArrayList<>();
    private final Map<Place, Checkpoint> checkpoints = new HashMap<>();
    private final Map<String, Optional<Payload>> values = new HashMap<>();
    private final Map<DuplicateWindow.Key, List<DuplicateWindow.Seen>> seen = new HashMap<>();
    private final List<NewlySeen> seenInOrder = new ArrayList<>();
    private int controlBytes;
    private long stateBytesAdded;
    private int duplicates;

    CommitDraft(LogState state, DuplicateWindow window, FullStreams full, ShardQuotas quotas, BlockHeader header) {
        this(state, window, full, quotas, header, new Encoder());
    }

    /**
     * @param room for the records; free again when the draft is built or thrown away
     */
    CommitDraft(
            LogState state,
            DuplicateWindow window,
            FullStreams full,
            ShardQuotas quotas,
            BlockHeader header,
            Encoder room) {
        this.state = state;
        this.window = window;
        this.full = full;
        this.quotas = quotas;
        this.header = header;
        this.routes = new Routes(state);
        this.body = new BodyBuilder(header.timeMillis(), room);
    }

    BlockHeader header() {
        return header;
    }

    boolean isEmpty() {
        return body.count() == 0 && control.isEmpty();
    }

    boolean hasRoomFor(int weightBytes) {
        return isEmpty()
                || (body.rawBytes() + controlBytes + weightBytes <= BLOCK_BYTES_MAX
                        && body.count() < BLOCK_RECORDS_MAX);
    }

    int records() {
        return body.count();
    }

    int duplicates() {
        return duplicates;
    }

    /** The device numbers that this commit adds to the window, in order. */
    List<NewlySeen> seen() {
        return seenInOrder;
    }

    /** Decides a whole unit; what it changes is in the draft if the result is {@code Committed}, else nothing is. */
    AppendResult add(AppendUnit unit) {
        for (Expectation expectation : unit.expected()) {
            if (!holds(expectation)) {
                return new AppendResult.Conflict(expectation);
            }
        }
        Map<StreamName, Long> asked = new HashMap<>();
        for (NewRecord record : unit.records()) {
            AppendResult.Refused refusal = refusal(record, asked);
            if (refusal != null) {
                return refusal;
            }
        }
        for (CheckpointUpdate update : unit.checkpoints()) {
            if (update.scope() instanceof CheckpointScope.OneShard one
                    && state.find(one.shard()).isEmpty()) {
                return new AppendResult.Refused(
                        "no shard '" + one.shard() + "' to have a place in", AppendResult.NEVER);
            }
        }
        long more = growth(unit);
        if (more > 0 && state.stateBytes() + stateBytesAdded + more > LogState.STATE_BYTES_MAX) {
            return new AppendResult.Refused(
                    "the log's own state would exceed " + LogState.STATE_BYTES_MAX + " bytes", AppendResult.NEVER);
        }
        stateBytesAdded += more;
        List<AppendResult.Placed> places = new ArrayList<>(unit.records().size());
        for (NewRecord record : unit.records()) {
            places.add(place(record, routes.route(record)));
        }
        for (CheckpointUpdate update : unit.checkpoints()) {
            checkpoints.put(new Place(update.consumer(), update.scope()), update.checkpoint());
            add(new ControlEntry.CheckpointSet(update.consumer(), update.scope(), update.checkpoint()));
        }
        for (StateUpdate update : unit.state()) {
            values.put(update.key(), Optional.ofNullable(update.value()));
            add(new ControlEntry.StateSet(update.key(), update.value()));
        }
        return new AppendResult.Committed(header.lsn(), places);
    }

    /** Decides one record of a client: {@code Placed}, {@code Refused} or {@code Throttled}. */
    Object put(NewRecord record) {
        AppendResult.Refused refusal = refusal(record, null);
        if (refusal != null) {
            return refusal;
        }
        StreamState stream = routes.stream(record.stream()).orElseThrow();
        ShardState shard = routes.route(record);
        if (!quotas.isExempt(stream) && !isSecondCopy(record)) {
            Duration retryAfter = quotas.refusal(
                    stream,
                    shard,
                    (long) record.data().length() + record.partitionKey().length());
            if (retryAfter != null) {
                return new Throttled(shard.id(), retryAfter);
            }
        }
        return place(record, shard);
    }

    void add(ControlEntry entry) {
        control.add(entry);
        controlBytes += ControlCodec.encode(entry).length() + 4;
    }

    /** Whether a stream is created earlier in this very commit. */
    boolean creates(StreamName name) {
        return control.stream()
                .anyMatch(entry -> entry instanceof ControlEntry.StreamSet set
                        && set.settings().name().equals(name));
    }

    /** The ordinal after those of shards that this commit opens; 0: it opens none. */
    int nextOrdinal() {
        return control.stream()
                .mapToInt(entry -> entry instanceof ControlEntry.ShardOpened opened ? opened.ordinal() + 1 : 0)
                .max()
                .orElse(0);
    }

    /** The numbers of a shard that will never be read, with those that this commit finds. */
    NumberRanges holes(ShardState shard) {
        NumberRanges holes = state.holes(shard);
        for (ControlEntry entry : control) {
            if (entry instanceof ControlEntry.HoleMade made && made.ordinal() == shard.ordinal()) {
                holes.add(made.hole().fromInclusive(), made.hole().toExclusive());
            }
        }
        return holes;
    }

    private boolean holds(Expectation expectation) {
        if (expectation instanceof Expectation.StateIs is) {
            return Objects.equals(value(is.key()), is.value());
        }
        Expectation.CheckpointIs is = (Expectation.CheckpointIs) expectation;
        Checkpoint here = checkpoints.get(new Place(is.consumer(), is.scope()));
        Checkpoint actual = here != null
                ? here
                : state.checkpoint(is.consumer(), is.scope()).orElse(null);
        return Objects.equals(actual, is.checkpoint());
    }

    private @Nullable Payload value(String key) {
        Optional<Payload> here = values.get(key);
        return (here != null ? here : state.state(key)).orElse(null);
    }

    private long growth(AppendUnit unit) {
        long more = 0;
        for (StateUpdate update : unit.state()) {
            more += LogState.weight(update.key(), update.value()) - LogState.weight(update.key(), value(update.key()));
        }
        for (CheckpointUpdate update : unit.checkpoints()) {
            Optional<Checkpoint> before = state.checkpoint(update.consumer(), update.scope());
            more += Checkpoints.weight(update.checkpoint())
                    - before.map(Checkpoints::weight).orElse(0L);
        }
        return more;
    }

    /**
     * @param asked per stream that may be full, what the records of the same unit before this one take
     */
    private AppendResult.@Nullable Refused refusal(NewRecord record, @Nullable Map<StreamName, Long> asked) {
        Optional<StreamState> stream = routes.stream(record.stream());
        if (stream.isEmpty()) {
            return new AppendResult.Refused("no stream '" + record.stream() + "'", AppendResult.NEVER);
        }
        StreamSettings settings = stream.get().settings();
        long size = (long) record.data().length() + record.partitionKey().length();
        if (size > settings.recordBytesMax()) {
            return new AppendResult.Refused(
                    "a record of '" + record.stream() + "' holds at most " + settings.recordBytesMax()
                            + " bytes of data and partition key, found " + size,
                    AppendResult.NEVER);
        }
        if (settings.onFull() == FullPolicy.REJECT) {
            long before = asked == null ? 0 : asked.getOrDefault(record.stream(), 0L);
            if (asked != null) {
                asked.put(record.stream(), before + size);
            }
            return refusalIfFull(record, stream.get(), before + size);
        }
        return full.isClosed(record.stream()) && !isSecondCopy(record) ? closed(record) : null;
    }

    private AppendResult.Refused closed(NewRecord record) {
        String reason = full.isDiskFull()
                ? "the disk is full"
                : "'" + record.stream() + "' is full and takes new records when old ones have expired";
        return new AppendResult.Refused(reason, full.refuse(record.stream()));
    }

    private AppendResult.@Nullable Refused refusalIfFull(NewRecord record, StreamState stream, long bytes) {
        long bytesMax = stream.settings().retainedBytesMax();
        if (bytes > bytesMax) {
            return new AppendResult.Refused(
                    "'" + record.stream() + "' keeps at most " + bytesMax + " bytes, found " + bytes + " at once",
                    AppendResult.NEVER);
        }
        long kept = state.retainedBytes(stream);
        for (ShardState shard : stream.shards()) {
            kept += body.bytes(shard.ordinal());
        }
        if ((!full.isClosed(record.stream()) && kept + bytes <= bytesMax) || isSecondCopy(record)) {
            return null;
        }
        return closed(record);
    }

    private boolean isSecondCopy(NewRecord record) {
        Long deviceNumber = record.deviceNumber();
        return deviceNumber != null
                && firstCopy(
                                new DuplicateWindow.Key(record.stream(), record.partitionKey()),
                                deviceNumber,
                                record.data().crc32c())
                        .isPresent();
    }

    private AppendResult.Placed place(NewRecord record, ShardState shard) {
        Long deviceNumber = record.deviceNumber();
        if (deviceNumber == null) {
            return new AppendResult.Placed(shard.id(), append(shard, record), false);
        }
        DuplicateWindow.Key key = new DuplicateWindow.Key(record.stream(), record.partitionKey());
        int crc = record.data().crc32c();
        Optional<DuplicateWindow.Seen> first = firstCopy(key, deviceNumber, crc);
        if (first.isPresent()) {
            duplicates++;
            ShardId holder = state.shardState(first.get().shard()).orElseThrow().id();
            return new AppendResult.Placed(holder, first.get().sequenceNumber(), true);
        }
        long sequenceNumber = append(shard, record);
        DuplicateWindow.Seen added = new DuplicateWindow.Seen(deviceNumber, crc, shard.ordinal(), sequenceNumber);
        seen.computeIfAbsent(key, none -> new ArrayList<>()).add(added);
        seenInOrder.add(new NewlySeen(key, added));
        return new AppendResult.Placed(shard.id(), sequenceNumber, false);
    }

    /** The one that is stored: it may be in a closed shard, and if that has expired, there is none any more. */
    private Optional<DuplicateWindow.Seen> firstCopy(DuplicateWindow.Key key, long deviceNumber, int crc) {
        return newestCopy(key, deviceNumber, crc)
                .filter(seen -> state.shardState(seen.shard()).isPresent());
    }

    private Optional<DuplicateWindow.Seen> newestCopy(DuplicateWindow.Key key, long deviceNumber, int crc) {
        List<DuplicateWindow.Seen> here = seen.getOrDefault(key, List.of());
        int oldest = Math.max(0, here.size() - DuplicateWindow.NUMBERS);
        for (int i = here.size() - 1; i >= oldest; i--) {
            if (here.get(i).deviceNumber() == deviceNumber && here.get(i).crc() == crc) {
                return Optional.of(here.get(i));
            }
        }
        return window.find(
                key, deviceNumber, crc, DuplicateWindow.NUMBERS - Math.min(here.size(), DuplicateWindow.NUMBERS));
    }

    private long append(ShardState shard, NewRecord record) {
        return body.add(shard.ordinal(), shard.next(), record);
    }

    Block build() {
        return new Block(header, ControlCodec.encodeAll(control), BlockCodec.encodeDirectory(body.runs()), body.body());
    }
}
