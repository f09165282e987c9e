package io.tidegate.uplink;

import io.tidegate.core.stream.LogEntry;
import java.util.List;
import java.util.TreeSet;

/**
 * How large a lane's next unit may be: as set, or smaller once the destination has found one too large. An end, once it
 * is fixed, stays until the unit has arrived.
 *
 * <p>Confined to the uplink's thread.
 */
final class UnitSize {
    private static final int BYTES_MIN = 1024;

    private final UplinkSettings settings;
    private int bytesMax;
    private long end;

    UnitSize(UplinkSettings settings) {
        this.settings = settings;
        this.bytesMax = settings.unitBytesMax();
    }

    UnitBuilder.Limits next(LaneNotes notes) {
        return new UnitBuilder.Limits(
                bytesMax, settings.unitRecordsMax(), end > 0 ? end : notes.boundary(), notes.leaveOut());
    }

    /** For passing over what need not be sent. */
    UnitBuilder.Limits upTo(long toExclusive) {
        return new UnitBuilder.Limits(settings.unitBytesMax(), settings.unitRecordsMax(), toExclusive, new TreeSet<>());
    }

    void fixEnd(long toExclusive) {
        end = toExclusive;
    }

    void freeEnd() {
        end = 0;
    }

    /** Units are half as large from now on; returns the end of the first half of this one. */
    long shrink(OutgoingUnit tooLarge) {
        bytesMax = (int) Math.max(BYTES_MIN, Math.min(bytesMax, tooLarge.dataBytes()) / 2);
        List<LogEntry> entries = tooLarge.entries();
        end = LaneAccount.firstNumber(entries.get(entries.size() / 2));
        return end;
    }
}
