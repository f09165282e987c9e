package io.tidegate.buffer;

import io.tidegate.core.runtime.SystemClock;
import io.tidegate.core.stream.AppendResult;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.ProducerName;
import io.tidegate.core.stream.PutAnswers;
import io.tidegate.core.stream.PutListener;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamProducer;
import io.tidegate.core.stream.StreamSettings;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.concurrent.Semaphore;

/** Appends for ever and prints every acknowledgement: {@code shard sequence-number reading}. Run to be killed. */
final class CrashChild {
    static final StreamName STREAM = new StreamName("crash");
    static final int SHARDS = 2;
    private static final int OUTSTANDING = 50;

    private CrashChild() {}

    /** In each round another key, or none, and the old ones for what is there. */
    static ShardLogSettings settings(Path home, int round) {
        LogEncryption keys = round % 3 == 1 ? Keys.keys(1, 2) : Keys.keys(2, 1);
        return OpenedLogs.settings(home)
                .withSegmentBytes(256 << 10)
                .withEncryption(round % 3 == 0 ? keys.forOldSegmentsOnly() : keys);
    }

    public static void main(String[] arguments) throws Exception {
        Orphans.endWithParent();
        Path home = Path.of(arguments[0]);
        int first = Integer.parseInt(arguments[1]);
        PrintStream out = new PrintStream(System.out, false, "UTF-8");
        Semaphore room = new Semaphore(OUTSTANDING);
        PutListener listener = new PutListener() {
            @Override
            public void onAnswers(PutAnswers oneCommit) {
                for (var answer : oneCommit.answers()) {
                    AppendResult.Placed place = answer.place();
                    if (place != null) {
                        out.println(place.shard().number() + " " + place.sequenceNumber() + " " + answer.correlation());
                    }
                    room.release();
                }
                out.flush();
            }

            @Override
            public void onWritable() {}
        };
        ShardLogSettings settings = settings(home, Integer.parseInt(arguments[2]));
        ShardLog log = OpenedLogs.open(settings, new SystemClock());
        log.admin().create(StreamSettings.of(STREAM).withShards(SHARDS));
        StreamProducer producer = log.producer(new ProducerName("child"), listener);
        for (int reading = first; ; reading++) {
            room.acquire();
            NewRecord record = NewRecord.of(STREAM, "key-" + reading % 7, Payload.ofUtf8(Integer.toString(reading)));
            while (!producer.offer(record, reading)) {
                Thread.onSpinWait();
            }
        }
    }
}
