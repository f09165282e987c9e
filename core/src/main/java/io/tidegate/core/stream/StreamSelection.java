package io.tidegate.core.stream;

import java.util.Set;

/**
 * Which streams a consumer wants: those named, or, if none is named, every stream that is not reserved, and {@code
 * _gaps} and {@code _alarms}; streams that are made later included.
 */
public record StreamSelection(Set<StreamName> named) {
    private static final Set<StreamName> RESERVED_BUT_WANTED = Set.of(StreamName.GAPS, StreamName.ALARMS);

    public StreamSelection {
        named = Set.copyOf(named);
    }

    public boolean includes(StreamName stream) {
        return named.isEmpty() ? !stream.isReserved() || RESERVED_BUT_WANTED.contains(stream) : named.contains(stream);
    }
}
