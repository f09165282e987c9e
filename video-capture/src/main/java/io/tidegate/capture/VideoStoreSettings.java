package io.tidegate.capture;

import java.nio.file.Path;
import java.time.Duration;

/**
 * Where and how recordings are kept.
 *
 * @param directory HOME/video
 * @param bytesMax all segment files together; beyond it the oldest of the largest track goes
 * @param freeBytesMin this much of the file system is left to others: below it recordings go, too
 * @param segmentMax the longest segment file
 * @param segmentBytesMax the largest segment file, but for one fragment
 * @param forceBytes a force follows this many bytes at the latest
 * @param queueBytesMax what one camera may have waiting for the disk
 */
public record VideoStoreSettings(
        Path directory,
        long bytesMax,
        long freeBytesMin,
        Duration segmentMax,
        long segmentBytesMax,
        long forceBytes,
        long queueBytesMax) {
    public VideoStoreSettings {
        if (bytesMax < 1 << 20) {
            throw new IllegalArgumentException("bytesMax must be at least 1 MiB, found " + bytesMax);
        }
        if (freeBytesMin < 0) {
            throw new IllegalArgumentException("freeBytesMin must not be negative, found " + freeBytesMin);
        }
        if (segmentMax.compareTo(Duration.ofSeconds(2)) < 0 || segmentMax.compareTo(Duration.ofMinutes(10)) > 0) {
            throw new IllegalArgumentException("segmentMax must be 2s to 10m, found " + segmentMax);
        }
        if (segmentBytesMax < 64 << 10 || forceBytes < 4096 || queueBytesMax < 64 << 10) {
            throw new IllegalArgumentException(
                    "segmentBytesMax and queueBytesMax must be at least 64KiB and forceBytes 4KiB, found "
                            + segmentBytesMax + ", " + queueBytesMax + ", " + forceBytes);
        }
    }

    /** 8 GiB, 256 MiB left free, segments of a minute or 32 MiB, a force per MiB, 12 MiB of queue per camera. */
    public static VideoStoreSettings of(Path directory) {
        return new VideoStoreSettings(
                directory, 8L << 30, 256L << 20, Duration.ofMinutes(1), 32L << 20, 1L << 20, 12L << 20);
    }

    public VideoStoreSettings withBytesMax(long changed) {
        return new VideoStoreSettings(
                directory, changed, freeBytesMin, segmentMax, segmentBytesMax, forceBytes, queueBytesMax);
    }

    public VideoStoreSettings withFreeBytesMin(long changed) {
        return new VideoStoreSettings(
                directory, bytesMax, changed, segmentMax, segmentBytesMax, forceBytes, queueBytesMax);
    }

    public VideoStoreSettings withSegmentMax(Duration changed) {
        return new VideoStoreSettings(
                directory, bytesMax, freeBytesMin, changed, segmentBytesMax, forceBytes, queueBytesMax);
    }
}
