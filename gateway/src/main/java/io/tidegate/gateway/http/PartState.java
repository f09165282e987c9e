package io.tidegate.gateway.http;

import java.util.Locale;

/** How a part of the gateway is. */
public enum PartState {
    STARTING,
    RUNNING,
    /** It works, but something that it needs does not: no connection, a camera without frames. */
    DEGRADED,
    /** It does not work and will not without help. */
    FAILED,
    STOPPED;

    /** The name in JSON. */
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }

    boolean needsAttention() {
        return this == DEGRADED || this == FAILED;
    }
}
