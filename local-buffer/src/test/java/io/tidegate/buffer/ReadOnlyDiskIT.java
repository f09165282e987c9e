package io.tidegate.buffer;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidegate.core.runtime.SystemClock;
import io.tidegate.core.stream.AppendResult;
import io.tidegate.core.stream.AppendUnit;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StartingPosition;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamSettings;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tinylog.Logger;

/**
 * The kernel finds an error in a file system and makes it read-only, as it does with a worn SD card. Needs the right to
 * mount; without it, the case {@code read-only} of {@link DiskFaultIT} stands for it.
 */
class ReadOnlyDiskIT {
    private static final StreamName STREAM = new StreamName("press");

    @TempDir
    Path temporary;

    private final List<Path> mounted = new ArrayList<>();

    @AfterEach
    void unmount() throws Exception {
        for (Path disk : mounted) {
            Command.run("umount", "-l", disk.toString());
        }
    }

    @Test
    void aDiskThatTurnsReadOnly_refusesRecords_andLosesNone() throws Exception {
        OpenedLogs.open(temporary.resolve("other")).close(); // the driver's library is unpacked elsewhere
        Path image = temporary.resolve("image");
        Command.run("truncate", "-s", "24M", image.toString());
        Command.run("mkfs.ext4", "-q", image.toString());
        Path disk = temporary.resolve("disk");
        if (!mount(image, disk)) {
            return;
        }
        List<String> stored = new ArrayList<>();
        int unknown = 0;
        ShardLog log = OpenedLogs.open(OpenedLogs.settings(disk), new SystemClock());
        log.admin().create(StreamSettings.of(STREAM));
        for (int i = 0; i < 20; i++) {
            assertThat(append(log, i, stored)).isInstanceOf(AppendResult.Committed.class);
        }
        Command.run(
                "bash", "-c", "echo 1 > /sys/fs/ext4/$(basename $(findmnt -no SOURCE " + disk + "))/trigger_fs_error");
        for (int i = 20; i < 30; i++) {
            AppendResult result = append(log, i, stored);
            assertThat(result).isNotInstanceOf(AppendResult.Committed.class);
            unknown += result instanceof AppendResult.Unknown ? 1 : 0;
        }
        assertThat(log.status().failure()).isNotNull();
        ShardId shard = new ShardId(STREAM, 0);
        assertThat(LogReader.texts(LogReader.all(log, shard, new StartingPosition.TrimHorizon())))
                .isEqualTo(stored);
        log.close();

        // Somebody repairs it; a copy, because the log leaves the file that failed open for ever.
        Path repaired = temporary.resolve("repaired");
        Command.run("cp", image.toString(), repaired.toString());
        Command.run("bash", "-c", "e2fsck -fy " + repaired + " || [ $? = 1 ]");
        disk = temporary.resolve("disk-repaired");
        assertThat(mount(repaired, disk)).isTrue();
        try (ShardLog again = OpenedLogs.open(OpenedLogs.settings(disk), new SystemClock())) {
            for (int i = 30; i < 40; i++) {
                assertThat(append(again, i, stored)).isInstanceOf(AppendResult.Committed.class);
            }
            assertThat(LogReader.texts(LogReader.all(again, shard, new StartingPosition.TrimHorizon())))
                    .containsAll(stored)
                    .doesNotHaveDuplicates()
                    .hasSizeLessThanOrEqualTo(stored.size() + unknown);
        }
        assertThat(LogCheck.run(disk.resolve("log")).findings()).isEmpty();
    }

    private static AppendResult append(ShardLog log, int number, List<String> stored) throws Exception {
        String text = number + "-" + "x".repeat(2000);
        AppendResult result = LogReader.append(log, AppendUnit.of(NewRecord.of(STREAM, "k", Payload.ofUtf8(text))));
        if (result instanceof AppendResult.Committed) {
            stored.add(text);
        }
        return result;
    }

    private boolean mount(Path image, Path disk) throws Exception {
        Files.createDirectory(disk);
        Process process = new ProcessBuilder("mount", "-o", "loop,errors=remount-ro", image.toString(), disk.toString())
                .redirectErrorStream(true)
                .start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        if (process.exitValue() != 0) {
            Logger.warn("The system refuses to mount ({}); DiskFaultIT's read-only stands for this test", said.strip());
            return false;
        }
        mounted.add(disk);
        return true;
    }
}
