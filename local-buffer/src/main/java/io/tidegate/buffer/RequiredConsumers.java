package io.tidegate.buffer;

import io.tidegate.core.stream.ConsumerName;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamSelection;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The consumers that age-based expiry waits for. Durable: after a restart they hold on, whether or not somebody says
 * again that they are required.
 *
 * <p>Guarded by the {@link LogState} that holds it.
 */
final class RequiredConsumers {
    private final Map<ConsumerName, StreamSelection> required =
            new TreeMap<>(Comparator.comparing(ConsumerName::value));

    /**
     * How far one of them has come in a shard: a record is confirmed if its number is below the one, or its commit
     * before the other.
     */
    record Hold(ConsumerName consumer, long confirmedNumbers, long confirmedLsns) {
        boolean confirms(long lsn, long nextSequenceNumber) {
            return nextSequenceNumber <= confirmedNumbers || lsn < confirmedLsns;
        }
    }

    void fold(ControlEntry.ConsumerRequired entry) {
        if (entry.required()) {
            required.put(entry.consumer(), entry.streams());
        } else {
            required.remove(entry.consumer());
        }
    }

    List<ControlEntry.ConsumerRequired> entries() {
        List<ControlEntry.ConsumerRequired> entries = new ArrayList<>();
        required.forEach((name, streams) -> entries.add(new ControlEntry.ConsumerRequired(name, streams, true)));
        return entries;
    }

    Map<ConsumerName, StreamSelection> all() {
        return Map.copyOf(required);
    }

    /** Who wants this stream. */
    List<ConsumerName> of(StreamName stream) {
        return required.entrySet().stream()
                .filter(entry -> entry.getValue().includes(stream))
                .map(Map.Entry::getKey)
                .toList();
    }
}
