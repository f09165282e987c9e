package io.tidegate.buffer;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidegate.core.runtime.SystemClock;
import io.tidegate.core.stream.AppendUnit;
import io.tidegate.core.stream.LogStatus;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamSettings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the log says it made the medium write, beside the sectors that a block device with a journalled ext4 counts. */
class WrittenBytesIT {
    private static final StreamName STREAM = new StreamName("press");
    private static final int SECTOR_BYTES = 512;
    private static final int SECTORS_WRITTEN = 6; // of /sys/block/*/stat, Documentation/block/stat.rst

    @TempDir
    Path temporary;

    private Path disk = Path.of("unset");
    private String device = "unset";

    @BeforeEach
    void mount() throws Exception {
        Path image = temporary.resolve("image");
        Command.run("truncate", "-s", "256M", image.toString());
        Command.run("mkfs.ext4", "-q", "-E", "lazy_itable_init=0,lazy_journal_init=0", image.toString());
        device = Command.run("losetup", "--find", "--show", "--direct-io=on", image.toString());
        disk = Files.createDirectory(temporary.resolve("disk"));
        Command.run("mount", "-o", "noatime", device, disk.toString());
    }

    @AfterEach
    void unmount() throws Exception {
        Command.run("umount", "-l", disk.toString());
        Command.run("losetup", "--detach", device);
    }

    private long deviceBytes() throws Exception {
        Command.run("sync", "-f", disk.toString());
        String stat = Files.readString(
                Path.of("/sys/block", Path.of(device).getFileName().toString(), "stat"));
        return Long.parseLong(stat.strip().split("\\s+", -1)[SECTORS_WRITTEN]) * SECTOR_BYTES;
    }

    private static Payload reading(Random random) {
        return Payload.ofUtf8(String.format(
                Locale.ROOT,
                "{\"temperature\":%.3f,\"pressure\":%.3f,\"vibration\":[%.6f,%.6f,%.6f],\"padding\":\"%s\"}",
                random.nextGaussian(),
                random.nextGaussian(),
                random.nextGaussian(),
                random.nextGaussian(),
                random.nextGaussian(),
                "x".repeat(90)));
    }

    /** From single records to blocks of a thousand: near enough for a budget, and rather too much than too little. */
    @Test
    void writtenBytes_areWhatTheDeviceCounts() throws Exception {
        Random random = new Random(3);
        for (int[] shape : new int[][] {{1, 1500}, {10, 1500}, {100, 800}, {1000, 250}}) {
            Path home = Files.createDirectory(disk.resolve("home-" + shape[0]));
            ShardLogSettings settings = OpenedLogs.settings(home).withSegmentBytes(8 << 20);
            try (ShardLog log = OpenedLogs.open(settings, new SystemClock())) {
                log.admin().create(StreamSettings.of(STREAM));
                long before = deviceBytes();
                LogStatus.Wear start = log.status().wear();
                for (int commit = 0; commit < shape[1]; commit++) {
                    List<NewRecord> records = new ArrayList<>();
                    for (int i = 0; i < shape[0]; i++) {
                        records.add(NewRecord.of(STREAM, "k" + i % 10, reading(random)));
                    }
                    LogReader.commit(log, AppendUnit.of(records));
                }
                LogStatus.Wear wear = log.status().wear();
                double counted = deviceBytes() - before;
                double said = wear.writtenBytes() - start.writtenBytes();
                String what = String.format(
                        Locale.ROOT,
                        "%d per commit: %.1f KiB to the device per commit, %.2f bytes per payload byte, said / counted %.2f",
                        shape[0],
                        counted / shape[1] / 1024,
                        counted / (wear.payloadBytes() - start.payloadBytes()),
                        said / counted);
                System.out.println(what);
                // Commits within one clock tick of each other leave a file's times alone: then less is written than
                // said.
                assertThat(said / counted).as(what).isBetween(0.8, 1.6);
            }
        }
    }
}
