package io.tidegate.uplink;

import io.tidegate.core.stream.LogEntry;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.StreamRecord;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;

/** Those records of a unit that the destination will never take, in order. Immutable. */
record RefusedRecords(List<Refused> all) {
    /** One of them, and why. */
    record Refused(StreamRecord record, String reason) {}

    RefusedRecords {
        all = List.copyOf(all);
    }

    static RefusedRecords of(Map<Long, String> reasons, OutgoingUnit unit) {
        List<Refused> refused = new ArrayList<>();
        for (LogEntry entry : unit.entries()) {
            if (entry instanceof StreamRecord record) {
                String reason = reasons.get(record.sequenceNumber());
                if (reason != null) {
                    refused.add(new Refused(record, reason));
                }
            }
        }
        return new RefusedRecords(refused);
    }

    boolean isEmpty() {
        return all.isEmpty();
    }

    String firstInWords() {
        return "record " + all.get(0).record().sequenceNumber() + " is refused: "
                + all.get(0).reason();
    }

    /** As many as fit into a checkpoint are left out of the next try, which ends before the first that does not. */
    LaneNotes leftOut(LaneNotes notes, long toExclusive) {
        List<Long> numbers =
                all.stream().map(refused -> refused.record().sequenceNumber()).toList();
        int room = Math.max(0, LaneNotes.NUMBERS_MAX - notes.leaveOut().size());
        boolean fits = numbers.size() <= room;
        return notes.leavingOut(fits ? numbers : numbers.subList(0, room), fits ? toExclusive : numbers.get(room));
    }

    /** Copies of those that are left out, if that is the policy. */
    List<NewRecord> deadLetters(UplinkSettings settings, SortedSet<Long> leaveOut) {
        return switch (settings.onRejected()) {
            case BLOCK, DROP -> List.of();
            case DEAD_LETTER ->
                all.stream()
                        .filter(refused -> leaveOut.contains(refused.record().sequenceNumber()))
                        .map(refused -> LaneRecords.deadLetter(settings.name(), refused.record(), refused.reason()))
                        .toList();
        };
    }
}
