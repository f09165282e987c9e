package io.tidegate.gateway;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/** One process per home. Confined to the thread that takes and closes it. */
final class HomeLock implements AutoCloseable {
    private final FileChannel channel;

    private HomeLock(FileChannel channel) {
        this.channel = channel;
    }

    /**
     * Takes it, at once or not at all.
     *
     * @throws CommandFailure if another process has it
     */
    static HomeLock take(Path home) throws IOException {
        Files.createDirectories(home.resolve("run"));
        FileChannel channel =
                FileChannel.open(home.resolve("run/lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        if (tryLock(channel) == null) {
            channel.close();
            throw CommandFailure.usage("the home " + home
                    + " is in use by another tidegate; stop it, or name another home with --home DIR");
        }
        return new HomeLock(channel);
    }

    private static @Nullable FileLock tryLock(FileChannel channel) throws IOException {
        try {
            return channel.tryLock();
        } catch (OverlappingFileLockException e) {
            return null;
        }
    }

    @Override
    public void close() throws IOException {
        // Lets the lock go, too.
        channel.close();
    }
}
