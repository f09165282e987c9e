package io.tidegate.gateway;

import io.tidegate.adapters.CoapLimits;
import io.tidegate.adapters.CoapListenerSettings;
import io.tidegate.adapters.MqttLimits;
import io.tidegate.adapters.MqttListenerSettings;
import io.tidegate.adapters.MqttUser;
import io.tidegate.adapters.PasswordHash;
import io.tidegate.buffer.CommitInterval;
import io.tidegate.buffer.Compression;
import io.tidegate.buffer.MasterKey;
import io.tidegate.core.runtime.DataSize;
import io.tidegate.core.stream.StreamLogException;
import io.tidegate.core.stream.StreamName;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.tinylog.Logger;

/** Reads a configuration: YAML, environment, schema, then meaning. Finds every mistake before it gives up. */
final class ConfigLoader {
    /** The newest two segments of the log always stay. */
    private static final long DISK_BYTES_MIN = 128L << 20;

    private final Section root;

    private ConfigLoader(Section root) {
        this.root = root;
    }

    /** Throws ConfigException with every mistake. */
    static GatewayConfig load(Path file, Map<String, String> environment) {
        ConfigTree tree = YamlReader.read(file);
        ConfigVariables.apply(tree, environment);
        new SchemaCheck().check(tree);
        GatewayConfig config = new ConfigLoader(Section.root(tree)).config();
        if (!tree.problems().isEmpty()) {
            throw new ConfigException(tree.problems());
        }
        return config;
    }

    private GatewayConfig config() {
        ConfigParts parts = new ConfigParts(root);
        GatewayConfig config = new GatewayConfig(
                root.section("gateway").text("clock", "auto").equals("trusted"),
                disk(root.section("gateway")),
                http(),
                log(root.section("log")),
                parts.streams(),
                mqttListener(),
                parts.mqttClients(),
                coap(),
                parts.routes(),
                parts.cameras(),
                root.section("video").size("bytes-max", 8L << 30),
                parts.rules(),
                parts.uplinks());
        unique("streams", root.list("streams"));
        unique("mqtt.clients", root.section("mqtt").list("clients"));
        unique("mqtt.listener.users", root.section("mqtt").section("listener").list("users"));
        unique("http.tokens", root.section("http").list("tokens"));
        unique("routes", root.list("routes"));
        unique("cameras", root.list("cameras"));
        unique("rules", root.list("rules"));
        unique("uplinks", root.list("uplinks"));
        return config;
    }

    private static GatewayConfig.Log log(Section log) {
        return new GatewayConfig.Log(
                commitInterval(log),
                writeBudget(log),
                log.size("segment-bytes", 32L << 20),
                log.text("compression", "zstd").equals("none") ? Compression.NONE : Compression.ZSTD,
                encryption(log.section("encryption")));
    }

    /** The keys are looked at, so that a missing one is told with its place in the configuration. */
    private static GatewayConfig.Encryption encryption(Section section) {
        List<Path> files = section.texts("keys").stream().map(section::resolve).toList();
        for (Path file : files) {
            try (MasterKey key = MasterKey.read(file)) {
                Logger.trace("Key file {} holds {}", file, key);
            } catch (StreamLogException e) {
                section.problem("keys", String.valueOf(e.getMessage()));
            }
        }
        return new GatewayConfig.Encryption(files, !files.isEmpty() && section.flag("enabled", true));
    }

    private static GatewayConfig.Disk disk(Section gateway) {
        long bytesMax = gateway.size("disk-max", Long.MAX_VALUE);
        if (bytesMax < DISK_BYTES_MIN) {
            gateway.problem("disk-max", "found " + gateway.quoted("disk-max") + ", expected at least 128MiB");
        }
        return new GatewayConfig.Disk(
                gateway.has("disk-max") ? bytesMax : null,
                gateway.has("disk-free-min") ? gateway.size("disk-free-min", 0) : null);
    }

    private GatewayConfig.Http http() {
        Section http = root.section("http");
        List<GatewayConfig.Token> tokens = http.list("tokens").stream()
                .map(token -> new GatewayConfig.Token(token.text("name", ""), token.text("sha256", "")))
                .toList();
        boolean anonymous = http.flag("allow-anonymous", false);
        HostPort listen = listen(http, "http", 8080, !tokens.isEmpty() || http.hasProblem("tokens"), "http.tokens");
        return new GatewayConfig.Http(listen, anonymous, tokens);
    }

    private @Nullable MqttListenerSettings mqttListener() {
        Section listener = root.section("mqtt").section("listener");
        List<MqttUser> users = new ArrayList<>();
        for (Section user : listener.list("users")) {
            String hash = user.text("hash");
            if (hash != null) {
                user.checked("hash", () -> PasswordHash.parse(hash))
                        .ifPresent(password -> users.add(new MqttUser(user.text("name", "-"), password)));
            }
        }
        boolean credentials = !listener.list("users").isEmpty();
        HostPort listen = listen(listener, "mqtt.listener", 1883, credentials, "mqtt.listener.users");
        if (!listener.flag("enabled", root.has("mqtt")) || isRefused(listener)) {
            return null;
        }
        MqttLimits standard = MqttLimits.DEFAULT;
        return listener.checked(() -> new MqttListenerSettings(
                        listen.host(),
                        listen.port(),
                        users,
                        listener.flag("allow-anonymous", false),
                        new MqttLimits(
                                listener.number("connections-max", standard.connectionsMax()),
                                (int) Math.min(
                                        Integer.MAX_VALUE,
                                        listener.size("packet-bytes-max", standard.packetBytesMax())),
                                standard.receiveMaximum(),
                                standard.inFlightBytesMax(),
                                standard.keepAliveMax(),
                                standard.connectTimeout())))
                .orElse(null);
    }

    private @Nullable CoapListenerSettings coap() {
        Section coap = root.section("coap");
        HostPort listen = listen(coap, "coap", 5683, false, null);
        if (!coap.flag("enabled", root.has("coap")) || isRefused(coap)) {
            return null;
        }
        return new CoapListenerSettings(
                listen.host(), listen.port(), coap.flag("allow-anonymous", false), CoapLimits.DEFAULT);
    }

    /** An open door is refused here, at the line where it stands. */
    private static HostPort listen(
            Section section, String name, int port, boolean credentials, @Nullable String credentialsKey) {
        HostPort listen = address(section, port);
        String key = section.has("listen") ? "listen" : "host";
        if (!listen.isLoopback() && !credentials && !section.flag("allow-anonymous", false)) {
            String remedy = credentialsKey == null ? "" : "add " + credentialsKey + ", or ";
            section.problem(
                    key,
                    "found " + section.quoted(key) + ", which anybody in the network could reach, expected 127.0.0.1; "
                            + remedy + "set " + name + ".allow-anonymous: true if that is meant");
        }
        return listen;
    }

    private static boolean isRefused(Section listener) {
        return listener.hasProblem("host") || listener.hasProblem("listen");
    }

    private static HostPort address(Section section, int port) {
        HostPort apart = new HostPort(section.text("host", "127.0.0.1"), section.number("port", port));
        String together = section.text("listen");
        if (together == null) {
            return apart;
        }
        for (String key : List.of("host", "port")) {
            if (section.has(key)) {
                section.problem(key, "found '" + key + "' beside 'listen', expected one or the other");
            }
        }
        return section.checked("listen", () -> HostPort.parse(together)).orElse(apart);
    }

    private static @Nullable Duration commitInterval(Section log) {
        String text = log.text("commit-interval", "auto");
        if (text.equals("auto")) {
            return null;
        }
        Duration interval = Section.parseDuration(text);
        if (interval.compareTo(Duration.ofSeconds(1)) > 0) {
            log.problem("commit-interval", "found '" + text + "', expected auto, or a duration from 0ms to 1s");
        }
        return interval;
    }

    private static @Nullable Long writeBudget(Section log) {
        String text = log.text("write-budget", "auto");
        if (text.equals("auto")) {
            return null;
        }
        if (log.has("commit-interval") && !log.text("commit-interval", "auto").equals("auto")) {
            log.problem(
                    "write-budget", "found a budget beside a fixed commit-interval, expected commit-interval: auto");
        }
        return text.equals("none")
                ? 0L
                : log.checked("write-budget", () -> {
                            long bytes = DataSize.parse(text).bytes();
                            return new CommitInterval.Auto(Math.max(1, bytes)).writeBytesPerDay();
                        })
                        .orElse(0L);
    }

    private static void unique(String list, List<Section> items) {
        Map<String, Place> seen = new HashMap<>();
        for (Section item : items) {
            String name = item.text("name");
            if (name == null) {
                continue;
            }
            Place first = seen.putIfAbsent(name, item.place("name"));
            if (first != null) {
                item.problem(
                        "name",
                        "found the name '" + name + "' a second time in " + list
                                + ", expected another; the first is at " + first);
            }
        }
    }

    /** The streams that exist without being named in the configuration. */
    static List<StreamName> standardStreams() {
        return List.of(StreamName.TELEMETRY, StreamName.VIDEO);
    }
}
