package io.tidegate.adapters;

import io.tidegate.core.stream.StreamName;
import org.jspecify.annotations.Nullable;

/**
 * One route of the configuration: which messages it takes, and what becomes of them. Throws IllegalArgumentException
 * naming the field and the value if it cannot work.
 *
 * @param match {@code mqtt:plant/{device}/{metric}}: the protocol, then levels: a word, <code>{name}</code> one level,
 *     <code>{name+}</code> the rest, {@code +} one level, {@code #} the rest, which may be nothing
 * @param decoder how bytes become data
 * @param stream where records go; not a reserved stream
 * @param partitionKey a text with <code>${name}</code> of the match, or <code>${topic}</code>; null: the topic or path
 * @param eventTime where the device's time is in the data, {@code $.time}; null: the time of arrival
 * @param sequence where the device's own number of the reading is, {@code $.seq}; null: none
 * @param drop messages are acknowledged and forgotten, counted
 */
public record RouteSettings(
        String match,
        DecoderKind decoder,
        StreamName stream,
        @Nullable String partitionKey,
        @Nullable String eventTime,
        @Nullable String sequence,
        boolean drop) {
    public RouteSettings {
        RoutePattern pattern = RoutePattern.parse(match);
        if (stream.isReserved()) {
            throw new IllegalArgumentException(
                    "stream of route '" + match + "' must not start with _, found '" + stream + "'");
        }
        if (partitionKey != null) {
            KeyTemplate.parse(partitionKey, pattern.names());
        }
        if (eventTime != null) {
            JsonPath.parse("event-time", eventTime);
        }
        if (sequence != null) {
            JsonPath.parse("sequence", sequence);
        }
        if (decoder == DecoderKind.RAW && (eventTime != null || sequence != null)) {
            throw new IllegalArgumentException("route '" + match
                    + "' has decoder raw: it cannot have event-time or sequence, which look into JSON data");
        }
    }

    /** Everything that matches goes to a stream as {@link DecoderKind#AUTO} finds it, keyed by topic or path. */
    public static RouteSettings to(String match, StreamName stream) {
        return new RouteSettings(match, DecoderKind.AUTO, stream, null, null, null, false);
    }

    /** Everything that matches is acknowledged and forgotten. */
    public static RouteSettings dropping(String match) {
        return new RouteSettings(match, DecoderKind.AUTO, StreamName.TELEMETRY, null, null, null, true);
    }

    public RouteSettings withDecoder(DecoderKind changed) {
        return new RouteSettings(match, changed, stream, partitionKey, eventTime, sequence, drop);
    }

    public RouteSettings withPartitionKey(String changed) {
        return new RouteSettings(match, decoder, stream, changed, eventTime, sequence, drop);
    }

    public RouteSettings withEventTime(String changed) {
        return new RouteSettings(match, decoder, stream, partitionKey, changed, sequence, drop);
    }

    public RouteSettings withSequence(String changed) {
        return new RouteSettings(match, decoder, stream, partitionKey, eventTime, changed, drop);
    }
}
