package io.tidegate.gateway;

import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;

/** The configuration cannot be used. Carries every mistake that was found, in the order of the file. */
final class ConfigException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final transient List<ConfigProblem> problems;

    ConfigException(List<ConfigProblem> problems) {
        super(text(problems));
        this.problems = sorted(problems);
    }

    List<ConfigProblem> problems() {
        return problems;
    }

    private static List<ConfigProblem> sorted(List<ConfigProblem> problems) {
        return problems.stream()
                .distinct()
                .sorted(Comparator.comparing(
                                (ConfigProblem problem) -> problem.place().line())
                        .thenComparing(problem -> problem.place().column()))
                .toList();
    }

    private static String text(List<ConfigProblem> problems) {
        return sorted(problems).stream().map(ConfigProblem::toString).collect(Collectors.joining("\n"));
    }
}
