package io.tidegate.analytics;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Without a rule, nobody pays for the SQL parser. */
class LazyLoadingTest {
    @Test
    void anEngineWithoutRules_runsWithoutTheParserOnTheClassPath() throws Exception {
        URL[] urls = Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                .filter(entry -> !entry.contains("calcite") && !entry.contains("flink") && !entry.contains("guava"))
                .map(LazyLoadingTest::url)
                .toArray(URL[]::new);
        try (URLClassLoader loader = new URLClassLoader(urls, ClassLoader.getPlatformClassLoader())) {
            Class<?> engineClass = loader.loadClass("io.tidegate.analytics.RuleEngine");
            Class<?> settingsClass = loader.loadClass("io.tidegate.analytics.RuleEngineSettings");
            Object settings = settingsClass.getMethod("defaults").invoke(null);
            Object engine = engineClass
                    .getMethod(
                            "create",
                            List.class,
                            loader.loadClass("io.tidegate.core.stream.StreamLog"),
                            settingsClass,
                            loader.loadClass("io.tidegate.core.runtime.Clock"),
                            java.util.random.RandomGenerator.class)
                    .invoke(null, List.of(), null, settings, null, null);
            engineClass.getMethod("start").invoke(engine);
            assertThat((List<?>) engineClass.getMethod("status").invoke(engine)).isEmpty();
            engineClass.getMethod("close").invoke(engine);
        }
    }

    private static URL url(String entry) {
        try {
            return Path.of(entry).toUri().toURL();
        } catch (MalformedURLException e) {
            throw new AssertionError(e);
        }
    }
}
