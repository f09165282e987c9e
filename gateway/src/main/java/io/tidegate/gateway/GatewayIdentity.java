package io.tidegate.gateway;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Optional;
import java.util.regex.Pattern;
import org.tinylog.Logger;

/**
 * Who a home is, and on which machine: {@code gateway.id}, and beside it {@code gateway.machine}, the hashed id of the
 * machine on which it was made or confirmed. A copied card and a restored backup show by the difference.
 *
 * <p>Reading needs no lock; whoever changes something holds the home's lock.
 */
final class GatewayIdentity {
    /** How a home stands to this machine. */
    enum Tie {
        /** This is the machine. */
        THIS_MACHINE,
        /** It is another one: a copied card, a restored backup, new hardware. */
        OTHER_MACHINE,
        /** The home has not been started since there are ties, or never on a machine with an id. */
        NONE,
        /** This machine has no id: nobody can tell. */
        UNKNOWN
    }

    private static final Pattern ID = Pattern.compile("[A-Za-z0-9._-]{1,64}");

    private final Path home;
    private final Path idFile;
    private final Path tieFile;
    private final Optional<MachineId> machine;

    GatewayIdentity(Path home, Optional<MachineId> machine) {
        this.home = home;
        this.idFile = home.resolve("gateway.id");
        this.tieFile = home.resolve("gateway.machine");
        this.machine = machine;
    }

    /**
     * The id, made if there is none.
     *
     * @throws CommandFailure if the home belongs to another machine, with the two ways out
     */
    String establish(SecureRandom random) throws IOException {
        switch (tie()) {
            case THIS_MACHINE -> {}
            case OTHER_MACHINE -> throw refusal();
            case UNKNOWN ->
                Logger.warn(
                        "This machine has no machine id ({}): a copied card or a restored backup would not be noticed",
                        MachineId.FILE);
            case NONE -> tieToThisMachine();
        }
        if (!Files.exists(idFile)) {
            makeId(random);
        }
        return id();
    }

    private CommandFailure refusal() throws IOException {
        String of = Files.exists(idFile) ? "gateway " + id() : "a gateway";
        return CommandFailure.usage("the home " + home + " belongs to " + of + " on another machine: a copied card, a"
                + " restored backup, or new hardware. If the other one is gone and this one takes its place:"
                + " tidegate identity keep --home " + home + ". If both will run: tidegate identity new --home "
                + home);
    }

    boolean exists() {
        return Files.exists(idFile);
    }

    /** The id of a home that has one. */
    String id() throws IOException {
        String id = Files.readString(idFile).strip();
        if (!ID.matcher(id).matches()) {
            throw CommandFailure.usage(
                    idFile + " holds no gateway id, expected 1 to 64 of a-z A-Z 0-9 . _ -; restore it from a backup");
        }
        return id;
    }

    Tie tie() throws IOException {
        if (machine.isEmpty()) {
            return Tie.UNKNOWN;
        }
        if (!Files.exists(tieFile)) {
            return Tie.NONE;
        }
        return Files.readString(tieFile).strip().equals(machine.get().hashed()) ? Tie.THIS_MACHINE : Tie.OTHER_MACHINE;
    }

    /** The same gateway, from now on at home on this machine. */
    void tieToThisMachine() throws IOException {
        if (machine.isPresent()) {
            DurableFile.replace(tieFile, machine.get().hashed() + "\n");
        }
    }

    /** The same gateway after a change of hardware, or out of a backup. The tie comes last: a crash leaves it refused. */
    void keep() throws IOException {
        renameRecordings();
        tieToThisMachine();
    }

    /** Another gateway. The id comes first: a crash in between leaves a home that is still refused. */
    void renew(SecureRandom random) throws IOException {
        makeId(random);
        renameRecordings();
        tieToThisMachine();
    }

    /**
     * The store of recordings gets a new name at the next start. Under the old one another machine may have gone on: two
     * fragments would share an id. What is recorded keeps the id that it has.
     */
    private void renameRecordings() throws IOException {
        Files.deleteIfExists(home.resolve("video/store.id"));
    }

    private void makeId(SecureRandom random) throws IOException {
        byte[] bytes = new byte[6];
        random.nextBytes(bytes);
        DurableFile.replace(idFile, "gw-" + HexFormat.of().formatHex(bytes) + "\n");
    }
}
