package io.tidegate.gateway;

import io.tidegate.gateway.demo.DemoCommand;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** {@code tidegate} itself: says what there is. */
@Command(
        name = "tidegate",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        synopsisSubcommandLabel = "COMMAND",
        header = "Keeps what sensors and cameras say in a durable log, and lets it flow to a central stream.",
        footer = {
            "",
            "Exit codes: 0 ok, 1 a check failed, 2 usage or configuration (a port in use too), 3 no gateway answers,",
            "5 it runs, but not all of it.",
            "Commands that talk to a gateway find it by --home DIR, --url URL or TIDEGATE_URL."
        },
        subcommands = {
            RunCommand.class,
            CentralCommand.class,
            DemoCommand.class,
            PutCommand.class,
            TapCommand.class,
            StatusCommand.class,
            StreamsCommand.class,
            ConfigCommand.class,
            LogCommand.class,
            IdentityCommand.class,
            KeysCommand.class,
            CommandLine.HelpCommand.class
        })
final class TidegateCommand {}
