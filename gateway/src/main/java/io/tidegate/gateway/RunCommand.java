package io.tidegate.gateway;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code tidegate run}: a gateway, until SIGTERM or SIGINT. */
@Command(
        name = "run",
        mixinStandardHelpOptions = true,
        description = "Runs a gateway until SIGTERM or Ctrl-C.",
        footer = {
            "",
            "The configuration is checked first; if anything in it is wrong, nothing starts (exit code 2).",
            "The real ports stand in HOME/run/ports.json as soon as it is ready."
        })
final class RunCommand implements Callable<Integer> {
    @Mixin
    private HomeOption home = new HomeOption();

    @Mixin
    private ConfigCommand.FileOption config = new ConfigCommand.FileOption();

    @Mixin
    private OutputOption output = new OutputOption();

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() throws Exception {
        Path directory = home.path();
        GatewayConfig settings = ConfigLoader.load(config.path(directory), System.getenv());
        return Service.run(
                () -> Gateway.start(directory, settings), spec.commandLine().getOut(), output.isJson());
    }
}
