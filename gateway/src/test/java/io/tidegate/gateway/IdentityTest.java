package io.tidegate.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** A home on the machine where it was made, and elsewhere. */
class IdentityTest {
    private record Result(int exitCode, String out, String err) {}

    private final SecureRandom random = new SecureRandom();

    @TempDir
    Path directory;

    private Path home = Path.of("");
    private Optional<MachineId> here = Optional.empty();
    private Optional<MachineId> elsewhere = Optional.empty();

    @BeforeEach
    void machines() throws IOException {
        home = directory.resolve("home");
        here = machine("0123456789abcdef0123456789abcdef\n");
        elsewhere = machine("fedcba9876543210fedcba9876543210\n");
    }

    private Optional<MachineId> machine(String content) throws IOException {
        return MachineId.read(Files.writeString(directory.resolve("machine-id"), content));
    }

    private String start(Optional<MachineId> machine) throws IOException {
        try (GatewayHome started = GatewayHome.open(home, random, machine)) {
            return started.gatewayId();
        }
    }

    private Result identity(Optional<MachineId> machine, String... arguments) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        CommandLine commands = new CommandLine(new IdentityCommand(machine))
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setOut(new PrintWriter(out, true))
                .setErr(new PrintWriter(err, true))
                .setExecutionExceptionHandler((failure, line, parsed) -> {
                    line.getErr().println(failure.getMessage());
                    return failure instanceof CommandFailure known ? known.exitCode() : 99;
                });
        String[] all = java.util.Arrays.copyOf(arguments, arguments.length + 2);
        all[arguments.length] = "--home";
        all[arguments.length + 1] = home.toString();
        return new Result(commands.execute(all), out.toString(), err.toString());
    }

    @Test
    void machineId_isHashedAsSystemdDoesIt_andTheIdItselfIsStoredNowhere() throws IOException {
        // HMAC-SHA256, key the machine id, text the application's id, first 16 bytes as a version 4 UUID.
        assertThat(here.orElseThrow().hashed()).isEqualTo("31c3845705d4419abb544fc24d77926d");
        start(here);
        assertThat(home.resolve("gateway.machine")).hasContent("31c3845705d4419abb544fc24d77926d\n");
        try (var files = Files.walk(home)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                assertThat(Files.readString(file)).doesNotContain("0123456789abcdef0123456789abcdef");
            }
        }
    }

    @Test
    void machineWithoutAnId_isNone() throws IOException {
        assertThat(machine("uninitialized\n")).isEmpty();
        assertThat(machine("")).isEmpty();
        assertThat(MachineId.read(directory.resolve("missing"))).isEmpty();
        String id = start(Optional.empty());
        assertThat(home.resolve("gateway.machine")).doesNotExist();
        assertThat(start(here)).as("tied as soon as that can be").isEqualTo(id);
        assertThat(home.resolve("gateway.machine")).exists();
        assertThat(start(Optional.empty())).as("nobody can tell").isEqualTo(id);
    }

    @Test
    void homeOnAnotherMachine_refusesToStart_namingBothWaysOut_andLetsTheLockGo() throws IOException {
        String id = start(here);
        for (int i = 0; i < 2; i++) {
            assertThatThrownBy(() -> start(elsewhere))
                    .isInstanceOfSatisfying(CommandFailure.class, failure -> assertThat(failure.exitCode())
                            .isEqualTo(2))
                    .hasMessageContaining("gateway " + id)
                    .hasMessageContaining("tidegate identity keep --home " + home)
                    .hasMessageContaining("tidegate identity new --home " + home);
        }
        assertThat(start(here)).isEqualTo(id);
    }

    @Test
    void keep_tiesTheSameGatewayToThisMachine() throws IOException {
        String id = start(here);
        assertThat(identity(elsewhere, "show").out())
                .isEqualTo(id + ": at home on another machine; see 'tidegate" + " identity --help'\n");
        assertThat(identity(elsewhere, "keep")).isEqualTo(new Result(0, id + ": at home on this machine\n", ""));
        assertThat(start(elsewhere)).isEqualTo(id);
        assertThatThrownBy(() -> start(here)).isInstanceOf(CommandFailure.class);
    }

    @Test
    void renew_makesAnotherGateway_onThisMachine() throws IOException {
        String id = start(here);
        Result renewed = identity(elsewhere, "new");
        assertThat(renewed.exitCode()).isZero();
        String another = start(elsewhere);
        assertThat(another).isNotEqualTo(id);
        assertThat(renewed.out()).isEqualTo(another + ": at home on this machine\n");
    }

    /** Another machine may have gone on under the old name: two fragments must not share an id at the destination. */
    @Test
    void keepAndNew_giveTheRecordingsANewName() throws IOException {
        start(here);
        Path name = home.resolve("video/store.id");
        for (String change : new String[] {"keep", "new"}) {
            Files.writeString(name, "0123456789ab\n");
            assertThat(identity(here, change).exitCode()).isZero();
            assertThat(name).as(change).doesNotExist();
        }
    }

    @Test
    void homeThatCannotBeWritten_isSaidInWords() throws IOException {
        start(here);
        Files.delete(home.resolve("run/lock"));
        Files.createDirectory(home.resolve("run/lock"));
        Result result = identity(here, "new");
        assertThat(result.exitCode()).isEqualTo(2);
        assertThat(result.err()).contains("cannot use the home " + home).doesNotContain("unexpected");
    }

    @Test
    void show_asJson_namesGatewayAndTie() throws IOException {
        String id = start(here);
        assertThat(identity(here, "show", "--output", "json").out())
                .isEqualTo("{\"gateway\":\"" + id + "\",\"tiedTo\":\"this-machine\"}\n");
    }

    @Test
    void changes_besideARunningGateway_areRefused_showIsNot() throws IOException {
        try (GatewayHome running = GatewayHome.open(home, random, here)) {
            for (String change : new String[] {"new", "keep"}) {
                Result result = identity(here, change);
                assertThat(result.exitCode()).isEqualTo(2);
                assertThat(result.err()).contains("the home " + home + " is in use by another tidegate");
            }
            assertThat(identity(here, "show").out()).startsWith(running.gatewayId());
        }
    }

    @Test
    void homeThatWasNeverStarted_hasNoIdentity_andIsNotMade() {
        for (String command : new String[] {"show", "keep", "new"}) {
            Result result = identity(here, command);
            assertThat(result.exitCode()).isEqualTo(2);
            assertThat(result.err()).contains("there is no gateway in " + home);
        }
        assertThat(home).doesNotExist();
    }
}
