package io.tidegate.hardware;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a user sees who starts a gateway with a mistake: cause, place and remedy, exit code 2, no stack trace. */
class WrongConfigurationIT {
    @TempDir
    Path directory;

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', textBlock = """
            unknown key     | http:\\n  listne: 127.0.0.1:0\\n                       | gateway.yaml:2:3      | listen
            wrong type      | streams:\\n  - name: telemetry\\n    shards: many\\n   | gateway.yaml:3:13     | integer
            bad duration    | streams:\\n  - name: t\\n    retention: 3 weeks\\n     | gateway.yaml:3:16     | 24h
            bad URL         | uplinks:\\n  - name: c\\n    type: http\\n    url: nowhere\\n | gateway.yaml:4:10 | http://
            missing file    | rules:\\n  - name: r\\n    file: nowhere.sql\\n         | gateway.yaml:3:11     | nowhere.sql
            off loopback    | http:\\n  listen: 0.0.0.0:0\\n                          | gateway.yaml:2:11     | allow-anonymous
            not YAML        | http: [\\n                                              | gateway.yaml:         | YAML
            """)
    void mistake_isNamedWithPlaceAndRemedy(String what, String yaml, String place, String remedy) throws Exception {
        Path file = directory.resolve("gateway.yaml");
        Files.writeString(file, yaml.replace("\\n", "\n"));
        assertRefused(file, place, remedy);
    }

    @Test
    void portInUse_isNamedWithItsKey() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Path file = directory.resolve("gateway.yaml");
            Files.writeString(
                    file,
                    "http:\n  listen: 127.0.0.1:" + taken.getLocalPort()
                            + "\nmqtt:\n  listener:\n    enabled: false\ncoap:\n  enabled: false\n");
            assertRefused(file, Integer.toString(taken.getLocalPort()), "in use");
        }
    }

    @Test
    void missingConfigFile_isNamed() throws Exception {
        assertRefused(directory.resolve("absent.yaml"), "absent.yaml", "absent.yaml");
    }

    private void assertRefused(Path file, String... expected) throws Exception {
        Peer.Ended ended = Peer.run(
                TidegateProcess.TREE.resolve("bin/tidegate").toString(),
                "run",
                "--home",
                directory.resolve("home").toString(),
                "--config",
                file.toString());
        assertThat(ended.output()).contains(expected).doesNotContain("\tat ").doesNotContain("Exception");
        assertThat(ended.exitCode()).isEqualTo(2);
    }
}
