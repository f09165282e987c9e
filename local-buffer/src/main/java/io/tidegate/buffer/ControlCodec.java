package io.tidegate.buffer;

import io.tidegate.core.stream.Checkpoint;
import io.tidegate.core.stream.CheckpointScope;
import io.tidegate.core.stream.ConsumerName;
import io.tidegate.core.stream.GapReason;
import io.tidegate.core.stream.HashKey;
import io.tidegate.core.stream.HashKeyRange;
import io.tidegate.core.stream.LogPosition;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.ShardEpoch;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamSelection;
import io.tidegate.core.stream.StreamSettings;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * The form of control entries: one byte that says which, then its fields in the order of the record's components, as
 * {@link Encoder} writes them. A block's control part is { length, entry }*, to the end; a row of a snapshot is one
 * entry. Words of a closed set are written as their number in Codes, an absent value as a byte 0 before it.
 */
final class ControlCodec {
    private static final int STREAM_SET = 1;
    private static final int SHARD_OPENED = 2;
    private static final int EPOCH_OPENED = 3;
    private static final int CHECKPOINT_SET = 4;
    private static final int STATE_SET = 5;
    private static final int HORIZON_MOVED = 6;
    private static final int HOLE_MADE = 7;
    private static final int HOLE_TOLD = 8;
    private static final int SEGMENT_QUARANTINED = 9;
    private static final int CONSUMER_REQUIRED = 10;
    private static final int PLACES_GIVEN_UP = 11;
    private static final int SHARD_CLOSED = 24;
    private static final int SHARD_EXPIRED = 25;
    private static final int STREAM_DELETED = 26;
    private static final int LOG_POINT = 32;
    private static final int SHARD_POINT = 33;
    private static final int WINDOW_POINT = 34;
    private static final int SEGMENT_POINT = 35;
    private static final int HOLE_POINT = 36;
    private static final int PAST_SHARDS = 60;
    private static final int SHARD_NUMBERS_FROM = 61;

    private ControlCodec() {}

    static byte[] encodeAll(List<ControlEntry> entries) {
        if (entries.isEmpty()) {
            return new byte[0];
        }
        Encoder out = new Encoder();
        entries.forEach(entry -> out.part(encode(entry)));
        return out.toBytes();
    }

    static List<ControlEntry> decodeAll(byte[] control) {
        if (control.length == 0) {
            return List.of();
        }
        Decoder in = new Decoder(control);
        List<ControlEntry> entries = new ArrayList<>();
        while (in.hasMore()) {
            entries.add(decode(in.part()));
        }
        return entries;
    }

    static Encoder encode(ControlEntry entry) {
        Encoder out = new Encoder(64);
        if (entry instanceof ControlEntry.StreamSet set) {
            streamSet(out.octet(STREAM_SET), set);
        } else if (entry instanceof ControlEntry.ShardOpened opened) {
            shardOpened(out.octet(SHARD_OPENED), opened);
        } else if (entry instanceof ControlEntry.EpochOpened opened) {
            out.octet(EPOCH_OPENED).unsigned(opened.epoch()).unsigned(opened.predecessor());
        } else if (entry instanceof ControlEntry.CheckpointSet set) {
            out.octet(CHECKPOINT_SET).text(set.consumer().value());
            scope(out, set.scope());
            checkpoint(out, set.checkpoint());
        } else if (entry instanceof ControlEntry.ConsumerRequired one) {
            out.octet(CONSUMER_REQUIRED).text(one.consumer().value()).flag(one.required());
            streams(out, one.streams().named());
        } else if (entry instanceof ControlEntry.PlacesGivenUp given) {
            out.octet(PLACES_GIVEN_UP).text(given.consumer().value());
            out.text(given.stream().value());
        } else if (entry instanceof ControlEntry.StateSet set) {
            Payload value = set.value();
            out.octet(STATE_SET).text(set.key()).flag(value != null);
            if (value != null) {
                out.payload(value);
            }
        } else if (entry instanceof ControlEntry.HorizonMoved moved) {
            out.octet(HORIZON_MOVED).unsigned(moved.ordinal()).unsigned(moved.horizon());
            out.unsigned(moved.lastLsnBelow()).octet(Codes.of(moved.reason()));
            out.unsigned(moved.bytes()).signed(moved.timeMillis());
        } else if (entry instanceof ControlEntry.HoleMade made) {
            hole(out.octet(HOLE_MADE).unsigned(made.ordinal()), made.hole());
        } else if (entry instanceof ControlEntry.HoleTold told) {
            hole(out.octet(HOLE_TOLD).unsigned(told.ordinal()), told.hole());
        } else if (entry instanceof ControlEntry.SegmentQuarantined quarantined) {
            out.octet(SEGMENT_QUARANTINED).unsigned(quarantined.number()).text(quarantined.cause());
        } else if (entry instanceof ControlEntry.ClockEntry clock) {
            ClockCodec.encode(out, clock);
        } else {
            point(out, entry);
        }
        return out;
    }

    private static void point(Encoder out, ControlEntry entry) {
        if (entry instanceof ControlEntry.LogPoint point) {
            out.octet(LOG_POINT).text(point.gatewayId()).unsigned(point.segment());
            out.unsigned(point.lastLsn()).signed(point.lastTimeMillis()).unsigned(point.poweredOnNanos());
            out.unsigned(point.epoch()).unsigned(point.nextOrdinal());
            out.unsigned(point.firstSequenceNumber()).unsigned(point.entries());
        } else if (entry instanceof ControlEntry.ShardPoint point) {
            shardOpened(out.octet(SHARD_POINT), point.opened());
            counters(out, point.counters());
            out.unsigned(point.epochs().size());
            for (ShardEpoch epoch : point.epochs()) {
                out.unsigned(epoch.epoch())
                        .unsigned(epoch.firstSequenceNumber())
                        .unsigned(epoch.nextSequenceNumber());
            }
        } else if (entry instanceof ControlEntry.WindowPoint point) {
            out.octet(WINDOW_POINT).text(point.stream().value()).text(point.partitionKey());
            out.unsigned(point.seen().size());
            for (DuplicateWindow.Seen seen : point.seen()) {
                out.signed(seen.deviceNumber()).unsigned(seen.crc() & 0xffffffffL);
                out.unsigned(seen.shard()).unsigned(seen.sequenceNumber());
            }
        } else if (entry instanceof ControlEntry.HolePoint point) {
            hole(out.octet(HOLE_POINT).unsigned(point.ordinal()), point.hole());
        } else if (entry instanceof ControlEntry.SegmentPoint point) {
            summary(out.octet(SEGMENT_POINT), point.summary());
        } else if (entry instanceof ControlEntry.ShardClosed closed) {
            out.octet(SHARD_CLOSED).unsigned(closed.ordinal()).unsigned(closed.nextSequenceNumber());
            out.unsigned(closed.poweredOnNanos());
        } else if (entry instanceof ControlEntry.ShardExpired expired) {
            out.octet(SHARD_EXPIRED).unsigned(expired.ordinal());
        } else if (entry instanceof ControlEntry.StreamDeleted deleted) {
            out.octet(STREAM_DELETED).text(deleted.name().value()).unsigned(deleted.nextShardNumber());
        } else if (entry instanceof ControlEntry.PastShards past) {
            out.octet(PAST_SHARDS).text(past.stream().value()).unsigned(past.appended());
            out.unsigned(past.expired()).unsigned(past.evicted()).unsigned(past.corrupt());
        } else if (entry instanceof ControlEntry.ShardNumbersFrom from) {
            out.octet(SHARD_NUMBERS_FROM).unsigned(from.number());
        } else {
            throw new IllegalStateException("no form for " + entry);
        }
    }

    static ControlEntry decode(Decoder in) {
        int type = in.octet();
        return switch (type) {
            case STREAM_SET -> streamSet(in);
            case SHARD_OPENED -> shardOpened(in);
            case EPOCH_OPENED -> new ControlEntry.EpochOpened(in.unsigned(), in.unsigned());
            case CHECKPOINT_SET ->
                new ControlEntry.CheckpointSet(new ConsumerName(in.text()), scope(in), checkpoint(in));
            case STATE_SET -> new ControlEntry.StateSet(in.text(), in.flag() ? in.payload() : null);
            case HORIZON_MOVED ->
                new ControlEntry.HorizonMoved(
                        in.int32(), in.unsigned(), in.unsigned(), reason(in), in.unsigned(), in.signed());
            case HOLE_MADE -> new ControlEntry.HoleMade(in.int32(), hole(in));
            case HOLE_TOLD -> new ControlEntry.HoleTold(in.int32(), hole(in));
            case SEGMENT_QUARANTINED -> new ControlEntry.SegmentQuarantined(in.int32(), in.text());
            case CONSUMER_REQUIRED -> consumerRequired(in);
            case PLACES_GIVEN_UP ->
                new ControlEntry.PlacesGivenUp(new ConsumerName(in.text()), new StreamName(in.text()));
            case SHARD_CLOSED -> new ControlEntry.ShardClosed(in.int32(), in.unsigned(), in.unsigned());
            case SHARD_EXPIRED -> new ControlEntry.ShardExpired(in.int32());
            case STREAM_DELETED -> new ControlEntry.StreamDeleted(new StreamName(in.text()), in.int32());
            case PAST_SHARDS ->
                new ControlEntry.PastShards(
                        new StreamName(in.text()), in.unsigned(), in.unsigned(), in.unsigned(), in.unsigned());
            case SHARD_NUMBERS_FROM -> new ControlEntry.ShardNumbersFrom(in.int32());
            case LOG_POINT ->
                new ControlEntry.LogPoint(
                        in.text(),
                        in.int32(),
                        in.unsigned(),
                        in.signed(),
                        in.unsigned(),
                        in.unsigned(),
                        in.int32(),
                        in.unsigned(),
                        in.int32());
            case SHARD_POINT -> new ControlEntry.ShardPoint(shardOpened(in), counters(in), epochs(in));
            case WINDOW_POINT -> new ControlEntry.WindowPoint(new StreamName(in.text()), in.text(), seen(in));
            case HOLE_POINT -> new ControlEntry.HolePoint(in.int32(), hole(in));
            case SEGMENT_POINT -> new ControlEntry.SegmentPoint(summary(in));
            case ClockCodec.RUN, ClockCodec.SYNCED, ClockCodec.SPAN -> ClockCodec.decode(type, in);
            default -> throw new DamageException("a control entry of unknown type " + type);
        };
    }

    private static void streamSet(Encoder out, ControlEntry.StreamSet set) {
        StreamSettings settings = set.settings();
        out.text(settings.name().value()).unsigned(settings.shards());
        out.unsigned(settings.retention().toMillis()).unsigned(settings.retainedBytesMax());
        out.unsigned(settings.recordBytesMax());
        out.octet(Codes.of(settings.onFull()))
                .octet(Codes.of(settings.priority()))
                .octet(Codes.of(settings.mode()))
                .unsigned(settings.receivedBytesMax())
                .signed(set.createdMillis());
    }

    private static ControlEntry.StreamSet streamSet(Decoder in) {
        StreamSettings settings = new StreamSettings(
                new StreamName(in.text()),
                in.int32(),
                Duration.ofMillis(in.unsigned()),
                in.unsigned(),
                in.int32(),
                Codes.fullPolicy(in.octet()),
                Codes.priority(in.octet()),
                Codes.mode(in.octet()),
                in.unsigned());
        return new ControlEntry.StreamSet(settings, in.signed());
    }

    private static void shardOpened(Encoder out, ControlEntry.ShardOpened opened) {
        out.unsigned(opened.ordinal()).text(opened.id().stream().value());
        out.unsigned(opened.id().number());
        out.hash(opened.range().startInclusive().value())
                .hash(opened.range().endInclusive().value());
        out.unsigned(opened.firstSequenceNumber());
        out.unsigned(opened.parents().size());
        opened.parents().forEach(out::unsigned);
    }

    private static ControlEntry.ShardOpened shardOpened(Decoder in) {
        return new ControlEntry.ShardOpened(
                in.int32(),
                new ShardId(new StreamName(in.text()), in.int32()),
                new HashKeyRange(new HashKey(in.hash()), new HashKey(in.hash())),
                in.unsigned(),
                parents(in));
    }

    private static List<Integer> parents(Decoder in) {
        List<Integer> parents = new ArrayList<>();
        for (int i = in.size(); i > 0; i--) {
            parents.add(in.int32());
        }
        return parents;
    }

    private static void scope(Encoder out, CheckpointScope scope) {
        if (scope instanceof CheckpointScope.OneShard one) {
            out.octet(0).text(one.shard().stream().value()).unsigned(one.shard().number());
        } else if (scope instanceof CheckpointScope.CommitOrder order) {
            streams(out.octet(1), order.streams());
        }
    }

    /** In order, so that one state has one form. */
    private static void streams(Encoder out, Set<StreamName> streams) {
        out.unsigned(streams.size());
        new TreeSet<>(streams).forEach(stream -> out.text(stream.value()));
    }

    private static Set<StreamName> streams(Decoder in) {
        Set<StreamName> streams = new HashSet<>();
        for (int i = in.size(); i > 0; i--) {
            streams.add(new StreamName(in.text()));
        }
        return streams;
    }

    private static ControlEntry.ConsumerRequired consumerRequired(Decoder in) {
        ConsumerName consumer = new ConsumerName(in.text());
        boolean required = in.flag();
        return new ControlEntry.ConsumerRequired(consumer, new StreamSelection(streams(in)), required);
    }

    private static CheckpointScope scope(Decoder in) {
        if (!in.flag()) {
            return new CheckpointScope.OneShard(new ShardId(new StreamName(in.text()), in.int32()));
        }
        return new CheckpointScope.CommitOrder(streams(in));
    }

    private static void checkpoint(Encoder out, Checkpoint checkpoint) {
        if (checkpoint instanceof Checkpoint.InShard in) {
            out.octet(0).unsigned(in.nextSequenceNumber()).payload(in.opaque());
        } else if (checkpoint instanceof Checkpoint.InCommitOrder in) {
            out.octet(1).unsigned(in.next().lsn()).unsigned(in.next().index()).payload(in.opaque());
        }
    }

    /** The opaque bytes are copied: a checkpoint lives long, the block that brought it must not live with it. */
    private static Checkpoint checkpoint(Decoder in) {
        if (!in.flag()) {
            return new Checkpoint.InShard(in.unsigned(), owned(in.payload()));
        }
        return new Checkpoint.InCommitOrder(new LogPosition(in.unsigned(), in.int32()), owned(in.payload()));
    }

    private static Payload owned(Payload slice) {
        return Payload.wrap(slice.toBytes());
    }

    private static void hole(Encoder out, Hole hole) {
        out.unsigned(hole.fromInclusive()).unsigned(hole.toExclusive()).unsigned(hole.records());
        out.flag(hole.exact()).octet(Codes.of(hole.reason())).signed(hole.timeMillis());
    }

    private static Hole hole(Decoder in) {
        return new Hole(in.unsigned(), in.unsigned(), in.unsigned(), in.flag(), reason(in), in.signed());
    }

    private static GapReason reason(Decoder in) {
        return Codes.gapReason(in.octet());
    }

    private static void counters(Encoder out, ShardCounters counters) {
        out.unsigned(counters.next()).unsigned(counters.horizon()).unsigned(counters.horizonLsn());
        out.octet(Codes.of(counters.horizonReason())).signed(counters.horizonMillis());
        out.unsigned(counters.retainedBytes()).unsigned(counters.appended()).unsigned(counters.expired());
        out.unsigned(counters.evicted()).unsigned(counters.corrupt());
    }

    private static ShardCounters counters(Decoder in) {
        return new ShardCounters(
                in.unsigned(),
                in.unsigned(),
                in.unsigned(),
                reason(in),
                in.signed(),
                in.unsigned(),
                in.unsigned(),
                in.unsigned(),
                in.unsigned(),
                in.unsigned(),
                false);
    }

    private static List<ShardEpoch> epochs(Decoder in) {
        List<ShardEpoch> epochs = new ArrayList<>();
        for (int i = in.size(); i > 0; i--) {
            epochs.add(new ShardEpoch(in.unsigned(), in.unsigned(), in.unsigned()));
        }
        return epochs;
    }

    private static List<DuplicateWindow.Seen> seen(Decoder in) {
        List<DuplicateWindow.Seen> seen = new ArrayList<>();
        for (int i = in.size(); i > 0; i--) {
            seen.add(new DuplicateWindow.Seen(in.signed(), (int) in.unsigned(), in.int32(), in.unsigned()));
        }
        return seen;
    }

    private static void summary(Encoder out, SegmentSummary summary) {
        out.unsigned(summary.number()).unsigned(summary.firstLsn()).unsigned(summary.nextLsn());
        out.signed(summary.lastTimeMillis())
                .unsigned(summary.lastPoweredOnNanos())
                .unsigned(summary.bytes());
        out.flag(summary.suspect()).unsigned(summary.spans().size());
        summary.spans()
                .forEach(span ->
                        out.unsigned(span.ordinal()).unsigned(span.first()).unsigned(span.next()));
    }

    private static SegmentSummary summary(Decoder in) {
        int number = in.int32();
        long firstLsn = in.unsigned();
        long nextLsn = in.unsigned();
        long lastTimeMillis = in.signed();
        long lastPoweredOnNanos = in.unsigned();
        long bytes = in.unsigned();
        boolean suspect = in.flag();
        List<SegmentSummary.Span> spans = new ArrayList<>();
        for (int i = in.size(); i > 0; i--) {
            spans.add(new SegmentSummary.Span(in.int32(), in.unsigned(), in.unsigned()));
        }
        return new SegmentSummary(number, firstLsn, nextLsn, lastTimeMillis, lastPoweredOnNanos, bytes, suspect, spans);
    }
}
