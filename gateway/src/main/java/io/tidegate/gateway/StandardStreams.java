package io.tidegate.gateway;

import io.tidegate.core.stream.StreamAdmin;
import io.tidegate.core.stream.StreamDescription;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamSettings;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.tinylog.Logger;

/** The streams that exist without being asked for, and those of the configuration. */
final class StandardStreams {
    private static final List<String> RESERVED = List.of(
            "_rejected",
            "_dead-letters",
            "_gaps",
            "_clock",
            "_commands",
            "_clips",
            "_webhooks",
            "_alarms",
            "_outcomes",
            "_late",
            "_errors",
            "_rules",
            "_audit");
    private static final long RESERVED_BYTES_MAX = 64L << 20;

    private StandardStreams() {}

    /**
     * Creates what is missing. What the configuration names gets its settings at each start, but for the number of
     * shards; of other streams, settings that were changed over HTTP stay.
     *
     * @param targets what rules write to, whether or not the configuration names it
     */
    static void create(StreamAdmin admin, List<StreamSettings> configured, List<StreamName> targets) {
        Map<StreamName, StreamSettings> settled = new LinkedHashMap<>();
        configured.forEach(settings -> settled.put(settings.name(), settings));
        for (String name : RESERVED) {
            StreamName stream = new StreamName(name);
            settled.put(stream, StreamSettings.of(stream).withRetainedBytesMax(RESERVED_BYTES_MAX));
        }
        Set<StreamName> wanted = new LinkedHashSet<>(List.of(StreamName.TELEMETRY, StreamName.VIDEO));
        wanted.addAll(settled.keySet());
        wanted.addAll(targets);
        for (StreamName name : wanted) {
            StreamSettings settings = settled.get(name);
            Optional<StreamDescription> there = admin.describe(name);
            if (there.isEmpty()) {
                admin.create(settings == null ? StreamSettings.of(name) : settings);
            } else if (settings != null) {
                tellOtherNumber(there.get(), settings.shards());
                admin.configure(settings);
            }
        }
    }

    /** A number of shards is changed by whoever is there to see what it does, not by a start. */
    private static void tellOtherNumber(StreamDescription there, int shards) {
        int open = there.openShards().size();
        if (open != shards) {
            Logger.info(
                    "Stream {} keeps its {} open shards: the number in the configuration, {}, counts when a stream is created",
                    there.name(),
                    open,
                    shards);
        }
    }
}
