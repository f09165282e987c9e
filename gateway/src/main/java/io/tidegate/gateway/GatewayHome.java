package io.tidegate.gateway;

import io.tidegate.core.runtime.Ballast;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/**
 * The directory in which a gateway or central keeps everything, locked for one process:
 *
 * <pre>
 * gateway.id   who this is, made at the first start
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
    private static final Pattern ID = Pattern.compile("[A-Za-z0-9._-]{1,64}");

    private static final long BALLAST_BYTES = 8L << 20;

    private final Path directory;
    private final FileChannel lockChannel;
    private final FileLock lock;
    private final String gatewayId;
    private final Ballast ballast;

    private GatewayHome(Path directory, FileChannel lockChannel, FileLock lock, String gatewayId, Ballast ballast) {
        this.ballast = ballast;
        this.directory = directory;
        this.lockChannel = lockChannel;
        this.lock = lock;
        this.gatewayId = gatewayId;
    }

    /** Makes what is missing and takes the lock; throws CommandFailure in words if that cannot be. */
    static GatewayHome open(Path directory, SecureRandom random) {
        FileChannel channel = null;
        try {
            for (String part : new String[] {"log", "video", "cache/tmp", "run"}) {
                Files.createDirectories(directory.resolve(part));
            }
            channel = FileChannel.open(
                    directory.resolve("run/lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            FileLock lock = tryLock(channel);
            if (lock == null) {
                channel.close();
                throw CommandFailure.usage("the home " + directory
                        + " is in use by another tidegate; stop it, or name another home with --home DIR");
            }
            Files.deleteIfExists(directory.resolve("run/ports.json"));
            Ballast ballast = Ballast.in(directory.resolve("ballast"), BALLAST_BYTES);
            ballast.releaseIfFull();
            return new GatewayHome(directory, channel, lock, gatewayId(directory, random), ballast);
        } catch (IOException e) {
            CommandFailure failure = CommandFailure.usage("cannot use the home " + directory + ": " + reason(e)
                    + "; expected a directory that this user may write to, name another with --home DIR");
            closeAfter(failure, channel);
            throw failure;
        }
    }

    private static String reason(IOException failure) {
        return failure instanceof AccessDeniedException
                ? "no permission for " + failure.getMessage()
                : String.valueOf(failure.getMessage());
    }

    private static void closeAfter(CommandFailure failure, @Nullable FileChannel channel) {
        if (channel != null) {
            try {
                channel.close();
            } catch (IOException e) {
                failure.addSuppressed(e);
            }
        }
    }

    private static @Nullable FileLock tryLock(FileChannel channel) throws IOException {
        try {
            return channel.tryLock();
        } catch (OverlappingFileLockException e) {
            return null;
        }
    }

    private static String gatewayId(Path directory, SecureRandom random) throws IOException {
        Path file = directory.resolve("gateway.id");
        if (!Files.exists(file)) {
            byte[] bytes = new byte[6];
            random.nextBytes(bytes);
            replace(file, "gw-" + HexFormat.of().formatHex(bytes) + "\n");
        }
        String id = Files.readString(file).strip();
        if (!ID.matcher(id).matches()) {
            throw CommandFailure.usage(
                    file + " holds no gateway id, expected 1 to 64 of a-z A-Z 0-9 . _ -; restore it from a backup");
        }
        return id;
    }

    /** Temporary file, fsync, rename, fsync of the directory. */
    private static void replace(Path file, String text) throws IOException {
        Path temporary = file.resolveSibling(file.getFileName() + ".new");
        try (FileChannel channel = FileChannel.open(
                temporary, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING)) {
            ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            channel.force(true);
        }
        Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        Path parent = file.toAbsolutePath().getParent();
        if (parent != null) {
            try (FileChannel channel = FileChannel.open(parent, StandardOpenOption.READ)) {
                channel.force(true);
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
        replace(
                directory.resolve("run/ports.json"),
                JsonMapper.shared().writeValueAsString(new TreeMap<>(ports)) + "\n");
    }

    @Override
    public void close() throws IOException {
        Files.deleteIfExists(directory.resolve("run/ports.json"));
        lock.release();
        lockChannel.close();
    }
}
