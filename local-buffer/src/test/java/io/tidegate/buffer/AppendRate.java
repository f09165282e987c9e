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
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;

/** Measures how fast records of 200 bytes are appended, durably: in units of 1,000, and with 4,096 outstanding. */
final class AppendRate {
    private static final StreamName STREAM = new StreamName("rate");
    private static final int RECORDS = 1_000_000;

    private AppendRate() {}

    public static void main(String[] arguments) throws Exception {
        Path home = Files.createTempDirectory(Path.of(arguments.length > 0 ? arguments[0] : "target"), "rate");
        SystemClock clock = new SystemClock();
        Payload data = Payload.wrap(new byte[184]);
        try (ShardLog log = OpenedLogs.open(OpenedLogs.settings(home), clock)) {
            log.admin().create(StreamSettings.of(STREAM).withShards(4));
            for (int round = 0; round < 2; round++) {
                long start = clock.monotonicNanos();
                List<NewRecord> unit = new ArrayList<>();
                for (int i = 0; i < 1000; i++) {
                    unit.add(NewRecord.of(STREAM, "device-" + i % 64 + "-number", data));
                }
                for (int i = 0; i < RECORDS / 5000; i++) {
                    LogReader.commit(log, AppendUnit.of(unit));
                }
                report("1,000 per unit, one unit at a time", RECORDS / 5, clock.monotonicNanos() - start);
                start = clock.monotonicNanos();
                outstanding(log, data);
                report("4,096 outstanding", RECORDS, clock.monotonicNanos() - start);
            }
            System.out.println(log.status());
        }
    }

    private static void report(String what, int records, long nanos) {
        System.out.printf("%s: %,d records/s%n", what, (long) (records * 1e9 / nanos));
    }

    private static void outstanding(ShardLog log, Payload data) throws InterruptedException {
        Semaphore room = new Semaphore(4096);
        PutListener listener = new PutListener() {
            @Override
            public void onAnswers(PutAnswers oneCommit) {
                room.release(oneCommit.answers().size());
            }

            @Override
            public void onWritable() {}
        };
        try (StreamProducer producer = log.producer(new ProducerName("rate"), listener)) {
            for (int i = 0; i < RECORDS; i++) {
                room.acquire();
                while (!producer.offer(NewRecord.of(STREAM, "device-" + i % 64 + "-number", data), i)) {
                    Thread.onSpinWait();
                }
            }
            room.acquire(4096);
        }
    }
}
