package io.tidegate.buffer;

import io.tidegate.core.runtime.SystemClock;
import io.tidegate.core.stream.AppendUnit;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamSettings;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryType;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;

/**
 * Measures how long it takes to open a log of many records, and with how much heap: {@code write DIR RECORDS} makes one of
 * records of 200 bytes in commits of 1,000 and stops where its newest segment, which alone is read whole, is about to be
 * full; {@code open DIR} opens it, in a JVM of its own whose heap the caller limits.
 */
final class OpeningTime {
    private static final StreamName STREAM = new StreamName("opening");
    private static final int UNIT = 1000;
    private static final int DEVICES = 2000;

    private OpeningTime() {}

    public static void main(String[] arguments) throws Exception {
        Path home = Path.of(arguments[1]);
        switch (arguments[0]) {
            case "write" -> write(home, Integer.parseInt(arguments[2]));
            case "open" -> System.out.println(open(home));
            default -> throw new IllegalArgumentException("write or open, found " + arguments[0]);
        }
    }

    /** One opening. */
    record Opening(long millis, long records, long lastLsn, long heapPeakBytes, long liveBytes) {}

    static Opening open(Path home) {
        SystemClock clock = new SystemClock();
        long start = clock.monotonicNanos();
        try (ShardLog log = OpenedLogs.open(OpenedLogs.settings(home), clock)) {
            long nanos = clock.monotonicNanos() - start;
            long records = log.admin().describe(STREAM).stream()
                    .flatMap(stream -> stream.shards().stream())
                    .mapToLong(shard -> log.ledger(shard.id()).appended())
                    .sum();
            return new Opening(
                    nanos / 1_000_000, records, log.status().lastLsn(), heapPeak(), liveBytes(home.resolve("log")));
        }
    }

    private static long heapPeak() {
        return ManagementFactory.getMemoryPoolMXBeans().stream()
                .filter(pool -> pool.getType() == MemoryType.HEAP)
                .mapToLong(pool -> pool.getPeakUsage().getUsed())
                .sum();
    }

    private static long liveBytes(Path log) {
        try {
            List<Integer> numbers = SegmentFile.list(log);
            return SegmentFile.bytesOnDisk(log, numbers.get(numbers.size() - 1));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** At least so many records, more until the newest segment is nine tenths full. */
    static void write(Path home, int recordsMin) throws Exception {
        Files.createDirectories(home);
        SystemClock clock = new SystemClock();
        Random random = new Random(11);
        try (ShardLog log = OpenedLogs.open(OpenedLogs.settings(home), clock)) {
            log.admin().create(StreamSettings.of(STREAM).withShards(4));
            long written = 0;
            while (written < recordsMin || liveBytes(home.resolve("log")) < ShardLogSettings.SEGMENT_BYTES / 10 * 9) {
                List<NewRecord> unit = new ArrayList<>();
                for (int i = 0; i < UNIT; i++) {
                    // With the devices' own numbers: opening makes the duplicate window from them.
                    unit.add(NewRecord.of(STREAM, "device-" + random.nextInt(DEVICES), reading(written, random))
                            .withDeviceNumber(written));
                    written++;
                }
                LogReader.commit(log, AppendUnit.of(unit));
            }
            System.out.println(written + " records, " + log.status());
        }
    }

    /** About 200 bytes, as a sensor sends them: the same words, other numbers. */
    private static Payload reading(long number, Random random) {
        return Payload.ofUtf8(String.format(
                Locale.ROOT,
                "{\"seq\":%d,\"time\":\"2026-11-24T10:%02d:%02d.%03dZ\",\"temperature\":%.2f,\"pressure\":%.3f,"
                        + "\"vibration\":[%.4f,%.4f,%.4f],\"state\":\"running\",\"unit\":\"C\",\"line\":\"press-hall\"}",
                number,
                number / 60 % 60,
                number % 60,
                random.nextInt(1000),
                20 + random.nextGaussian(),
                100 + random.nextGaussian(),
                random.nextGaussian(),
                random.nextGaussian(),
                random.nextGaussian()));
    }
}
