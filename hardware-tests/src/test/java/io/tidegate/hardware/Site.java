package io.tidegate.hardware;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * A gateway and a central on this machine, each in a home of its own, on ports that stay the same when one of them is
 * killed and started again.
 */
final class Site implements AutoCloseable {
    private static final String TOKEN = "a-token-for-tests";

    private final Path directory;
    private final int centralPort = freePort();
    private final int mqttPort = freePort();
    private final int coapPort = freePort();
    private final String moreConfig;
    private TidegateProcess central;
    private TidegateProcess gateway;

    private Site(Path directory, String moreConfig, List<String> gatewayPrefix, List<String> centralPrefix)
            throws IOException {
        this.directory = directory;
        this.moreConfig = moreConfig;
        Files.createDirectories(directory.resolve("gateway"));
        Files.writeString(configFile(), config());
        this.central = startCentral(centralPrefix);
        this.gateway = startGateway(gatewayPrefix);
    }

    static Site start(Path directory) throws IOException {
        return start(directory, "");
    }

    /**
     * Starts both.
     *
     * @param moreConfig what else the gateway's configuration says; may go on with {@code mqtt}, by two spaces
     */
    static Site start(Path directory, String moreConfig) throws IOException {
        return new Site(directory, moreConfig, List.of(), List.of());
    }

    /** Starts both under a system-call trace. */
    static Site startTraced(Path directory, Path gatewayTrace, Path centralTrace) throws IOException {
        return new Site(directory, "", SystemCallTrace.prefix(gatewayTrace), SystemCallTrace.prefix(centralTrace));
    }

    TidegateProcess gateway() {
        return gateway;
    }

    TidegateProcess central() {
        return central;
    }

    int mqttPort() {
        return mqttPort;
    }

    int coapPort() {
        return coapPort;
    }

    Path configFile() {
        return directory.resolve("gateway.yaml");
    }

    /** What a test adds stands right after the listener, so that it may go on with {@code mqtt}. */
    private String config() {
        String inputs = """
                gateway:
                  clock: trusted
                http:
                  listen: 127.0.0.1:0
                streams:
                  - name: telemetry
                    shards: 2
                coap:
                  listen: 127.0.0.1:%d
                mqtt:
                  listener:
                    listen: 127.0.0.1:%d
                """.formatted(coapPort, mqttPort);
        String rest = """
                routes:
                  - name: numbered-mqtt
                    match: mqtt:numbered/{device}
                    partition-key: "${device}"
                    sequence: $.seq
                  - name: plain-mqtt
                    match: mqtt:plain/{device}
                    partition-key: "${device}"
                  - name: numbered-coap
                    match: coap:numbered/{device}
                    partition-key: "${device}"
                    sequence: $.seq
                  - name: plain-coap
                    match: coap:plain/{device}
                    partition-key: "${device}"
                uplinks:
                  - name: central
                    type: http
                    url: http://127.0.0.1:%d
                    token: %s
                """.formatted(centralPort, TOKEN);
        return inputs + moreConfig + rest;
    }

    void killGateway() throws Exception {
        gateway.kill();
        gateway = startGateway(List.of());
    }

    void killCentral() throws Exception {
        central.kill();
        central = startCentral(List.of());
    }

    /** A gateway with the same central and routes in another home, on ports of its own. */
    TidegateProcess startClone(Path home) throws IOException {
        Path file = home.resolveSibling(home.getFileName() + ".yaml");
        Files.writeString(
                file,
                Files.readString(configFile())
                        .replace("127.0.0.1:" + mqttPort, "127.0.0.1:0")
                        .replace("127.0.0.1:" + coapPort, "127.0.0.1:0"));
        return TidegateProcess.start(home, List.of(), "run", "--home", home.toString(), "--config", file.toString());
    }

    private TidegateProcess startGateway(List<String> prefix) throws IOException {
        return TidegateProcess.start(
                directory.resolve("gateway"),
                prefix,
                "run",
                "--home",
                directory.resolve("gateway").toString(),
                "--config",
                configFile().toString());
    }

    private TidegateProcess startCentral(List<String> prefix) throws IOException {
        return TidegateProcess.start(
                directory.resolve("central"),
                prefix,
                "central",
                "--home",
                directory.resolve("central").toString(),
                "--listen",
                "127.0.0.1:" + centralPort);
    }

    static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    @Override
    public void close() throws Exception {
        gateway.close();
        central.close();
    }
}
