package io.tidegate.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GatewayHomeTest {
    private final SecureRandom random = new SecureRandom();

    @TempDir
    Path directory;

    @Test
    void gatewayId_isMadeOnce_andKept() throws IOException {
        String first;
        try (GatewayHome home = GatewayHome.open(directory.resolve("home"), random)) {
            first = home.gatewayId();
            assertThat(first).matches("gw-[0-9a-f]{12}");
        }
        try (GatewayHome home = GatewayHome.open(directory.resolve("home"), random)) {
            assertThat(home.gatewayId()).isEqualTo(first);
        }
    }

    @Test
    void secondProcess_onTheSameHome_isRefusedInWords() throws IOException {
        try (GatewayHome home = GatewayHome.open(directory, random)) {
            assertThatThrownBy(() -> GatewayHome.open(directory, random))
                    .isInstanceOf(CommandFailure.class)
                    .hasMessageContaining("the home " + home.directory() + " is in use by another tidegate");
        }
    }

    @Test
    void ports_standInAFile_onlyWhileItRuns() throws IOException {
        Path ports = directory.resolve("run/ports.json");
        try (GatewayHome home = GatewayHome.open(directory, random)) {
            home.publishPorts(Map.of("mqtt", 1883, "http", 8080));
            assertThat(ports).hasContent("{\"http\":8080,\"mqtt\":1883}\n");
        }
        assertThat(ports).doesNotExist();
    }

    @Test
    void home_thatCannotBeMade_isRefusedInWords() throws IOException {
        Path file = Files.createFile(directory.resolve("file"));
        assertThatThrownBy(() -> GatewayHome.open(file.resolve("home"), random))
                .isInstanceOf(CommandFailure.class)
                .hasMessageContaining("name another with --home DIR");
    }
}
