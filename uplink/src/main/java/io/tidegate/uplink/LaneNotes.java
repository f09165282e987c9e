package io.tidegate.uplink;

import io.tidegate.core.stream.GapReason;
import io.tidegate.core.stream.Payload;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collection;
import java.util.EnumMap;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * What a lane keeps beside its checkpoint: its account so far, and what the unit that starts there must look like if it
 * has to be built again. Text, one {@code name=value} per line, as little as is set:
 *
 * <pre>
 * delivered=4711        records confirmed by the receiver
 * rejected=3            refused for good, left out
 * missed.evicted=20     lost before they were sent, by reason
 * to=5004               the next unit ends here at the latest
 * leave-out=5001,5003   refused records of the next unit
 * gone=5002             records of the next unit whose media is gone
 * </pre>
 *
 * <p>Immutable.
 */
record LaneNotes(
        long delivered,
        long filtered,
        long rejected,
        Map<GapReason, Long> missed,
        long boundary,
        SortedSet<Long> leaveOut,
        SortedSet<Long> gone) {
    static final LaneNotes NONE = new LaneNotes(0, 0, 0, Map.of(), 0, new TreeSet<>(), new TreeSet<>());
    /** So many numbers of 20 digits fit into a checkpoint, twice. */
    static final int NUMBERS_MAX = 80;

    private static final String MISSED = "missed.";

    LaneNotes {
        missed = Map.copyOf(missed);
    }

    /** The same account; the next unit is free of conditions. */
    LaneNotes settled() {
        return new LaneNotes(delivered, filtered, rejected, missed, 0, new TreeSet<>(), new TreeSet<>());
    }

    /** The account as if nothing from {@code toNext} on had been settled yet. */
    LaneNotes rewound(long fromNext, long toNext) {
        return toNext == 1 ? NONE : plusDelivered(toNext - fromNext).settled();
    }

    LaneNotes withBoundary(long toExclusive) {
        return new LaneNotes(delivered, filtered, rejected, missed, toExclusive, leaveOut, gone);
    }

    LaneNotes leavingOut(Collection<Long> numbers, long toExclusive) {
        SortedSet<Long> all = new TreeSet<>(leaveOut);
        all.addAll(numbers);
        return new LaneNotes(delivered, filtered, rejected, missed, toExclusive, all, gone);
    }

    LaneNotes withGone(Collection<Long> numbers, long toExclusive) {
        return new LaneNotes(delivered, filtered, rejected, missed, toExclusive, leaveOut, new TreeSet<>(numbers));
    }

    LaneNotes plusDelivered(long records) {
        return new LaneNotes(Math.max(0, delivered + records), filtered, rejected, missed, boundary, leaveOut, gone);
    }

    LaneNotes plusMissing(GapReason reason, long records) {
        if (reason == GapReason.REJECTED) {
            return new LaneNotes(delivered, filtered, rejected + records, missed, boundary, leaveOut, gone);
        }
        if (reason == GapReason.FILTERED) {
            return new LaneNotes(delivered, filtered + records, rejected, missed, boundary, leaveOut, gone);
        }
        Map<GapReason, Long> changed = new EnumMap<>(GapReason.class);
        changed.putAll(missed);
        changed.merge(reason, records, Long::sum);
        return new LaneNotes(delivered, filtered, rejected, changed, boundary, leaveOut, gone);
    }

    long missedTotal() {
        return missed.values().stream().mapToLong(Long::longValue).sum();
    }

    Payload render() {
        StringBuilder text = new StringBuilder();
        line(text, "delivered", delivered);
        line(text, "filtered", filtered);
        line(text, "rejected", rejected);
        new EnumMap<GapReason, Long>(withAllReasons())
                .forEach((reason, count) -> line(text, MISSED + reason.text(), count));
        line(text, "to", boundary);
        list(text, "leave-out", leaveOut);
        list(text, "gone", gone);
        return Payload.wrap(text.toString().getBytes(StandardCharsets.US_ASCII));
    }

    private Map<GapReason, Long> withAllReasons() {
        Map<GapReason, Long> all = new EnumMap<>(GapReason.class);
        all.putAll(missed);
        return all;
    }

    private static void line(StringBuilder text, String name, long value) {
        if (value != 0) {
            text.append(name).append('=').append(value).append('\n');
        }
    }

    private static void list(StringBuilder text, String name, SortedSet<Long> numbers) {
        if (!numbers.isEmpty()) {
            text.append(name).append('=');
            text.append(numbers.stream().map(String::valueOf).collect(Collectors.joining(",")));
            text.append('\n');
        }
    }

    /** Lines that it does not know are passed over. */
    static LaneNotes parse(Payload text) {
        LaneNotes notes = NONE;
        for (String line : text.utf8().lines().toList()) {
            int equals = line.indexOf('=');
            notes = notes.with(line.substring(0, Math.max(0, equals)), line.substring(equals + 1));
        }
        return notes;
    }

    private LaneNotes with(String name, String value) {
        if (name.startsWith(MISSED)) {
            return plusMissing(GapReason.parse(name.substring(MISSED.length())), Long.parseLong(value));
        }
        return switch (name) {
            case "delivered" -> plusDelivered(Long.parseLong(value));
            case "filtered" -> plusMissing(GapReason.FILTERED, Long.parseLong(value));
            case "rejected" -> plusMissing(GapReason.REJECTED, Long.parseLong(value));
            case "to" -> withBoundary(Long.parseLong(value));
            case "leave-out" -> leavingOut(numbers(value), boundary);
            case "gone" -> withGone(numbers(value), boundary);
            default -> this;
        };
    }

    private static Collection<Long> numbers(String value) {
        return Arrays.stream(value.split(",", -1)).map(Long::valueOf).toList();
    }
}
