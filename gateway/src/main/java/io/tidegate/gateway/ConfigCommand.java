package io.tidegate.gateway;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code tidegate config}: works on a configuration without starting anything. */
@Command(name = "config", mixinStandardHelpOptions = true, description = "Works on a configuration file.")
final class ConfigCommand {
    /** Where the configuration is, for every command that reads one. */
    static final class FileOption {
        @Option(
                names = {"-c", "--config"},
                paramLabel = "FILE",
                description =
                        "The configuration (default: HOME/gateway.yaml if there is one, else the one that came along).")
        private @Nullable Path file;

        Path path(Path home) {
            if (file != null) {
                return file;
            }
            Path own = home.resolve("gateway.yaml");
            String directory = System.getProperty("tidegate.directory");
            return Files.exists(own) || directory == null ? own : Path.of(directory, "config/gateway.yaml");
        }
    }

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Command(
            name = "check",
            mixinStandardHelpOptions = true,
            description = "Reports every mistake with file:line:column, what was found and what was expected.",
            footer = {"", "Exit codes: 0 it is right, 2 it is not."})
    int check(@Mixin HomeOption home, @Mixin FileOption config, @Mixin OutputOption output) {
        Path file = config.path(home.path());
        ObjectNode answer = JsonMapper.shared().createObjectNode();
        answer.put("file", file.toString());
        ArrayNode list = answer.putArray("problems");
        List<ConfigProblem> problems = problems(file);
        for (ConfigProblem problem : problems) {
            list.addObject()
                    .put("source", problem.place().source())
                    .put("line", problem.place().line())
                    .put("column", problem.place().column())
                    .put("message", problem.message());
            if (!output.isJson()) {
                spec.commandLine().getErr().println(problem);
            }
        }
        if (output.isJson()) {
            spec.commandLine().getOut().println(answer);
        } else if (problems.isEmpty()) {
            spec.commandLine().getOut().println(file + ": right");
        }
        return problems.isEmpty() ? ExitCode.OK : ExitCode.USAGE;
    }

    private static List<ConfigProblem> problems(Path file) {
        try {
            ConfigLoader.load(file, System.getenv());
            return List.of();
        } catch (ConfigException e) {
            return e.problems();
        }
    }
}
