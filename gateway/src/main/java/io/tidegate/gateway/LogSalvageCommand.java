package io.tidegate.gateway;

import io.tidegate.buffer.LogEncryption;
import io.tidegate.buffer.LogSalvage;
import io.tidegate.buffer.SalvageReport;
import io.tidegate.core.runtime.ClockSync;
import io.tidegate.core.runtime.EffectiveClock;
import io.tidegate.core.runtime.SystemClock;
import io.tidegate.core.stream.StreamLogException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code tidegate log salvage}: rescues what a damaged log still holds. */
@Command(
        name = "salvage",
        mixinStandardHelpOptions = true,
        description =
                "Makes a new log of what a damaged one still holds, also where its files cannot be opened any more.",
        footer = {
            "",
            "The gateway must be stopped. The damaged log is only read. Every commit whose checksum is right is taken"
                    + " over,",
            "with its numbers; what is missing is told to readers as gaps; new records get numbers beyond all that can"
                    + " have",
            "been given. Look at the new log with 'tidegate log check --home NEW'; to use it, move HOME/log away and"
                    + " NEW/log",
            "in its place.",
            "Exit codes: 0 everything is there, 1 something is missing, 2 there is no log, it is in use, or NEW is"
                    + " there.",
            "Example: tidegate log salvage --home /var/lib/tidegate --to /mnt/usb/rescued"
        })
final class LogSalvageCommand implements Callable<Integer> {
    @Mixin
    private HomeOption home = new HomeOption();

    @Mixin
    private KeyOption key = new KeyOption();

    @Mixin
    private OutputOption output = new OutputOption();

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Option(
            names = "--to",
            paramLabel = "NEW",
            required = true,
            description = "The directory that is made; the log will be NEW/log.")
    private Path target = Path.of("");

    @Override
    public Integer call() {
        SystemClock clock = new SystemClock();
        EffectiveClock effective = new EffectiveClock(clock, ClockSync.ofSystem(clock), Gateway.BUILD_MILLIS);
        Path to = target.toAbsolutePath().normalize();
        SalvageReport report;
        try (LogEncryption encryption = key.open()) {
            report = LogSalvage.run(
                    LogCommand.directory(home),
                    to,
                    new LogSalvage.Owner(gatewayId(), clock, effective, new SecureRandom(), encryption));
        } catch (StreamLogException e) {
            throw e.category() == StreamLogException.Category.REJECT
                    ? CommandFailure.usage(String.valueOf(e.getMessage()))
                    : CommandFailure.failed(String.valueOf(e.getMessage()));
        }
        PrintWriter out = spec.commandLine().getOut();
        if (output.isJson()) {
            out.println(LogSalvageView.json(report));
        } else {
            LogSalvageView.print(report, home.path(), to, out);
        }
        return report.isComplete() ? ExitCode.OK : ExitCode.FAILED;
    }

    /** A home may have lost its id, too: the gateway that uses the new log says who it is. */
    private String gatewayId() {
        GatewayIdentity identity = new GatewayIdentity(home.path(), Optional.empty());
        try {
            return identity.exists() ? identity.id() : "unknown";
        } catch (IOException e) {
            return "unknown";
        }
    }
}
