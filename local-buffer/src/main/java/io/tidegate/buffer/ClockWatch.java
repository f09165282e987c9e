package io.tidegate.buffer;

import io.tidegate.buffer.ControlEntry.ClockSynced;
import io.tidegate.core.runtime.EffectiveClock;
import io.tidegate.core.stream.IsoTime;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.ShardEpoch;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.TimeQuality;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import org.tinylog.Logger;

/**
 * Begins an era when the wall clock has become believable, or has been moved; see
 * docs/design/0009-clock.md. It remembers nothing: what is due follows from the log's state. What an era corrects goes
 * into the stream {@code _clock}, if there is one:
 *
 * <pre>
 * {"type":"clock-sync","boot":"1c22e0947ab05d10","era":3,"time":"2026-11-23T01:02:03.123Z","corrections":[
 *  {"from":"2026-01-01T00:00:05.000Z","to":"2026-01-01T00:03:00.000Z","fromLsn":"17","toLsn":"90","correctionMillis":28170063123}]}
 * </pre>
 *
 * <p>Records whose {@code timeQuality} is {@code estimated} and whose arrival time lies between both times, both
 * included, arrived so much later; {@code to} null: from there on, until a later entry of this stream or a time that is
 * {@code synced}.
 *
 * <p>Confined to the log's writer.
 */
final class ClockWatch {
    /** A clock that is moved again and again begins an era no more often than this. */
    private static final long ERA_NANOS_MIN = 1_000_000_000L;

    private final LogState state;
    private final LogClocks clocks;

    ClockWatch(LogState state, LogClocks clocks) {
        this.state = state;
        this.clocks = clocks;
    }

    /** Whether a commit should be made for the clock's sake alone. */
    boolean isDue() {
        return era(clocks.effective().observe(), state.clock()) != null;
    }

    /** Adds the era that begins with this commit, if one does, and what it corrects as a record of {@code _clock}. */
    void look(CommitDraft draft, EffectiveClock.Observation seen) {
        ClockState.View known = state.clock();
        ClockSynced era = era(seen, known);
        if (era == null) {
            return;
        }
        draft.add(era);
        List<String> corrections = corrections(seen, draft.header(), known, era);
        if (!corrections.isEmpty()) {
            Logger.info("The clock is synchronised: estimated times of this boot are corrected from here on");
            draft.put(NewRecord.of(StreamName.CLOCK, "clock", Payload.ofUtf8(json(era, seen, corrections))));
        }
    }

    private @Nullable ClockSynced era(EffectiveClock.Observation seen, ClockState.View known) {
        OptionalLong wallMillis = seen.synchronisedMillis();
        if (wallMillis.isEmpty()) {
            return null;
        }
        long offsetMillis = wallMillis.getAsLong() - seen.monotonicNanos() / 1_000_000;
        ClockSynced before = known.newestOf(clocks.boot());
        if (before != null
                && (Math.abs(before.offsetMillis() - offsetMillis) <= EffectiveClock.TOLERANCE_MILLIS
                        || seen.monotonicNanos() - before.monotonicNanos() < ERA_NANOS_MIN)) {
            return null;
        }
        ClockSynced newest = known.newest();
        long number = newest == null ? 1 : newest.number() + 1;
        return new ClockSynced(clocks.boot(), number, offsetMillis, seen.monotonicNanos());
    }

    /** What the era says about times that have been given, and about those that will be while nothing changes. */
    private static List<String> corrections(
            EffectiveClock.Observation seen, BlockHeader header, ClockState.View known, ClockSynced era) {
        List<String> corrections = new ArrayList<>();
        for (ControlEntry.ClockSpan span : known.spans()) {
            long millis = ClockState.correction(span.offsetMillis(), era);
            if (span.boot() == era.boot() && !span.settled() && millis != span.correctionMillis()) {
                corrections.add(correction(span, millis));
            }
        }
        long aheadMillis = seen.reading().millis()
                - seen.synchronisedMillis().orElse(seen.reading().millis());
        if (seen.reading().quality() == TimeQuality.ESTIMATED && aheadMillis > 0) {
            corrections.add("{\"from\":\"" + IsoTime.text(header.timeMillis()) + "\",\"to\":null,\"fromLsn\":\""
                    + header.lsn() + "\",\"toLsn\":null,\"correctionMillis\":" + -aheadMillis + "}");
        }
        return corrections;
    }

    private static String correction(ControlEntry.ClockSpan span, long millis) {
        return "{\"from\":\"" + IsoTime.text(span.firstTimeMillis()) + "\",\"to\":\""
                + IsoTime.text(span.lastTimeMillis())
                + "\",\"fromLsn\":\"" + span.firstLsn() + "\",\"toLsn\":\"" + span.nextLsn()
                + "\",\"correctionMillis\":" + millis + "}";
    }

    private static String json(ClockSynced era, EffectiveClock.Observation seen, List<String> corrections) {
        return "{\"type\":\"clock-sync\",\"boot\":\"" + ShardEpoch.text(era.boot()) + "\",\"era\":" + era.number()
                + ",\"time\":\"" + IsoTime.text(seen.synchronisedMillis().orElseThrow()) + "\",\"corrections\":["
                + String.join(",", corrections) + "]}";
    }
}
