package io.tidegate.uplink.http;

import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.ShardEpoch;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What a receiver knows of one shard of one gateway on one lane: the epochs that wrote to it, in the order in which
 * they were accepted, and how far each has come. Decides what may be done with a unit; kept as text in the log's state:
 *
 * <pre>
 * forks missed                                   decimal
 * epoch first next previous fork                 hexadecimal epochs, "-" for no previous, 0 or 1; one line per epoch
 * </pre>
 *
 * <p>Immutable.
 *
 * @param forks how many epochs were accepted that do not continue the one that they name
 * @param missed records that the gateway said it could not send
 */
record KnownEpochs(List<KnownEpoch> epochs, long forks, long missed) {
    static final KnownEpochs NONE = new KnownEpochs(List.of(), 0, 0);
    /** Older ones are forgotten; a sender that comes back to one of them is pointed to the newest. */
    static final int EPOCHS_MAX = 64;

    private static final long NO_EPOCH = -1;

    /** One epoch: [first, next) has arrived. */
    record KnownEpoch(long epoch, long first, long next, long previous, boolean fork) {
        KnownEpoch movedTo(long changed) {
            return new KnownEpoch(epoch, first, changed, previous, fork);
        }
    }

    /** What is to be done with a unit. */
    sealed interface Verdict {
        /** Everything in it has arrived before: 200. */
        record Known(KnownEpoch epoch) implements Verdict {}

        /** Apply it from this number on, and then know this: 200. */
        record Apply(long fromInclusive, KnownEpoch epoch, KnownEpochs after) implements Verdict {}

        /** Something is missing before it; this is where to continue: 409. */
        record Behind(KnownEpoch epoch) implements Verdict {}

        /** The epoch has been continued by another: 403. */
        record InUse(KnownEpoch epoch) implements Verdict {}
    }

    KnownEpochs {
        epochs = List.copyOf(epochs);
    }

    Verdict judge(UnitHeader unit) {
        Optional<KnownEpoch> known = find(unit.epoch());
        return known.isPresent() ? judgeKnown(unit, known.get()) : judgeNew(unit);
    }

    private Verdict judgeKnown(UnitHeader unit, KnownEpoch known) {
        if (unit.to() <= known.next()) {
            return new Verdict.Known(known);
        }
        if (unit.from() > known.next()) {
            return new Verdict.Behind(known);
        }
        if (hasSuccessor(known.epoch())) {
            return new Verdict.InUse(known);
        }
        KnownEpoch moved = known.movedTo(unit.to());
        List<KnownEpoch> changed = new ArrayList<>(epochs);
        changed.set(epochs.indexOf(known), moved);
        return new Verdict.Apply(known.next(), moved, new KnownEpochs(changed, forks, missed));
    }

    private Verdict judgeNew(UnitHeader unit) {
        if (epochs.isEmpty()) {
            // What lies before would be missing without a gap: this log may have forgotten what it had, as a backup
            // does.
            return unit.from() == 1
                    ? accept(unit, false)
                    : new Verdict.Behind(new KnownEpoch(unit.epoch(), 1, 1, NO_EPOCH, false));
        }
        UnitHeader.Previous previous = unit.previous();
        Optional<KnownEpoch> found = previous == null ? Optional.empty() : find(previous.epoch());
        if (previous == null || found.isEmpty()) {
            return unit.fork() ? accept(unit, true) : new Verdict.Behind(epochs.get(epochs.size() - 1));
        }
        KnownEpoch predecessor = found.get();
        if (predecessor.next() < previous.to()) {
            return new Verdict.Behind(predecessor);
        }
        if (hasSuccessor(predecessor.epoch()) || predecessor.next() > previous.to()) {
            return accept(unit, true);
        }
        // A new epoch begins where the one before ended; what lies between would be lost without a gap.
        return unit.from() > previous.to() ? new Verdict.Behind(predecessor) : accept(unit, false);
    }

    private Verdict accept(UnitHeader unit, boolean fork) {
        UnitHeader.Previous previous = unit.previous();
        KnownEpoch added = new KnownEpoch(
                unit.epoch(), unit.from(), unit.to(), previous == null ? NO_EPOCH : previous.epoch(), fork);
        List<KnownEpoch> changed = new ArrayList<>(epochs);
        changed.add(added);
        if (changed.size() > EPOCHS_MAX) {
            changed.remove(0);
        }
        return new Verdict.Apply(unit.from(), added, new KnownEpochs(changed, fork ? forks + 1 : forks, missed));
    }

    KnownEpochs withMissed(long more) {
        return new KnownEpochs(epochs, forks, missed + more);
    }

    private Optional<KnownEpoch> find(long epoch) {
        return epochs.stream().filter(known -> known.epoch() == epoch).findFirst();
    }

    private boolean hasSuccessor(long epoch) {
        return epochs.stream().anyMatch(known -> known.previous() == epoch);
    }

    Payload render() {
        StringBuilder text =
                new StringBuilder().append(forks).append(' ').append(missed).append('\n');
        for (KnownEpoch known : epochs) {
            text.append(ShardEpoch.text(known.epoch())).append(' ');
            text.append(known.first()).append(' ').append(known.next()).append(' ');
            text.append(known.previous() == NO_EPOCH ? "-" : ShardEpoch.text(known.previous()));
            text.append(known.fork() ? " 1\n" : " 0\n");
        }
        return Payload.wrap(text.toString().getBytes(StandardCharsets.US_ASCII));
    }

    static KnownEpochs parse(Payload text) {
        List<String> lines = text.utf8().lines().toList();
        String[] counts = lines.get(0).split(" ", -1);
        List<KnownEpoch> epochs = new ArrayList<>();
        for (String line : lines.subList(1, lines.size())) {
            String[] fields = line.split(" ", -1);
            epochs.add(new KnownEpoch(
                    ShardEpoch.parse(fields[0]),
                    Long.parseLong(fields[1]),
                    Long.parseLong(fields[2]),
                    fields[3].equals("-") ? NO_EPOCH : ShardEpoch.parse(fields[3]),
                    fields[4].equals("1")));
        }
        return new KnownEpochs(epochs, Long.parseLong(counts[0]), Long.parseLong(counts[1]));
    }
}
