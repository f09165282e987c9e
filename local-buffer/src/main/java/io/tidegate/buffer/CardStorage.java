package io.tidegate.buffer;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Whether files end up on an SD card or eMMC, which wear out by what is written: as Linux names what a file system
 * stands on, through LUKS and LVM. Thread-safe.
 */
public final class CardStorage {
    private static final Path DEVICES = Path.of("/sys/dev/block");
    private static final int LAYERS_MAX = 8;

    private CardStorage() {}

    /** False also where nothing can be told: an overlay, a network file system, another operating system. */
    public static boolean holds(Path directory) {
        try {
            long device = ((Number) Files.getAttribute(directory, "unix:dev")).longValue();
            return isCard(DEVICES.resolve(name(device)), 0);
        } catch (IOException | UnsupportedOperationException | IllegalArgumentException e) {
            return false;
        }
    }

    /** {@code major:minor} of Linux's {@code dev_t} (sysmacros.h). */
    static String name(long device) {
        long major = (device >>> 8 & 0xfff) | (device >>> 32 & 0xfffff000L);
        long minor = (device & 0xff) | (device >>> 12 & 0xffffff00L);
        return major + ":" + minor;
    }

    /** A device of sysfs, or what it is made of. */
    static boolean isCard(Path device, int layer) throws IOException {
        if (layer > LAYERS_MAX || !Files.exists(device)) {
            return false;
        }
        Path real = device.toRealPath();
        for (Path part : real) {
            if (part.toString().matches("mmcblk[0-9].*")) {
                return true;
            }
        }
        Path below = real.resolve("slaves");
        if (!Files.isDirectory(below)) {
            return false;
        }
        try (DirectoryStream<Path> slaves = Files.newDirectoryStream(below)) {
            for (Path slave : slaves) {
                if (isCard(slave, layer + 1)) {
                    return true;
                }
            }
        }
        return false;
    }
}
