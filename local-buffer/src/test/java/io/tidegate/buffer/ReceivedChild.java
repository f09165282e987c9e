package io.tidegate.buffer;

import io.tidegate.core.runtime.SystemClock;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.ProducerName;
import io.tidegate.core.stream.PutAnswer;
import io.tidegate.core.stream.PutAnswers;
import io.tidegate.core.stream.PutListener;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamProducer;
import io.tidegate.core.stream.StreamSettings;
import io.tidegate.support.Offers;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Semaphore;

/**
 * A process that offers records of class {@code received}, one commit a second, and prints each that is acknowledged
 * before its commit: "early N". With a second argument it closes the log after so many, and prints "closed".
 */
final class ReceivedChild {
    static final StreamName STREAM = new StreamName("vibration");
    static final long BYTES_MAX = 100_000;

    private ReceivedChild() {}

    public static void main(String[] arguments) throws Exception {
        Orphans.endWithParent();
        long closeAfter = arguments.length > 1 ? Long.parseLong(arguments[1]) : Long.MAX_VALUE;
        PrintStream out = new PrintStream(System.out, true, "UTF-8");
        Semaphore answered = new Semaphore(0);
        PutListener listener = new PutListener() {
            @Override
            public void onAnswers(PutAnswers oneCommit) {
                for (PutAnswer answer : oneCommit.answers()) {
                    if (answer.isReceived()) {
                        out.println("early " + answer.correlation());
                    }
                    answered.release();
                }
            }

            @Override
            public void onWritable() {}
        };
        ShardLogSettings settings = OpenedLogs.settings(Path.of(arguments[0]))
                .withCommitInterval(new CommitInterval.Fixed(Duration.ofSeconds(1)));
        try (ShardLog log = OpenedLogs.open(settings, new SystemClock())) {
            log.admin().create(StreamSettings.of(STREAM).withReceivedBytesMax(BYTES_MAX));
            try (StreamProducer producer = log.producer(new ProducerName("child"), listener)) {
                for (long number = 1; number <= closeAfter; number++) {
                    NewRecord record = NewRecord.of(STREAM, "k", Payload.ofUtf8(Long.toString(number)));
                    Offers.untilTaken(producer, record, number);
                    answered.acquire();
                }
            }
        }
        out.println("closed");
    }
}
