package io.tidegate.gateway;

import io.tidegate.adapters.BrokerLimits;
import io.tidegate.adapters.BrokerLogin;
import io.tidegate.adapters.DecoderKind;
import io.tidegate.adapters.MqttBrokerSettings;
import io.tidegate.adapters.RouteSettings;
import io.tidegate.analytics.RuleException;
import io.tidegate.analytics.RuleFile;
import io.tidegate.analytics.RuleSettings;
import io.tidegate.capture.CameraSettings;
import io.tidegate.core.stream.FullPolicy;
import io.tidegate.core.stream.StreamMode;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamPriority;
import io.tidegate.core.stream.StreamSettings;
import io.tidegate.uplink.RejectionPolicy;
import io.tidegate.uplink.UplinkSettings;
import io.tidegate.uplink.http.Encoding;
import io.tidegate.uplink.http.HttpDestinationSettings;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** Reads the lists of a configuration: streams, clients, routes, cameras, rules, uplinks. Confined to one thread. */
final class ConfigParts {
    private static final List<String> CAMERA_SCHEMES = List.of("rtsp", "rtsps", "file", "synthetic");
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
                        return standard.withShards(item.number("shards", standard.shards()))
                                .withRetention(item.duration("retention", standard.retention()))
                                .withRetainedBytesMax(item.size("bytes-max", standard.retainedBytesMax()))
                                .withOnFull(FullPolicy.parse(
                                        item.text("on-full", standard.onFull().text())))
                                .withReceivedBytesMax(receivedBytesMax(item))
                                .withMode(StreamMode.parse(
                                        item.text("mode", standard.mode().text())))
                                .withPriority(StreamPriority.parse(item.text(
                                        "priority", standard.priority().text())))
                                .withRecordBytesMax((int) Math.min(
                                        Integer.MAX_VALUE, item.size("record-bytes-max", standard.recordBytesMax())));
                    }))
                    .ifPresent(streams::add);
        }
        return streams;
    }

    private static long receivedBytesMax(Section item) {
        boolean isReceived = item.text("acknowledge", "commit").equals("received");
        if (!isReceived && item.has("received-bytes-max")) {
            item.problem("received-bytes-max", "found a limit for 'acknowledge: received', expected that with it");
        }
        return isReceived ? item.size("received-bytes-max", StreamSettings.RECEIVED_BYTES_DEFAULT) : 0;
    }

    List<MqttBrokerSettings> mqttClients() {
        List<MqttBrokerSettings> clients = new ArrayList<>();
        for (Section item : root.section("mqtt").list("clients")) {
            Optional<URI> url = item.url("url", List.of("tcp"));
            String name = item.text("name");
            String username = item.text("username");
            if (item.has("password") && username == null && !item.hasProblem("username")) {
                item.problem("password", "found a password without a username, expected both or neither");
            }
            if (url.isEmpty() || name == null) {
                continue;
            }
            item.checked(() -> new MqttBrokerSettings(
                            name,
                            url.get().toString(),
                            item.text("client-id", "tidegate-" + name),
                            username == null ? null : new BrokerLogin(username, item.text("password", "")),
                            item.texts("topics"),
                            BrokerLimits.DEFAULT))
                    .ifPresent(clients::add);
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

    List<CameraSettings> cameras() {
        List<CameraSettings> cameras = new ArrayList<>();
        for (Section item : root.list("cameras")) {
            cameraUrl(item).ifPresent(url -> item.checked(() -> {
                        CameraSettings standard = CameraSettings.of(item.text("name", "-"), url);
                        return new CameraSettings(
                                standard.name(),
                                url,
                                item.text("role", standard.role()),
                                item.flag("loop", standard.loop()),
                                item.number("width", standard.width()),
                                item.number("height", standard.height()),
                                item.number("frames-per-second", standard.framesPerSecond()));
                    })
                    .ifPresent(cameras::add));
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
            return Optional.of("synthetic:");
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
        if (scheme.startsWith("rtsp")) {
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

    /** Rules are compiled here, so that a mistake in SQL is found, at its place, before anything starts. */
    List<RuleFile> rules() {
        List<RuleFile> rules = new ArrayList<>();
        for (Section item : root.list("rules")) {
            Optional<Path> file = item.file("file");
            String name = item.text("name");
            if (file.isEmpty() || name == null) {
                continue;
            }
            RuleSettings.From from = item.text("from", "latest").equals("latest")
                    ? RuleSettings.From.LATEST
                    : RuleSettings.From.TRIM_HORIZON;
            RuleSettings settings = new RuleSettings(
                    name, file.get(), stream(item, "into").orElse(null), item.texts("key-fields"), from);
            try {
                rules.add(RuleFile.parse(settings));
            } catch (RuleException e) {
                item.problemElsewhere(
                        new Place(file.get().toString(), Math.max(1, e.line()), Math.max(1, e.column())),
                        String.valueOf(e.getMessage())
                                .replaceFirst("^\\Q" + file.get() + "\\E(:[0-9]+:[0-9]+)?: ", ""));
            }
        }
        return rules;
    }

    List<GatewayConfig.UplinkEntry> uplinks() {
        List<GatewayConfig.UplinkEntry> uplinks = new ArrayList<>();
        for (Section item : root.list("uplinks")) {
            Optional<URI> url = item.url("url", List.of("http", "https"));
            String name = item.text("name");
            String token = item.text("token");
            if (url.isEmpty() || name == null || token == null) {
                continue;
            }
            Optional<HttpDestinationSettings> destination = item.checked(() -> {
                HttpDestinationSettings standard = HttpDestinationSettings.of(url.get(), token);
                Encoding encoding = Encoding.valueOf(
                        item.text("compression", standard.encoding().text()).toUpperCase(Locale.ROOT));
                return new HttpDestinationSettings(url.get(), token, encoding, standard.connectTimeout());
            });
            Optional<UplinkSettings> settings = item.checked(() -> settings(item, name));
            if (destination.isPresent() && settings.isPresent()) {
                boolean media = item.text("media", "with-record").equals("with-record");
                uplinks.add(new GatewayConfig.UplinkEntry(
                        settings.get(), destination.get(), media, item.flag("required", true)));
            }
        }
        return uplinks;
    }

    private UplinkSettings settings(Section item, String name) {
        UplinkSettings standard = UplinkSettings.of(name);
        Set<StreamName> streams = new TreeSet<>();
        for (String text : item.texts("streams")) {
            if (StreamName.isValid(text)) {
                streams.add(new StreamName(text));
            }
        }
        RejectionPolicy onRejected =
                switch (item.text("on-rejected", "block")) {
                    case "dead-letter" -> RejectionPolicy.DEAD_LETTER;
                    case "drop" -> RejectionPolicy.DROP;
                    default -> RejectionPolicy.BLOCK;
                };
        return new UplinkSettings(
                name,
                streams,
                (int) Math.min(Integer.MAX_VALUE, item.size("bytes-max", standard.unitBytesMax())),
                item.number("records-max", standard.unitRecordsMax()),
                item.duration("interval", standard.interval()),
                standard.retryFirst(),
                item.duration("retry-max", standard.retryMax()),
                item.duration("timeout", standard.answerTimeout()),
                onRejected,
                standard.bufferBytes());
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
