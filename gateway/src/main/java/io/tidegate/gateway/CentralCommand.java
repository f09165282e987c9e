package io.tidegate.gateway;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code tidegate central}: a receiving end, until SIGTERM or SIGINT. */
@Command(
        name = "central",
        mixinStandardHelpOptions = true,
        description = "Runs a central stream that gateways send to, until SIGTERM or Ctrl-C.",
        footer = {
            "",
            "FILE has lines 'gateway-id sha256(token)'. Without it, it listens on loopback only, and the first token that",
            "each gateway shows is bound to it and kept."
        })
final class CentralCommand implements Callable<Integer> {
    @Mixin
    private HomeOption home = new HomeOption();

    @Option(
            names = "--listen",
            paramLabel = "HOST:PORT",
            defaultValue = "127.0.0.1:8090",
            description = "Where to listen (default: ${DEFAULT-VALUE}).")
    private String listen = "127.0.0.1:8090";

    @Option(names = "--tokens", paramLabel = "FILE", description = "Which gateway may come with which token.")
    private @Nullable Path tokens;

    @Mixin
    private OutputOption output = new OutputOption();

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() throws Exception {
        HostPort address;
        try {
            address = HostPort.parse(listen);
        } catch (IllegalArgumentException e) {
            throw CommandFailure.usage("--listen: " + e.getMessage());
        }
        if (!address.isLoopback() && tokens == null) {
            throw CommandFailure.usage(
                    "--listen: found '" + listen + "', which anybody in the network could reach, expected"
                            + " 127.0.0.1:" + address.port() + "; or say with --tokens FILE which gateways may come");
        }
        Path file = tokens;
        return Service.run(
                () -> Central.start(home.path(), address, file),
                spec.commandLine().getOut(),
                output.isJson());
    }
}
