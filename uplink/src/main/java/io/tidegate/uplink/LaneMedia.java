package io.tidegate.uplink;

import io.tidegate.core.stream.LogEntry;
import io.tidegate.core.stream.MediaBytes;
import io.tidegate.core.stream.MediaId;
import io.tidegate.core.stream.MediaSource;
import io.tidegate.core.stream.StreamRecord;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;

/**
 * The media objects of the unit that a lane is about to send: they go before their records.
 *
 * <p>Confined to the uplink's thread.
 */
final class LaneMedia {
    static final String SENT = "sent";
    static final String GONE = "gone";

    private static final int INITS_MAX = 32;

    /** An object on its way. */
    record Upload(CompletableFuture<Answer> answer, long bytes) {}

    private record Wanted(long sequenceNumber, MediaId id) {}

    private final Optional<MediaSource> source;
    private final Destination destination;
    private final Deque<Wanted> wanted = new ArrayDeque<>();
    private final Map<Long, String> outcomes = new TreeMap<>();
    private final Set<MediaId> initsSent = new LinkedHashSet<>();

    LaneMedia(Optional<MediaSource> source, Destination destination) {
        this.source = source;
        this.destination = destination;
    }

    /** Collects what the unit needs and what has not been settled by an earlier try. */
    void begin(OutgoingUnit unit, SortedSet<Long> knownGone) {
        // What an earlier try left unfinished counts from its first object on again.
        wanted.forEach(one -> outcomes.remove(one.sequenceNumber()));
        wanted.clear();
        if (source.isEmpty()) {
            return;
        }
        for (LogEntry entry : unit.entries()) {
            if (!(entry instanceof StreamRecord record) || outcomes.containsKey(record.sequenceNumber())) {
                continue;
            }
            if (knownGone.contains(record.sequenceNumber())) {
                outcomes.put(record.sequenceNumber(), GONE);
                continue;
            }
            for (MediaId id : FragmentMedia.of(record)) {
                wanted.add(new Wanted(record.sequenceNumber(), id));
            }
        }
    }

    /** Starts the next upload; empty when every object is settled. */
    Optional<Upload> putNext() {
        while (!wanted.isEmpty()) {
            Wanted next = wanted.getFirst();
            if (GONE.equals(outcomes.get(next.sequenceNumber())) || initsSent.contains(next.id())) {
                settle(outcomes.getOrDefault(next.sequenceNumber(), SENT));
                continue;
            }
            Optional<MediaBytes> bytes = source.flatMap(media -> media.open(next.id()));
            if (bytes.isEmpty()) {
                settle(GONE);
                continue;
            }
            long length = bytes.get().length();
            return Optional.of(new Upload(destination.put(next.id(), bytes.get()), length));
        }
        return Optional.empty();
    }

    /** Takes the answer to an upload; false: it is an answer to something else. */
    boolean isAnsweredBy(Answer answer, LaneContext context) {
        if (answer instanceof Answer.MediaKept) {
            context.countMedia();
            kept();
            return true;
        }
        if (answer instanceof Answer.MediaNotTaken notTaken) {
            settle(notTaken.media());
            return true;
        }
        return false;
    }

    private void kept() {
        MediaId id = wanted.getFirst().id();
        if (id.isInit()) {
            initsSent.add(id);
            if (initsSent.size() > INITS_MAX) {
                initsSent.remove(initsSent.iterator().next());
            }
        }
        settle(outcomes.getOrDefault(wanted.getFirst().sequenceNumber(), SENT));
    }

    private void settle(String outcome) {
        outcomes.put(wanted.removeFirst().sequenceNumber(), outcome);
    }

    Map<Long, String> outcomes() {
        return outcomes;
    }

    SortedSet<Long> gone() {
        SortedSet<Long> gone = new TreeSet<>();
        outcomes.forEach((number, outcome) -> {
            if (outcome.equals(GONE)) {
                gone.add(number);
            }
        });
        return gone;
    }

    /** The unit has arrived. */
    void settled() {
        wanted.clear();
        outcomes.clear();
    }

    /** The receiver may have lost what it had. */
    void forget() {
        settled();
        initsSent.clear();
    }
}
