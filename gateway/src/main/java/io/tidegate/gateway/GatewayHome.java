package io.tidegate.gateway;

import io.tidegate.core.runtime.Ballast;
import io.tidegate.core.runtime.ProcessLock;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/**
 * The directory in which a gateway or central keeps everything, locked for one process:
 *
 * <pre>
 * gateway.id   who this is, made at the first start; gateway.machine beside it: on which machine
 * state.db     durable state that is not a record
 * log/         the shard log
 * video/       fragments and media
 * ballast      space kept back for a full disk
 * cache/       native libraries, temporary files; may be deleted while nothing runs
 * run/         lock, ports.json (the real ports, while it runs)
 * </pre>
 *
 * <p>Confined to the thread that starts and stops.
 */
final class GatewayHome implements AutoCloseable {
    private static final long BALLAST_BYTES = 8L << 20;

    private final Path directory;
    private final ProcessLock lock;
    private final String gatewayId;
    private final Ballast ballast;

    private GatewayHome(Path directory, ProcessLock lock, String gatewayId, Ballast ballast) {
        this.ballast = ballast;
        this.directory = directory;
        this.lock = lock;
        this.gatewayId = gatewayId;
    }

    /** Makes what is missing and takes the lock; throws CommandFailure in words if that cannot be. */
    static GatewayHome open(Path directory, SecureRandom random) {
        return open(directory, random, MachineId.read(MachineId.FILE));
    }

    /** The same, on a given machine. */
    static GatewayHome open(Path directory, SecureRandom random, Optional<MachineId> machine) {
        ProcessLock lock = null;
        try {
            for (String part : new String[] {"log", "video", "cache/tmp", "run"}) {
                Files.createDirectories(directory.resolve(part));
            }
            lock = lock(directory);
            Files.deleteIfExists(directory.resolve("run/ports.json"));
            Ballast ballast = Ballast.in(directory.resolve("ballast"), BALLAST_BYTES);
            ballast.releaseIfFull();
            String gatewayId = new GatewayIdentity(directory, machine).establish(random);
            return new GatewayHome(directory, lock, gatewayId, ballast);
        } catch (CommandFailure e) {
            closeAfter(e, lock);
            throw e;
        } catch (IOException e) {
            CommandFailure failure = unusable(directory, e);
            closeAfter(failure, lock);
            throw failure;
        }
    }

    /** One process per home. */
    static ProcessLock lock(Path directory) throws IOException {
        Files.createDirectories(directory.resolve("run"));
        return ProcessLock.take(
                directory.resolve("run/lock"),
                holder -> CommandFailure.usage("the home " + directory + " is in use by another tidegate (" + holder
                        + "); stop it, or name another home with --home DIR"));
    }

    /** Says that and why a home cannot be read or written. */
    static CommandFailure unusable(Path directory, IOException cause) {
        return CommandFailure.usage("cannot use the home " + directory + ": " + reason(cause)
                + "; expected a directory that this user may write to, name another with --home DIR");
    }

    private static String reason(IOException failure) {
        return failure instanceof AccessDeniedException
                ? "no permission for " + failure.getMessage()
                : String.valueOf(failure.getMessage());
    }

    private static void closeAfter(CommandFailure failure, @Nullable ProcessLock lock) {
        if (lock != null) {
            try {
                lock.close();
            } catch (IOException e) {
                failure.addSuppressed(e);
            }
        }
    }

    String gatewayId() {
        return gatewayId;
    }

    /** Space kept back; it has been let go already if the disk was full, so that the rest could start. */
    Ballast ballast() {
        return ballast;
    }

    Path directory() {
        return directory;
    }

    Path log() {
        return directory.resolve("log");
    }

    Path video() {
        return directory.resolve("video");
    }

    boolean hasNoVideo() throws IOException {
        try (Stream<Path> found = Files.list(video())) {
            return found.findAny().isEmpty();
        }
    }

    /** A token for the API of a listener that others can reach: made once, readable by this user only. */
    String apiToken(SecureRandom random) throws IOException {
        Path file = directory.resolve("api.token");
        if (!Files.exists(file)) {
            byte[] bytes = new byte[24];
            random.nextBytes(bytes);
            Files.createFile(file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            Files.writeString(file, HexFormat.of().formatHex(bytes) + "\n");
        }
        return Files.readString(file).strip();
    }

    Path stateDatabase() {
        return directory.resolve("state.db");
    }

    /** Tells commands where the listeners really are. */
    void publishPorts(Map<String, Integer> ports) throws IOException {
        DurableFile.replace(
                directory.resolve("run/ports.json"),
                JsonMapper.shared().writeValueAsString(new TreeMap<>(ports)) + "\n");
    }

    @Override
    public void close() throws IOException {
        Files.deleteIfExists(directory.resolve("run/ports.json"));
        lock.close();
    }
}
