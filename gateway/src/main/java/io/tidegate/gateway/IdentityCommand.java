package io.tidegate.gateway;

import io.tidegate.core.runtime.ProcessLock;
import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.Locale;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;
import tools.jackson.databind.json.JsonMapper;

/** {@code tidegate identity}: who a home is, and on which machine. */
@Command(
        name = "identity",
        mixinStandardHelpOptions = true,
        description = "Says who a home is, and settles it after a card was copied or hardware replaced.",
        footer = {
            "",
            "A home is tied to the machine on which it was first started. Elsewhere 'tidegate run' refuses to start until",
            "one of the two is said:",
            "  keep  the old machine is gone and this one takes its place: same id, the destination goes on where it was",
            "  new   both will run: this one gets a new id. Everything that it still holds goes up under the new id, so what",
            "        the other one has sent stands there twice. The destination must know a token for the new id."
        })
final class IdentityCommand {
    private final Optional<MachineId> machine;

    @Spec
    private CommandSpec spec = CommandSpec.create();

    IdentityCommand() {
        this(MachineId.read(MachineId.FILE));
    }

    IdentityCommand(Optional<MachineId> machine) {
        this.machine = machine;
    }

    @Command(name = "show", mixinStandardHelpOptions = true, description = "Shows the id and where it is at home.")
    int show(@Mixin HomeOption home, @Mixin OutputOption output) {
        return inHome(home.path(), () -> say(existing(home.path()), output));
    }

    @Command(
            name = "keep",
            mixinStandardHelpOptions = true,
            description = "This machine takes the place of the old one: same id, from now on at home here.")
    int keep(@Mixin HomeOption home, @Mixin OutputOption output) {
        return inHome(home.path(), () -> {
            GatewayIdentity identity = existing(home.path());
            requireMachine();
            locked(home.path(), identity::keep);
            say(identity, output);
        });
    }

    @Command(
            name = "new",
            mixinStandardHelpOptions = true,
            description = "The other machine goes on: this home becomes another gateway, with a new id.")
    int renew(@Mixin HomeOption home, @Mixin OutputOption output) {
        return inHome(home.path(), () -> {
            GatewayIdentity identity = existing(home.path());
            locked(home.path(), () -> identity.renew(new SecureRandom()));
            say(identity, output);
        });
    }

    @FunctionalInterface
    private interface Change {
        void make() throws IOException;
    }

    private static int inHome(Path home, Change change) {
        try {
            change.make();
            return ExitCode.OK;
        } catch (IOException e) {
            throw GatewayHome.unusable(home, e);
        }
    }

    /** Not beside a running gateway: it would go on under what it read at its start. */
    private static void locked(Path home, Change change) throws IOException {
        ProcessLock lock = GatewayHome.lock(home);
        try {
            change.make();
        } finally {
            lock.close();
        }
    }

    private GatewayIdentity existing(Path home) {
        GatewayIdentity identity = new GatewayIdentity(home, machine);
        if (!identity.exists()) {
            throw CommandFailure.usage("there is no gateway in " + home
                    + ", its id is made at the first start; name a gateway's home with --home DIR");
        }
        return identity;
    }

    private void requireMachine() {
        if (machine.isEmpty()) {
            throw CommandFailure.failed("this machine has no machine id (" + MachineId.FILE
                    + "), so nothing is checked here and there is nothing to settle");
        }
    }

    private void say(GatewayIdentity identity, OutputOption output) throws IOException {
        String tie = identity.tie().name().toLowerCase(Locale.ROOT).replace('_', '-');
        if (output.isJson()) {
            spec.commandLine()
                    .getOut()
                    .println(JsonMapper.shared()
                            .createObjectNode()
                            .put("gateway", identity.id())
                            .put("tiedTo", tie));
            return;
        }
        String words =
                switch (identity.tie()) {
                    case THIS_MACHINE -> "at home on this machine";
                    case OTHER_MACHINE -> "at home on another machine; see 'tidegate identity --help'";
                    case NONE -> "not tied to a machine yet";
                    case UNKNOWN -> "this machine has no machine id, nothing is checked";
                };
        spec.commandLine().getOut().println(identity.id() + ": " + words);
    }
}
