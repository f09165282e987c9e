package io.tidegate.capture;

import io.tidegate.core.stream.Payload;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** Remembers what would be left after a power cut. */
final class PowerCutDisk implements Forcer {
    private final Map<Path, byte[]> forced = new HashMap<>();
    private final Set<Path> named = new HashSet<>();
    boolean failNext;
    int unforcedMax;

    @Override
    public void force(Path file, FileChannel channel) throws IOException {
        if (failNext) {
            failNext = false;
            throw new IOException("Input/output error");
        }
        byte[] now = Files.readAllBytes(file);
        byte[] before = forced.getOrDefault(file, new byte[0]);
        unforcedMax = Math.max(unforcedMax, now.length - before.length);
        forced.put(file, now);
    }

    @Override
    public void forceDirectory(Path directory) throws IOException {
        try (var files = Files.list(directory)) {
            files.forEach(named::add);
        }
    }

    /** Whether bytes with this CRC lie behind a frame that states it, in a file whose name is durable. */
    boolean survives(String crcHex, int bytes) {
        for (Map.Entry<Path, byte[]> file : forced.entrySet()) {
            byte[] all = file.getValue();
            for (int at = 80; named.contains(file.getKey()) && at + bytes <= all.length; at++) {
                int stated = Payload.wrap(all, at - 8, 4).asByteBuffer().getInt();
                if (String.format("%08x", stated).equals(crcHex)
                        && Payload.wrap(all, at, bytes).crc32c() == stated) {
                    return true;
                }
            }
        }
        return false;
    }
}
