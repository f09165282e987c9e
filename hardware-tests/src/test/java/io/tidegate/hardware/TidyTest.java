package io.tidegate.hardware;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Checks of the source text itself: what no compiler flag expresses. */
class TidyTest {
    private static final Path TOP = Path.of("..").toAbsolutePath().normalize();
    private static final int FILE_LINES_MAX = 400;
    private static final Pattern LINK = Pattern.compile("]\\(([^)#\\s]+)(#[^)]*)?\\)");

    /** What may not stand in a line of Java, and what to do instead; exempt files by the end of their path. */
    private record Ban(Pattern pattern, String instead, List<String> exempt) {}

    private static final List<Ban> EVERYWHERE = List.of(
            new Ban(Pattern.compile("Thread\\.sleep\\("), "await a condition", List.of()),
            new Ban(Pattern.compile("\\b(FIX" + "ME|XX" + "X|TO" + "DO)\\b"), "finish it", List.of()),
            new Ban(
                    Pattern.compile("\\bassume(True|That|False)\\b|@Dis" + "abled"),
                    "a missing tool fails the test",
                    List.of()));

    private static final List<Ban> IN_MAIN = List.of(
            new Ban(
                    Pattern.compile("System\\.(currentTimeMillis|nanoTime)\\(|Instant\\.now\\(\\)"),
                    "take a Clock",
                    List.of("SystemClock.java")),
            new Ban(Pattern.compile("new Thread\\("), "use WorkerThread", List.of("WorkerThread.java")),
            new Ban(Pattern.compile("new RuntimeException\\("), "use the module's exception", List.of()),
            new Ban(
                    Pattern.compile("(class|interface|record) \\w*(Util|Utils|Helper|Manager|Impl)\\b"),
                    "name what it is",
                    List.of()),
            new Ban(Pattern.compile("\\bcmd\\b"), "write command", List.of()));

    @Test
    void everyJavaFile_isTidy() throws IOException {
        List<String> complaints = new ArrayList<>();
        for (Path file : files(".java")) {
            List<String> lines = Files.readAllLines(file);
            String name = TOP.relativize(file).toString();
            if (lines.size() > FILE_LINES_MAX) {
                complaints.add(name + ": " + lines.size() + " lines, the limit is " + FILE_LINES_MAX);
            }
            boolean isTidy = name.endsWith("TidyTest.java");
            for (int i = 0; i < lines.size() && !isTidy; i++) {
                check(EVERYWHERE, name, i + 1, lines.get(i), complaints);
                if (name.contains("/src/main/")) {
                    check(IN_MAIN, name, i + 1, lines.get(i), complaints);
                }
            }
        }
        assertThat(complaints).isEmpty();
    }

    private static void check(List<Ban> bans, String name, int number, String line, List<String> complaints) {
        for (Ban ban : bans) {
            if (ban.exempt().stream().noneMatch(name::endsWith)
                    && ban.pattern().matcher(line).find()) {
                complaints.add(name + ":" + number + ": " + line.strip() + " -- " + ban.instead());
            }
        }
    }

    @Test
    void everyPackage_isNullMarked() throws IOException {
        Map<Path, Boolean> marked = new LinkedHashMap<>();
        for (Path file : files(".java")) {
            if (file.toString().contains("/src/main/")) {
                marked.putIfAbsent(file.getParent(), false);
                if (file.endsWith("package-info.java") && Files.readString(file).contains("@NullMarked")) {
                    marked.put(file.getParent(), true);
                }
            }
        }
        assertThat(marked).isNotEmpty().allSatisfy((directory, isMarked) -> assertThat(isMarked)
                .as(TOP.relativize(directory).toString())
                .isTrue());
    }

    @Test
    void linksInDocs_resolve() throws IOException {
        List<String> broken = new ArrayList<>();
        for (Path file : files(".md")) {
            Matcher link = LINK.matcher(Files.readString(file));
            while (link.find()) {
                String target = link.group(1);
                if (!target.matches("[a-z]+:.*") && !Files.exists(file.resolveSibling(target))) {
                    broken.add(TOP.relativize(file) + " -> " + target);
                }
            }
        }
        assertThat(broken).isEmpty();
    }

    private static List<Path> files(String suffix) throws IOException {
        try (Stream<Path> files = Files.walk(TOP)) {
            return files.filter(file -> file.toString().endsWith(suffix))
                    .filter(file -> !file.toString().contains("/target/")
                            && !file.toString().contains("/.git/")
                            && !file.toString().contains("/node_modules/"))
                    .toList();
        }
    }
}
