package io.tidegate.buffer;

import io.tidegate.buffer.ControlEntry.ClockSynced;
import io.tidegate.core.runtime.EffectiveClock;
import io.tidegate.core.stream.TimeQuality;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the log knows about its clock: the boot that it is in, the newest era, and which commits carry an estimated time;
 * docs/design/0009-clock.md. A fold of entries and block headers, in order, and of nothing else.
 *
 * <p>Guarded by the lock of {@link LogState}.
 */
final class ClockState {
    /** Spans of estimated time that are remembered; the oldest is forgotten first and its times stay as they are. */
    static final int SPANS_MAX = 256;
    /** Within a span, effective time and monotonic clock run alike; the one counts whole milliseconds. */
    private static final long ALIKE_MILLIS = 5;

    private static final ControlEntry.ClockRun NO_RUN = new ControlEntry.ClockRun(0, 0, 0);

    private ControlEntry.ClockRun run = NO_RUN;
    private @Nullable ClockSynced newest;
    private final List<ControlEntry.ClockSpan> spans = new ArrayList<>();
    /** Made when it is asked for; null: something has changed since. */
    private @Nullable View view;

    /**
     * The state at one moment. Immutable.
     *
     * @param run the newest; its epoch is 0 if there was none
     * @param newest null: no era has begun yet
     */
    record View(
            ControlEntry.ClockRun run,
            @Nullable ClockSynced newest,
            List<ControlEntry.ClockSpan> spans,
            CorrectedTime corrected) {
        View {
            spans = List.copyOf(spans);
        }

        /** The newest era of a boot; null: none has begun in it. */
        @Nullable
        ClockSynced newestOf(long boot) {
            ClockSynced era = newest;
            return era != null && era.boot() == boot ? era : null;
        }
    }

    View view() {
        View known = view;
        if (known == null) {
            known = new View(run, newest, spans, new CorrectedTime(spans));
            view = known;
        }
        return known;
    }

    void fold(ControlEntry.ClockEntry entry) {
        view = null;
        if (entry instanceof ControlEntry.ClockRun opened) {
            if (opened.boot() != run.boot()) {
                forgetWhatNobodyWillCorrect(opened.boot());
            }
            run = opened;
        } else if (entry instanceof ClockSynced synced) {
            settle(synced);
            newest = synced;
        } else if (entry instanceof ControlEntry.ClockSpan span) {
            add(span);
        }
    }

    private void forgetWhatNobodyWillCorrect(long boot) {
        spans.removeIf(span -> span.boot() != boot && span.correctionMillis() == 0);
    }

    private void settle(ClockSynced synced) {
        spans.replaceAll(span -> span.boot() == synced.boot() && !span.settled()
                ? span.corrected(correction(span.offsetMillis(), synced))
                : span);
    }

    /** What an era says about times that lie so far from the monotonic clock of its boot. */
    static long correction(long offsetMillis, ClockSynced era) {
        long millis = era.offsetMillis() - offsetMillis;
        return Math.abs(millis) <= EffectiveClock.TOLERANCE_MILLIS ? 0 : millis;
    }

    /** After the entries of the same block. */
    void fold(BlockHeader header) {
        // Without the entry that says how the monotonic clock of this epoch stands, nothing can be said.
        if (header.epoch() != run.epoch() || header.timeQuality() == TimeQuality.SYNCED) {
            return;
        }
        view = null;
        long monotonicNanos = header.poweredOnNanos() + run.monotonicAheadNanos();
        long offsetMillis = header.timeMillis() - monotonicNanos / 1_000_000;
        int last = spans.size() - 1;
        if (last >= 0 && goesOn(spans.get(last), header.lsn(), offsetMillis)) {
            spans.set(last, spans.get(last).with(header));
            return;
        }
        ClockSynced era = newest;
        long known = era != null && era.boot() == run.boot() ? correction(offsetMillis, era) : 0;
        add(new ControlEntry.ClockSpan(
                header.lsn(),
                header.lsn() + 1,
                header.timeMillis(),
                header.timeMillis(),
                run.boot(),
                offsetMillis,
                known,
                false));
    }

    private boolean goesOn(ControlEntry.ClockSpan last, long lsn, long offsetMillis) {
        return last.nextLsn() == lsn
                && last.boot() == run.boot()
                && !last.settled()
                && Math.abs(last.offsetMillis() - offsetMillis) <= ALIKE_MILLIS;
    }

    private void add(ControlEntry.ClockSpan span) {
        spans.add(span);
        if (spans.size() > SPANS_MAX) {
            spans.remove(0);
        }
    }

    /** The whole, as entries, in an order that makes it again. */
    List<ControlEntry> snapshot() {
        List<ControlEntry> entries = new ArrayList<>();
        if (run.epoch() != 0) {
            entries.add(run);
        }
        ClockSynced era = newest;
        // Before the spans, which it must not settle again.
        if (era != null) {
            entries.add(era);
        }
        entries.addAll(spans);
        return entries;
    }
}
