package io.tidegate.buffer;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CardStorageTest {
    @TempDir
    Path sys;

    /** The tree of a Raspberry Pi with a card, a disk, and a LUKS volume on the card. */
    @Test
    void partitionOfACard_isOne_alsoBelowAnEncryptedVolume() throws Exception {
        Path card = Files.createDirectories(
                sys.resolve("devices/platform/emmc2bus/fe340000.mmc/mmc_host/mmc0/mmc0:aaaa/block/mmcblk0/mmcblk0p2"));
        Path disk = Files.createDirectories(sys.resolve("devices/pci0000:00/0000:00:14.0/usb2/2-1/block/sda/sda1"));
        Path luks = sys.resolve("devices/virtual/block/dm-0");
        Files.createSymbolicLink(Files.createDirectories(luks.resolve("slaves")).resolve("mmcblk0p2"), card);
        Path other = sys.resolve("devices/virtual/block/dm-1");
        Files.createSymbolicLink(
                Files.createDirectories(other.resolve("slaves")).resolve("sda1"), disk);
        assertThat(CardStorage.isCard(card, 0)).isTrue();
        assertThat(CardStorage.isCard(luks, 0)).isTrue();
        assertThat(CardStorage.isCard(disk, 0)).isFalse();
        assertThat(CardStorage.isCard(other, 0)).isFalse();
        assertThat(CardStorage.isCard(sys.resolve("none"), 0)).isFalse();
    }

    @Test
    void deviceNumbers_areTakenApartAsLinuxPutsThemTogether() {
        assertThat(CardStorage.name(0xb302)).isEqualTo("179:2");
        // gnu_dev_makedev(259, 300): minor 0x12c has bits above the lowest eight.
        assertThat(CardStorage.name((259L << 8) + 0x2c + 0x100000)).isEqualTo("259:300");
        assertThat(CardStorage.holds(Path.of("/proc"))).isFalse();
    }
}
