package io.tidegate.gateway;

import io.tidegate.adapters.DecoderKind;
import io.tidegate.adapters.RouteSettings;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamSettings;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;

/** Reads the lists of a configuration: streams, clients, routes, cameras, rules, uplinks. Confined to one thread. */
final class ConfigParts {
    private static final List<String> CAMERA_SCHEMES = List.of("rtsp", "file", "synthetic");
    private static final List<String> CHANNELS = List.of("mqtt", "coap", "http");

    private final Section root;

    ConfigParts(Section root) {
        this.root = root;
    }

    List<StreamSettings> streams() {
        List<StreamSettings> streams = new ArrayList<>();
        for (Section item : root.list("streams")) {
            Optional<StreamName> name = stream(item, "name");
            if (name.isPresent() && name.get().isReserved()) {
                item.problem("name", "found " + item.quoted("name") + ", expected a name that does not start with _");
                continue;
            }
            name.flatMap(stream -> item.checked(() -> {
                        StreamSettings standard = StreamSettings.of(stream);
                        return new StreamSettings(
                                stream,
                                item.number("shards", standard.shards()),
                                item.duration("retention", standard.retention()),
                                item.size("bytes-max", standard.retainedBytesMax()),
                                (int) Math.min(
                                        Integer.MAX_VALUE, item.size("record-bytes-max", standard.recordBytesMax())));
                    }))
                    .ifPresent(streams::add);
        }
        return streams;
    }

    List<GatewayConfig.MqttClientEntry> mqttClients() {
        List<GatewayConfig.MqttClientEntry> clients = new ArrayList<>();
        for (Section item : root.section("mqtt").list("clients")) {
            item.url("url", List.of("tcp", "ssl"))
                    .ifPresent(url -> clients.add(new GatewayConfig.MqttClientEntry(
                            item.text("name", ""),
                            url,
                            item.texts("topics"),
                            item.text("client-id"),
                            item.text("username"),
                            item.text("password"))));
        }
        return clients;
    }

    List<RouteSettings> routes() {
        List<RouteSettings> routes = new ArrayList<>();
        for (Section item : root.list("routes")) {
            String match = item.text("match");
            if (match == null || !matchesChannel(item, match)) {
                continue;
            }
            StreamName stream = stream(item, "stream").orElse(StreamName.TELEMETRY);
            item.checked(() -> new RouteSettings(
                            match,
                            DecoderKind.parse(item.text("decoder", "auto")),
                            stream,
                            item.text("partition-key"),
                            item.text("event-time"),
                            item.text("sequence"),
                            item.flag("drop", false)))
                    .ifPresent(routes::add);
            if (item.has("stream") && !item.hasProblem("stream")) {
                known(item, "stream", stream);
            }
        }
        return routes;
    }

    private static boolean matchesChannel(Section item, String match) {
        int colon = match.indexOf(':');
        String channel = colon < 0 ? match : match.substring(0, colon);
        if (colon < 0 || !CHANNELS.contains(channel)) {
            item.problem(
                    "match",
                    "found " + item.quoted("match") + ", expected a pattern that starts with mqtt:, coap: or http:"
                            + NearestWord.hint(channel, CHANNELS));
            return false;
        }
        return true;
    }

    List<GatewayConfig.CameraEntry> cameras() {
        List<GatewayConfig.CameraEntry> cameras = new ArrayList<>();
        for (Section item : root.list("cameras")) {
            cameraUrl(item)
                    .ifPresent(url -> cameras.add(new GatewayConfig.CameraEntry(
                            item.text("name", ""),
                            item.text("role", "main"),
                            url,
                            item.size("bytes-max", 4L << 30),
                            item.duration("retention", Duration.ofDays(7)))));
        }
        return cameras;
    }

    /** A camera's URL may hold a password: it is not quoted. */
    private static Optional<String> cameraUrl(Section item) {
        String text = item.text("url");
        if (text == null) {
            return Optional.empty();
        }
        String expected = ", expected rtsp://HOST/PATH, file:PATH or synthetic";
        int colon = text.indexOf(':');
        String scheme = colon < 0 ? text : text.substring(0, colon);
        if (scheme.equals("synthetic")) {
            return Optional.of("synthetic");
        }
        if (!CAMERA_SCHEMES.contains(scheme)) {
            item.problem(
                    "url",
                    (colon < 0 ? "found no scheme" : "found the scheme '" + scheme + "'")
                            + expected
                            + NearestWord.hint(scheme, CAMERA_SCHEMES));
            return Optional.empty();
        }
        if (scheme.equals("file")) {
            Path file = item.resolve(text.substring(colon + 1).replaceFirst("^//", ""));
            if (!java.nio.file.Files.isReadable(file)) {
                item.problem("url", "found no readable file '" + file + "', expected a video there");
                return Optional.empty();
            }
            return Optional.of("file:" + file);
        }
        if (scheme.equals("rtsp")) {
            try {
                if (new URI(text).getHost() == null) {
                    item.problem("url", "found rtsp:// without a host" + expected);
                    return Optional.empty();
                }
            } catch (URISyntaxException e) {
                item.problem("url", "found something that is no URL" + expected);
                return Optional.empty();
            }
        }
        return Optional.of(text);
    }

    List<GatewayConfig.RuleEntry> rules() {
        List<GatewayConfig.RuleEntry> rules = new ArrayList<>();
        for (Section item : root.list("rules")) {
            item.file("file").ifPresent(file -> rules.add(new GatewayConfig.RuleEntry(item.text("name", ""), file)));
        }
        return rules;
    }

    List<GatewayConfig.UplinkEntry> uplinks() {
        List<GatewayConfig.UplinkEntry> uplinks = new ArrayList<>();
        for (Section item : root.list("uplinks")) {
            List<StreamName> streams = item.has("streams")
                    ? item.texts("streams").stream()
                            .filter(StreamName::isValid)
                            .map(StreamName::new)
                            .toList()
                    : List.of();
            item.url("url", List.of("http", "https"))
                    .ifPresent(url -> uplinks.add(new GatewayConfig.UplinkEntry(
                            item.text("name", ""),
                            url,
                            item.text("token"),
                            streams,
                            item.text("compression", "zstd"),
                            (int) Math.min(Integer.MAX_VALUE, item.size("batch-bytes-max", 1 << 20)),
                            item.number("batch-records-max", 1_000),
                            item.duration("batch-interval", Duration.ofMillis(500)),
                            item.duration("request-timeout", Duration.ofSeconds(30)),
                            item.text("on-rejected", "block"),
                            item.text("media", "with-record").equals("with-record"))));
        }
        return uplinks;
    }

    private static Optional<StreamName> stream(Section item, String key) {
        String text = item.text(key);
        return text != null && StreamName.isValid(text) ? Optional.of(new StreamName(text)) : Optional.empty();
    }

    /** A route to a stream that nobody creates would reject everything. */
    private void known(Section item, String key, StreamName stream) {
        TreeSet<String> known = new TreeSet<>(
                root.list("streams").stream().map(each -> each.text("name", "")).toList());
        ConfigLoader.standardStreams().forEach(each -> known.add(each.value()));
        if (!known.contains(stream.value())) {
            item.problem(
                    key,
                    "found the stream '" + stream + "', expected one of " + String.join(", ", known)
                            + NearestWord.hint(stream.value(), known) + " (streams are named under 'streams:')");
        }
    }
}
