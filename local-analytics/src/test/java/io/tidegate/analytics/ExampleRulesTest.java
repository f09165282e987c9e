package io.tidegate.analytics;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The rules that users are shown can run as they stand. */
class ExampleRulesTest {
    @Test
    void theRulesInTheDocumentation_areValid() throws IOException {
        Matcher block = Pattern.compile("```sql\n(.*?)```", Pattern.DOTALL)
                .matcher(Files.readString(Path.of("../docs/rules.md")));
        int count = 0;
        while (block.find()) {
            assertThat(Records.rule(block.group(1)).target().value()).isEqualTo("overheat");
            count++;
        }
        assertThat(count).isEqualTo(2);
    }
}
