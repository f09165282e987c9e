package io.tidegate.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import io.tidegate.adapters.CoapListenerSettings;
import io.tidegate.buffer.MasterKey;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code config/gateway.yaml}: valid as it stands, and with each of its examples; so are the guides' examples. */
class ReferenceConfigTest {
    private static final Path DIRECTORY = Path.of("../config");
    private static final String MARK = "#|";
    private static final Pattern YAML = Pattern.compile("(?m)^```yaml\\n((?:.*\\n)*?)```$");

    @TempDir
    Path directory;

    @Test
    void reference_asItStands_hasMqttCoapAndHttpOnLoopback() {
        GatewayConfig config = ConfigLoader.load(DIRECTORY.resolve("gateway.yaml"), Map.of());
        assertThat(config.http().listen()).isEqualTo(new HostPort("127.0.0.1", 8080));
        assertThat(config.mqttListener()).isNotNull();
        assertThat(config.coap()).isEqualTo(CoapListenerSettings.loopback(5683));
        assertThat(config.uplinks()).isEmpty();
        assertThat(config.cameras()).isEmpty();
    }

    @Test
    void everyExample_uncommentedAlone_loads() throws IOException {
        List<String> lines = Files.readAllLines(DIRECTORY.resolve("gateway.yaml"));
        Files.createDirectory(directory.resolve("rules"));
        for (String rule : List.of("rules/overheat.sql", "rules/hot-presses.sql")) {
            Files.copy(DIRECTORY.resolve(rule), directory.resolve(rule));
        }
        makeKeys();
        int examples = 0;
        for (int i = 0; i < lines.size(); i++) {
            if (!isExample(lines, i) || isExample(lines, i - 1)) {
                continue;
            }
            List<String> changed = new ArrayList<>(lines);
            for (int j = i; isExample(lines, j); j++) {
                changed.set(j, lines.get(j).replace(MARK, ""));
            }
            Path file = directory.resolve("line-" + (i + 1) + ".yaml");
            Files.write(file, changed);
            assertThatCode(() -> ConfigLoader.load(file, Map.of()))
                    .as("the example at line " + (i + 1))
                    .doesNotThrowAnyException();
            examples++;
        }
        assertThat(examples).isGreaterThan(12);
    }

    private void makeKeys() throws IOException {
        Files.createDirectory(directory.resolve("keys"));
        for (String name : List.of("keys/log.key", "keys/log-2027.key")) {
            MasterKey.make(directory.resolve(name), new SecureRandom()).close();
        }
    }

    @Test
    void everyKeyOfTheSchema_standsInTheReference() throws IOException {
        String text = Files.readString(DIRECTORY.resolve("gateway.yaml"));
        Set<String> keys = new TreeSet<>();
        collect(JsonMapper.shared().readTree(Files.readString(DIRECTORY.resolve("gateway.schema.json"))), keys);
        assertThat(keys).hasSizeGreaterThan(40).allSatisfy(key -> assertThat(text)
                .containsPattern("(?m)^[ #|-]*" + key + ":"));
    }

    private static void collect(JsonNode schema, Set<String> keys) {
        schema.path("properties").properties().forEach(property -> {
            keys.add(property.getKey());
            collect(property.getValue(), keys);
        });
        if (schema.has("items")) {
            collect(schema.path("items"), keys);
        }
    }

    /** Secrets and files that an example only names are put in. */
    @ParameterizedTest
    @ValueSource(strings = {"connect-a-sensor.md", "connect-a-camera.md", "rules.md", "encryption.md", "../README.md"})
    void everyExampleOfAGuide_loads(String guide) throws IOException {
        Files.createDirectory(directory.resolve("rules"));
        Files.copy(DIRECTORY.resolve("rules/overheat.sql"), directory.resolve("rules/overheat.sql"));
        makeKeys();
        List<String> examples = YAML.matcher(Files.readString(Path.of("../docs").resolve(guide)))
                .results()
                .map(found -> found.group(1)
                        .replaceAll("\\$\\{file:[^}]*}", "secret")
                        .replace("$...", "$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="))
                .toList();
        assertThat(examples).isNotEmpty();
        for (String example : examples) {
            Path file = directory.resolve("gateway.yaml");
            Files.writeString(file, example);
            assertThatCode(() ->
                            ConfigLoader.load(file, Map.of("PRESS_3_PASSWORD", "secret", "GATE_PASSWORD", "secret")))
                    .as(example)
                    .doesNotThrowAnyException();
        }
    }

    private static boolean isExample(List<String> lines, int index) {
        return index >= 0 && index < lines.size() && lines.get(index).strip().startsWith(MARK);
    }
}
