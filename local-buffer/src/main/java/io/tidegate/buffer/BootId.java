package io.tidegate.buffer;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;

/** Which boot of the machine this is. */
final class BootId {
    private static final Path FILE = Path.of("/proc/sys/kernel/random/boot_id");

    private BootId() {}

    /** 63 bits of the kernel's id of this boot (Linux, random(4)); 0 where there is none. */
    static long current() {
        try {
            return UUID.fromString(Files.readString(FILE).strip()).getMostSignificantBits() >>> 1;
        } catch (IOException | IllegalArgumentException e) {
            return 0;
        }
    }
}
