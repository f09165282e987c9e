package io.tidegate.buffer;

import io.tidegate.core.runtime.SystemClock;
import io.tidegate.core.stream.AppendUnit;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.ProducerName;
import io.tidegate.core.stream.PutAnswers;
import io.tidegate.core.stream.PutListener;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamProducer;
import io.tidegate.core.stream.StreamSettings;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.lang.management.ThreadMXBean;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.Semaphore;

/** Measures how fast records of 200 bytes are appended, durably: in units of 1,000, and with 4,096 outstanding. */
final class AppendRate {
    private static final StreamName STREAM = new StreamName("rate");
    private static final int RECORDS = 1_000_000;

    private AppendRate() {}

    public static void main(String[] arguments) throws Exception {
        Path home = Files.createTempDirectory(Path.of(arguments.length > 0 ? arguments[0] : "target"), "rate");
        SystemClock clock = new SystemClock();
        Compression compression =
                Compression.valueOf(arguments.length > 1 ? arguments[1].toUpperCase(Locale.ROOT) : "ZSTD");
        try (ShardLog log = OpenedLogs.open(OpenedLogs.settings(home).withCompression(compression), clock)) {
            log.admin().create(StreamSettings.of(STREAM).withShards(4));
            for (int round = 0; round < 2; round++) {
                long start = clock.monotonicNanos();
                long cpu = writerCpuNanos();
                List<NewRecord> unit = new ArrayList<>();
                for (int i = 0; i < 1000; i++) {
                    unit.add(NewRecord.of(STREAM, "device-" + i % 64 + "-number", reading(i)));
                }
                for (int i = 0; i < RECORDS / 5000; i++) {
                    LogReader.commit(log, AppendUnit.of(unit));
                }
                report("1,000 per unit, one unit at a time", RECORDS / 5, clock.monotonicNanos() - start, cpu);
                start = clock.monotonicNanos();
                cpu = writerCpuNanos();
                outstanding(log);
                report("4,096 outstanding", RECORDS, clock.monotonicNanos() - start, cpu);
            }
            System.out.println(log.status());
        }
    }

    private static void report(String what, int records, long nanos, long cpuBefore) {
        System.out.printf(
                "%s: %,d records/s, %.2f us of the writer's CPU per record%n",
                what, (long) (records * 1e9 / nanos), (writerCpuNanos() - cpuBefore) / 1e3 / records);
    }

    private static long writerCpuNanos() {
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        for (ThreadInfo thread : threads.getThreadInfo(threads.getAllThreadIds())) {
            if (thread != null && thread.getThreadName().equals("log-writer")) {
                return threads.getThreadCpuTime(thread.getThreadId());
            }
        }
        return 0;
    }

    /** About 200 bytes with its key, as a sensor sends them: the same words, other numbers. */
    private static Payload reading(int number) {
        Random random = new Random(number);
        return Payload.ofUtf8(String.format(
                Locale.ROOT,
                "{\"sensor\":\"press-%d\",\"seq\":%d,\"time\":\"2026-11-24T10:%02d:%02d.%03dZ\",\"temperature\":%.2f,"
                        + "\"pressure\":%.3f,\"vibration\":[%.4f,%.4f,%.4f],\"state\":\"running\",\"unit\":\"C\"}",
                number % 64,
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

    private static void outstanding(ShardLog log) throws InterruptedException {
        Semaphore room = new Semaphore(4096);
        PutListener listener = new PutListener() {
            @Override
            public void onAnswers(PutAnswers oneCommit) {
                room.release(oneCommit.answers().size());
            }

            @Override
            public void onWritable() {}
        };
        List<Payload> readings = new ArrayList<>();
        for (int i = 0; i < 10_000; i++) {
            readings.add(reading(i));
        }
        try (StreamProducer producer = log.producer(new ProducerName("rate"), listener)) {
            for (int i = 0; i < RECORDS; i++) {
                room.acquire();
                while (!producer.offer(
                        NewRecord.of(STREAM, "device-" + i % 64 + "-number", readings.get(i % readings.size())), i)) {
                    Thread.onSpinWait();
                }
            }
            room.acquire(4096);
        }
    }
}
