package io.tidegate.adapters;

import java.util.Locale;

/** The protocol by which a message came: the first word of a route's match, and a record's attribute {@code source}. */
public enum ChannelKind {
    MQTT,
    COAP,
    HTTP;

    /** The name in routes and attributes. */
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }
}
