package io.tidegate.adapters;

import io.tidegate.core.runtime.Clock;
import io.tidegate.core.runtime.ClockSync;
import io.tidegate.core.stream.Attributes;
import io.tidegate.core.stream.ContentTypes;
import io.tidegate.core.stream.EventTimeFrom;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.StreamName;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The routes of a gateway, in order: the first that matches a message turns it into a record. What no route takes goes
 * to {@code telemetry}, keyed by its topic or path. What cannot be decoded becomes a record of {@code _rejected} with
 * the original bytes and the reason as an attribute.
 *
 * <p>Thread-safe.
 */
public final class Routes {
    private static final int TOPIC_SHOWN_MAX = 512;

    /** What becomes of a message. */
    sealed interface Routed {
        /** A record for the log; rejected: it is one of {@code _rejected}. */
        record Keep(NewRecord record, boolean rejected) implements Routed {}

        /** The route says so: it is acknowledged and forgotten. */
        record Drop() implements Routed {}
    }

    private record Route(
            RouteSettings settings,
            RoutePattern pattern,
            @Nullable KeyTemplate key,
            @Nullable JsonPath eventTime,
            @Nullable JsonPath sequence) {
        static Route of(RouteSettings settings) {
            RoutePattern pattern = RoutePattern.parse(settings.match());
            String key = settings.partitionKey();
            String time = settings.eventTime();
            String sequence = settings.sequence();
            return new Route(
                    settings,
                    pattern,
                    key == null ? null : KeyTemplate.parse(key, pattern.names()),
                    time == null ? null : JsonPath.parse("event-time", time),
                    sequence == null ? null : JsonPath.parse("sequence", sequence));
        }
    }

    /** A route that took a message, and the values of its names. */
    private record Match(Route route, Map<String, String> values) {}

    private static final Routed DROP = new Routed.Drop();

    private final List<Route> routes;
    private final Map<ChannelKind, Route> fallbacks;
    private final DeviceTime deviceTime;

    private Routes(List<Route> routes, DeviceTime deviceTime) {
        this.routes = List.copyOf(routes);
        this.deviceTime = deviceTime;
        Map<ChannelKind, Route> all = new TreeMap<>();
        for (ChannelKind kind : ChannelKind.values()) {
            all.put(kind, Route.of(RouteSettings.to(kind.text() + ":#", StreamName.TELEMETRY)));
        }
        this.fallbacks = Map.copyOf(all);
    }

    public static Routes of(List<RouteSettings> settings, Clock clock, ClockSync sync) {
        List<Route> routes = new ArrayList<>();
        settings.forEach(each -> routes.add(Route.of(each)));
        return new Routes(routes, new DeviceTime(clock, sync));
    }

    /** Every stream that messages can go to: whoever opens a listener creates them first. */
    public Set<StreamName> streams() {
        Set<StreamName> streams = new LinkedHashSet<>(List.of(StreamName.TELEMETRY, StreamName.REJECTED));
        for (Route route : routes) {
            if (!route.settings.drop()) {
                streams.add(route.settings.stream());
            }
        }
        return streams;
    }

    Routed route(IncomingMessage message) {
        Match match = find(message);
        Route route = match.route;
        if (route.settings.drop()) {
            return DROP;
        }
        Decoder.Decoded decoded = Decoder.decode(route.settings.decoder(), message.payload());
        if (decoded instanceof Decoder.Decoded.Undecodable no) {
            return new Routed.Keep(rejected(message, no.reason()), true);
        }
        return keep(message, match, (Decoder.Decoded.Data) decoded);
    }

    private Match find(IncomingMessage message) {
        String[] parts = message.path().split("/", -1);
        for (Route route : routes) {
            if (route.pattern.kind() == message.kind()) {
                Map<String, String> values = route.pattern.match(parts);
                if (values != null) {
                    return new Match(route, values);
                }
            }
        }
        return new Match(fallback(message.kind()), Map.of());
    }

    private Route fallback(ChannelKind kind) {
        return Objects.requireNonNull(fallbacks.get(kind));
    }

    private Routed keep(IncomingMessage message, Match match, Decoder.Decoded.Data decoded) {
        Route route = match.route;
        Long number = route.sequence == null ? null : number(route.sequence.find(decoded.data()));
        DeviceTime.Judged time =
                route.eventTime == null ? DeviceTime.ARRIVAL : deviceTime.judge(route.eventTime.find(decoded.data()));
        Attributes attributes;
        try {
            attributes = attributes(message, match.values, number);
        } catch (IllegalArgumentException e) {
            return new Routed.Keep(rejected(message, String.valueOf(e.getMessage())), true);
        }
        String key = route.key == null ? KeyTemplate.fit(message.path()) : route.key.fill(match.values, message.path());
        return new Routed.Keep(
                new NewRecord(
                        route.settings.stream(),
                        key,
                        null,
                        time.millis(),
                        time.from(),
                        decoded.contentType(),
                        attributes,
                        decoded.data(),
                        number),
                false);
    }

    private static Attributes attributes(IncomingMessage message, Map<String, String> values, @Nullable Long number) {
        Map<String, String> attributes = new TreeMap<>();
        attributes.put("source", message.kind().text());
        attributes.put("topic", message.path());
        String device = values.containsKey("device") ? values.get("device") : message.sender();
        if (device != null) {
            attributes.put("device", device);
        }
        if (number != null) {
            attributes.put("seq", number.toString());
        }
        return Attributes.of(attributes);
    }

    private static @Nullable Long number(JsonPath.@Nullable Scalar found) {
        try {
            return found == null ? null : Long.valueOf(found.text());
        } catch (NumberFormatException e) {
            return null;
        }
    }

    /** The record of {@code _rejected} for a message: its original bytes, and why. */
    static NewRecord rejected(IncomingMessage message, String reason) {
        Map<String, String> attributes = new TreeMap<>();
        attributes.put("source", message.kind().text());
        attributes.put("topic", shown(message.path()));
        attributes.put("reason", Decoder.oneLine(reason));
        if (message.sender() != null) {
            attributes.put("device", shown(message.sender()));
        }
        return new NewRecord(
                StreamName.REJECTED,
                KeyTemplate.fit(message.path()),
                null,
                null,
                EventTimeFrom.ARRIVAL,
                ContentTypes.OCTETS,
                Attributes.of(attributes),
                message.payload(),
                null);
    }

    private static String shown(String text) {
        return text.length() <= TOPIC_SHOWN_MAX ? text : text.substring(0, TOPIC_SHOWN_MAX) + "...";
    }
}
