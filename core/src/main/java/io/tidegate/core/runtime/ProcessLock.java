package io.tidegate.core.runtime;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** A file that one process holds at a time, with the id of that process in it. Confined to one thread. */
public final class ProcessLock implements AutoCloseable {
    private final FileChannel channel;

    private ProcessLock(FileChannel channel) {
        this.channel = channel;
    }

    /**
     * Takes it, at once or not at all.
     *
     * @param refusal makes what is thrown if another process holds it, or this very one; from words for who that is
     */
    public static ProcessLock take(Path file, Function<String, RuntimeException> refusal) throws IOException {
        FileChannel channel =
                FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
        boolean isTaken = false;
        try {
            if (tryLock(channel) == null) {
                throw refusal.apply(holder(channel));
            }
            byte[] who = ("pid " + ProcessHandle.current().pid() + "\n").getBytes(StandardCharsets.UTF_8);
            channel.truncate(0);
            channel.write(ByteBuffer.wrap(who), 0);
            isTaken = true;
            return new ProcessLock(channel);
        } finally {
            if (!isTaken) {
                channel.close();
            }
        }
    }

    /** Whether somebody holds it, asked without writing anything; a file that is not there is held by nobody. */
    public static boolean isHeld(Path file) throws IOException {
        if (!Files.exists(file)) {
            return false;
        }
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
                FileLock lock = channel.tryLock(0, Long.MAX_VALUE, true)) {
            return lock == null;
        } catch (OverlappingFileLockException e) {
            return true; // by this very process
        }
    }

    private static @Nullable FileLock tryLock(FileChannel channel) throws IOException {
        try {
            return channel.tryLock();
        } catch (OverlappingFileLockException e) {
            return null; // held by this very process
        }
    }

    private static String holder(FileChannel channel) throws IOException {
        ByteBuffer text = ByteBuffer.allocate(64);
        int read = channel.read(text, 0);
        return read <= 0 ? "pid unknown" : new String(text.array(), 0, read, StandardCharsets.UTF_8).strip();
    }

    /** Lets it go; the file stays. */
    @Override
    public void close() throws IOException {
        channel.close();
    }
}
