package io.tidegate.gateway;

import io.tidegate.core.stream.StreamAdmin;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamSettings;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

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

    /** Creates what is missing, and lets changed retention take effect. */
    static void create(StreamAdmin admin, List<StreamSettings> configured) {
        Map<StreamName, StreamSettings> wanted = new LinkedHashMap<>();
        for (StreamName name : List.of(StreamName.TELEMETRY, StreamName.VIDEO)) {
            wanted.put(name, StreamSettings.of(name));
        }
        for (String name : RESERVED) {
            StreamName stream = new StreamName(name);
            wanted.put(stream, StreamSettings.of(stream).withRetainedBytesMax(RESERVED_BYTES_MAX));
        }
        configured.forEach(settings -> wanted.put(settings.name(), settings));
        for (StreamSettings settings : wanted.values()) {
            admin.create(settings);
            admin.configure(settings);
        }
    }
}
