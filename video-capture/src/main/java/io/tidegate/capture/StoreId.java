package io.tidegate.capture;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Locale;
import java.util.random.RandomGenerator;

/** The random name of a store, made once and kept in its directory: fragment ids of two stores never meet. */
final class StoreId {
    private static final String FILE = "store.id";

    private StoreId() {}

    static String of(Path directory, RandomGenerator random, Forcer forcer) throws IOException {
        Path file = directory.resolve(FILE);
        if (Files.exists(file)) {
            String id = Files.readString(file).strip();
            if (!id.matches("[0-9a-f]{12}")) {
                throw new IOException("expected 12 hex digits in " + file + ", found '" + id + "'");
            }
            return id;
        }
        String id = String.format(Locale.ROOT, "%012x", random.nextLong() & 0xffff_ffff_ffffL);
        Path temporary = directory.resolve(FILE + ".new");
        try (FileChannel channel = FileChannel.open(
                temporary, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
            ByteBuffer bytes = ByteBuffer.wrap((id + "\n").getBytes(StandardCharsets.US_ASCII));
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            forcer.force(temporary, channel);
        }
        Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
        forcer.forceDirectory(directory);
        return id;
    }
}
