package io.tidegate.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.tidegate.adapters.BrokerLogin;
import io.tidegate.adapters.CoapLimits;
import io.tidegate.adapters.CoapListenerSettings;
import io.tidegate.buffer.Compression;
import io.tidegate.core.stream.StreamName;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What is read from a configuration, and wrong ones: their places are counted by hand in the text of each case. */
class ConfigLoaderTest {
    private static final Pattern MISTAKE = Pattern.compile("(?m)^## (.+)\\n((?:.*\\n)*?)=> (.+)$");

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

    static List<Arguments> oneMistake() throws IOException {
        try (InputStream in = ConfigLoaderTest.class.getResourceAsStream("config-mistakes.txt")) {
            String text = new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.UTF_8);
            Matcher found = MISTAKE.matcher(text);
            List<Arguments> mistakes = found.results()
                    .map(one -> Arguments.of(one.group(1), one.group(2), one.group(3)))
                    .toList();
            long named = text.lines().filter(line -> line.startsWith("## ")).count();
            assertThat(mistakes).as("each case has the form").hasSize((int) named);
            return mistakes;
        }
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
                        Map.of("TIDEGATE__UPLINKS__0__URL", "http://other:2", "TIDEGATE__VIDEO__BYTES_MAX", "1GiB")))
                .satisfies(config -> {
                    assertThat(config.uplinks().get(0).destination().url()).isEqualTo(URI.create("http://other:2"));
                    assertThat(config.videoBytesMax()).isEqualTo(1_073_741_824L);
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
                  compression: none
                streams:
                  - name: a
                    shards: 3
                    retention: 48h
                coap:
                  host: '::1'
                  port: 0
                """, Map.of());
        assertThat(config.log().commitInterval()).isEqualTo(Duration.ofMillis(20));
        assertThat(config.log().compression()).isEqualTo(Compression.NONE);
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
