package io.tidegate.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.tidegate.adapters.BrokerLogin;
import io.tidegate.adapters.CoapLimits;
import io.tidegate.adapters.CoapListenerSettings;
import io.tidegate.core.stream.StreamName;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What is read from a configuration, and wrong ones: their places are counted by hand in the text of each case. */
class ConfigLoaderTest {
    @TempDir
    Path directory;

    /** Problems as they are printed, with the file's name without its directory. */
    private List<String> problems(String yaml, Map<String, String> environment) throws IOException {
        Path file = directory.resolve("g.yaml");
        Files.writeString(file, yaml);
        ConfigException thrown =
                catchThrowableOfType(ConfigException.class, () -> ConfigLoader.load(file, environment));
        assertThat(thrown).as("something is wrong in:\n" + yaml).isNotNull();
        return thrown.problems().stream()
                .map(problem -> problem.toString().replace(directory + "/", ""))
                .toList();
    }

    private GatewayConfig load(String yaml, Map<String, String> environment) throws IOException {
        Path file = directory.resolve("g.yaml");
        Files.writeString(file, yaml);
        return ConfigLoader.load(file, environment);
    }

    static Stream<Arguments> oneMistake() {
        return Stream.of(
                Arguments.of(
                        "unknown key at the top",
                        "htpp:\n  port: 1\n",
                        "g.yaml:1:1: found the unknown key 'htpp', expected one of cameras, coap, gateway, http, log,"
                                + " mqtt, routes, rules, streams, uplinks, video; did you mean 'http'?"),
                Arguments.of(
                        "unknown key in a list",
                        "coap:\n  port: 0\nhttp:\n  tokens:\n    - nmae: a\n      name: b\n      sha256: "
                                + "0".repeat(64) + "\n",
                        "g.yaml:5:7: found the unknown key 'nmae', expected one of name, sha256; did you mean 'name'?"),
                Arguments.of(
                        "number where text is wanted",
                        "http:\n  host: 8080\n",
                        "g.yaml:2:9: found 8080, expected an address or name of this machine such as 127.0.0.1 or 0.0.0.0"),
                Arguments.of(
                        "port out of range",
                        "http:\n  port: 70000\n",
                        "g.yaml:2:9: found 70000, expected a port from 0 (any) to 65535"),
                Arguments.of(
                        "text where a number is wanted",
                        "streams:\n  - name: a\n    shards: many\n",
                        "g.yaml:3:13: found 'many', expected an integer from 1 to 256"),
                Arguments.of(
                        "list where keys are wanted",
                        "gateway: [auto]\n",
                        "g.yaml:1:10: found a list, expected keys of the gateway"),
                Arguments.of(
                        "value where a list is wanted",
                        "uplinks: 5\n",
                        "g.yaml:1:10: found 5, expected a list of uplinks"),
                Arguments.of(
                        "bad choice",
                        "gateway:\n  clock: trustd\n",
                        "g.yaml:2:10: found 'trustd', expected one of auto, trusted; did you mean 'trusted'?"),
                Arguments.of(
                        "bad duration",
                        "streams:\n  - name: a\n    retention: 7 days\n",
                        "g.yaml:3:16: found '7 days', expected a duration such as 20ms, 5s, 24h or 7d"),
                Arguments.of(
                        "retention below a day",
                        "streams:\n  - retention: 1h\n    name: a\n",
                        "g.yaml:2:5: retention of 'a' must be 24h to 8760h, found PT1H"),
                Arguments.of(
                        "bad size",
                        "log:\n  bytes-max: 3Gb\n",
                        "g.yaml:2:14: found '3Gb', expected a size such as 64KiB, 32MiB or 8GiB"),
                Arguments.of(
                        "commit interval too long",
                        "log:\n  commit-interval: 2s\n",
                        "g.yaml:2:20: found '2s', expected auto, or a duration from 0ms to 1s"),
                Arguments.of(
                        "missing key",
                        "uplinks:\n  - name: central\n    token: t\n",
                        "g.yaml:2:5: found no 'url', expected a URL such as http://127.0.0.1:8090 under that key"),
                Arguments.of(
                        "wrong scheme",
                        "uplinks:\n  - name: central\n    url: htp://x\n    token: t\n",
                        "g.yaml:3:10: found 'htp://x', expected a URL that starts with http:// or https://; did you mean"
                                + " 'http'?"),
                Arguments.of(
                        "URL without a host",
                        "uplinks:\n  - name: central\n    url: http:///path\n    token: t\n",
                        "g.yaml:3:10: found 'http:///path' without a host, expected a URL that starts with http:// or"
                                + " https://HOST"),
                Arguments.of(
                        "missing rule file",
                        "rules:\n  - name: r\n    file: nope.sql\n",
                        "g.yaml:3:11: found no readable file 'nope.sql', expected one there"),
                Arguments.of(
                        "name used twice",
                        "cameras:\n  - name: front\n    url: synthetic\n  - name: front\n    url: synthetic\n",
                        "g.yaml:4:11: found the name 'front' a second time in cameras, expected another; the first is"
                                + " at g.yaml:2:11"),
                Arguments.of(
                        "camera with a password and a wrong scheme",
                        "cameras:\n  - name: c\n    url: rtps://user:hidden@host/x\n",
                        "g.yaml:3:10: found the scheme 'rtps', expected rtsp://HOST/PATH, file:PATH or synthetic; did you"
                                + " mean 'rtsp'?"),
                Arguments.of(
                        "MQTT for strangers",
                        "mqtt:\n  listener:\n    host: 0.0.0.0\n",
                        "g.yaml:3:11: found '0.0.0.0', which anybody in the network could reach, expected 127.0.0.1; add"
                                + " mqtt.listener.users, or set mqtt.listener.allow-anonymous: true if that is meant"),
                Arguments.of(
                        "HTTP for strangers",
                        "http:\n  host: '::'\n",
                        "g.yaml:2:9: found '::', which anybody in the network could reach, expected 127.0.0.1; add"
                                + " http.tokens, or set http.allow-anonymous: true if that is meant"),
                Arguments.of(
                        "in one, for strangers",
                        "http:\n  listen: 0.0.0.0:0\n",
                        "g.yaml:2:11: found '0.0.0.0:0', which anybody in the network could reach, expected 127.0.0.1; add"
                                + " http.tokens, or set http.allow-anonymous: true if that is meant"),
                Arguments.of(
                        "in one and apart",
                        "http:\n  listen: 127.0.0.1:0\n  port: 1\n",
                        "g.yaml:3:9: found 'port' beside 'listen', expected one or the other"),
                Arguments.of(
                        "port out of range, in one",
                        "http:\n  listen: 127.0.0.1:70000\n",
                        "g.yaml:2:11: found the port 70000, expected 0 to 65535"),
                Arguments.of(
                        "CoAP for strangers",
                        "coap:\n  host: gateway.local\n",
                        "g.yaml:2:9: found 'gateway.local', which anybody in the network could reach, expected 127.0.0.1;"
                                + " set coap.allow-anonymous: true if that is meant"),
                Arguments.of(
                        "route of an unknown channel",
                        "routes:\n  - match: mqqt:a\n",
                        "g.yaml:2:12: found 'mqqt:a', expected a pattern that starts with mqtt:, coap: or http:; did you"
                                + " mean 'mqtt'?"),
                Arguments.of(
                        "route to a stream that does not exist",
                        "routes:\n  - match: mqtt:a\n    stream: telemetri\n",
                        "g.yaml:3:13: found the stream 'telemetri', expected one of telemetry, video; did you mean"
                                + " 'telemetry'? (streams are named under 'streams:')"),
                Arguments.of(
                        "variable that is not set",
                        "uplinks:\n  - name: c\n    url: http://h\n    token: ${env:NOT_SET}\n",
                        "g.yaml:4:12: found ${env:NOT_SET}, but that environment variable is not set"),
                Arguments.of(
                        "secret in a file that is not there",
                        "uplinks:\n  - name: c\n    url: http://h\n    token: ${file:secret}\n",
                        "g.yaml:4:12: found ${file:secret}, but there is no file secret"),
                Arguments.of(
                        "unknown kind of secret",
                        "uplinks:\n  - name: c\n    url: http://h\n    token: ${fiel:secret}\n",
                        "g.yaml:4:12: found ${fiel:secret}, expected ${env:NAME}, ${file:PATH} or ${cred:NAME}; did you"
                                + " mean 'file'?"),
                Arguments.of(
                        "credential without systemd",
                        "uplinks:\n  - name: c\n    url: http://h\n    token: ${cred:x}\n",
                        "g.yaml:4:12: found ${cred:x}, but $CREDENTIALS_DIRECTORY is not set (systemd: LoadCredential=)"),
                Arguments.of(
                        "key twice",
                        "gateway:\n  clock: auto\n  clock: auto\n",
                        "g.yaml:3:3: found the key 'clock' a second time, expected it once"),
                Arguments.of(
                        "colon too many",
                        "http: listen: x\n",
                        "g.yaml:1:13: not valid YAML: mapping values are not allowed here"),
                Arguments.of(
                        "no keys at all",
                        "just text\n",
                        "g.yaml:1:1: found no keys, expected keys such as 'mqtt:' and 'uplinks:'"),
                Arguments.of(
                        "second document",
                        "coap:\n  port: 1\n---\nhttp:\n",
                        "g.yaml:4:1: found a second document, expected one document in the file"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource
    void oneMistake(String name, String yaml, String expected) throws IOException {
        assertThat(problems(yaml, Map.of())).containsExactly(expected);
    }

    @Test
    void everyMistake_isReported_inTheOrderOfTheFile() throws IOException {
        String yaml = """
                gateway:
                  clok: auto
                streams:
                  - name: a
                    shards: many
                    bytes-max: 3Gb
                mqtt:
                  listener:
                    host: 0.0.0.0
                uplinks:
                  - name: c
                    url: ftp://x
                    token: t
                """;
        assertThat(problems(yaml, Map.of()))
                .extracting(line -> line.substring(0, line.indexOf(": ")))
                .containsExactly("g.yaml:2:3", "g.yaml:5:13", "g.yaml:6:16", "g.yaml:9:11", "g.yaml:12:10");
    }

    @Test
    void overrides_fromTheEnvironment_areNamedByTheirVariable() throws IOException {
        String yaml = "uplinks:\n  - name: central\n    url: http://h:1\n    token: t\n";
        assertThat(problems(yaml, Map.of("TIDEGATE__UPLINKS__0__URL", "ftp://x")))
                .containsExactly("environment variable TIDEGATE__UPLINKS__0__URL: found 'ftp://x', expected a URL that"
                        + " starts with http:// or https://; did you mean 'http'?");
        assertThat(problems(yaml, Map.of("TIDEGATE__HTTP__PROT", "x")))
                .containsExactly("environment variable TIDEGATE__HTTP__PROT: found the unknown key 'prot', expected one"
                        + " of allow-anonymous, host, listen, port, tokens; did you mean 'port'?");
        assertThat(load(
                        yaml,
                        Map.of("TIDEGATE__UPLINKS__0__URL", "http://other:2", "TIDEGATE__LOG__BYTES_MAX", "1GiB")))
                .satisfies(config -> {
                    assertThat(config.uplinks().get(0).destination().url()).isEqualTo(URI.create("http://other:2"));
                    assertThat(config.logBytesMax()).isEqualTo(1_073_741_824L);
                });
    }

    @Test
    void secrets_arePutIn_andStayOutOfMessages() throws IOException {
        Files.writeString(directory.resolve("central.token"), "s3cret\n");
        Files.createDirectory(directory.resolve("credentials"));
        Files.writeString(directory.resolve("credentials/broker"), "pa55");
        String yaml = """
                uplinks:
                  - name: c
                    url: http://${env:HOST:-fallback}:1
                    token: ${file:central.token}
                mqtt:
                  clients:
                    - name: b
                      url: tcp://b:1
                      topics: ['#']
                      username: u
                      password: ${cred:broker}
                """;
        GatewayConfig config = load(
                yaml,
                Map.of("CREDENTIALS_DIRECTORY", directory.resolve("credentials").toString()));
        assertThat(config.uplinks().get(0).destination().token()).isEqualTo("s3cret");
        assertThat(config.uplinks().get(0).destination().url()).isEqualTo(URI.create("http://fallback:1"));
        assertThat(config.mqttClients().get(0).login()).isEqualTo(new BrokerLogin("u", "pa55"));
        assertThat(problems("uplinks:\n  - name: c\n    url: ${file:central.token}\n    token: t\n", Map.of()))
                .containsExactly(
                        "g.yaml:3:10: found '${file:central.token}', expected a URL that starts with http:// or"
                                + " https://");
    }

    @Test
    void missingConfiguration_saysSo() {
        assertThat(catchThrowableOfType(
                                ConfigException.class,
                                () -> ConfigLoader.load(directory.resolve("none.yaml"), Map.of()))
                        .problems())
                .extracting(ConfigProblem::message)
                .containsExactly("found no such file, expected a configuration; name it with --config FILE");
    }

    @Test
    void values_areRead() throws IOException {
        GatewayConfig config = load("""
                log:
                  commit-interval: 20ms
                streams:
                  - name: a
                    shards: 3
                    retention: 48h
                coap:
                  host: '::1'
                  port: 0
                """, Map.of());
        assertThat(config.commitInterval()).isEqualTo(Duration.ofMillis(20));
        assertThat(config.streams()).singleElement().satisfies(stream -> {
            assertThat(stream.name()).isEqualTo(new StreamName("a"));
            assertThat(stream.shards()).isEqualTo(3);
            assertThat(stream.retention()).isEqualTo(Duration.ofHours(48));
        });
        assertThat(config.coap()).isEqualTo(new CoapListenerSettings("::1", 0, false, CoapLimits.DEFAULT));
        assertThat(config.mqttListener()).isNull();
        assertThat(config.http().listen()).isEqualTo(new HostPort("127.0.0.1", 8080));
    }
}
