package io.tidegate.gateway;

import io.tidegate.buffer.MasterKey;
import io.tidegate.core.stream.StreamLogException;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.databind.json.JsonMapper;

/** {@code tidegate keys}: the key files of encrypted logs. */
@Command(
        name = "keys",
        mixinStandardHelpOptions = true,
        description = "Makes and shows key files of encrypted logs.",
        footer = {
            "",
            "A key file is named in the configuration, log.encryption.keys, newest first. Whoever has it can read the log;",
            "without it nobody can. Keep a copy where neither the device nor its backups are: docs/encryption.md."
        })
final class KeysCommand {
    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Command(
            name = "new",
            mixinStandardHelpOptions = true,
            description = "Makes a key file that only its owner may read, and says its id. Never overwrites one.")
    int make(
            @Parameters(paramLabel = "FILE", description = "The key file to make.") Path file,
            @Mixin OutputOption output) {
        try (MasterKey key = MasterKey.make(file)) {
            say(file, key, output);
            if (!output.isJson()) {
                spec.commandLine()
                        .getOut()
                        .println(
                                "Keep a copy of it away from this device: without it the log cannot be read by anybody.");
            }
            return ExitCode.OK;
        } catch (StreamLogException e) {
            throw CommandFailure.usage(String.valueOf(e.getMessage()));
        }
    }

    @Command(
            name = "show",
            mixinStandardHelpOptions = true,
            description = "Says the id of a key, as status and errors name it, never the key.")
    int show(@Parameters(paramLabel = "FILE", description = "A key file.") Path file, @Mixin OutputOption output) {
        try (MasterKey key = MasterKey.read(file)) {
            say(file, key, output);
            return ExitCode.OK;
        } catch (StreamLogException e) {
            throw CommandFailure.usage(String.valueOf(e.getMessage()));
        }
    }

    private void say(Path file, MasterKey key, OutputOption output) {
        if (output.isJson()) {
            spec.commandLine()
                    .getOut()
                    .println(JsonMapper.shared()
                            .createObjectNode()
                            .put("key", key.id())
                            .put("file", file.toString()));
        } else {
            spec.commandLine().getOut().println(file + ": key " + key.id());
        }
    }
}
