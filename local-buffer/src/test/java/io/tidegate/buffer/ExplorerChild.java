package io.tidegate.buffer;

import io.tidegate.core.runtime.FakeClock;
import io.tidegate.core.stream.AppendResult;
import io.tidegate.core.stream.AppendUnit;
import io.tidegate.core.stream.Checkpoint;
import io.tidegate.core.stream.CheckpointScope;
import io.tidegate.core.stream.CheckpointUpdate;
import io.tidegate.core.stream.ConsumerName;
import io.tidegate.core.stream.LogEntry;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.ProducerName;
import io.tidegate.core.stream.PutAnswer;
import io.tidegate.core.stream.PutAnswers;
import io.tidegate.core.stream.PutListener;
import io.tidegate.core.stream.ShardDescription;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StartingPosition;
import io.tidegate.core.stream.StateUpdate;
import io.tidegate.core.stream.StreamLog;
import io.tidegate.core.stream.StreamLogException;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamProducer;
import io.tidegate.core.stream.StreamRecord;
import io.tidegate.core.stream.StreamSettings;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Semaphore;

/**
 * Uses a log in every way, small, and says on standard output what it has been told, after it has been told:
 * <pre>
 * created                      the streams are there
 * try FIRST LAST               these records will be appended as one unit, with state and a checkpoint
 * ack ID STREAM SHARD NUMBER HOURS   stored, at this powered-on time at most
 * done LAST                    the unit is stored
 * clock HOURS                  the powered-on time will be this
 * seen ID STREAM SHARD NUMBER  a reader was given it
 * scale SHARDS                 the aged stream will have so many open shards
 * scaled SHARDS                it has
 * </pre>
 */
final class ExplorerChild {
    /** Kept for a day; three shards at first. */
    static final StreamName AGED = new StreamName("aged");
    /** Kept as long as there is room. */
    static final StreamName BOUNDED = new StreamName("bounded");

    static final int AGED_SHARDS = 3;
    static final Duration RETENTION = Duration.ofHours(24);
    static final long BOUNDED_BYTES = 40_000;
    static final int UNIT_BYTES_MAX = 4 * 6000;
    static final int KEYS = 7;
    static final String CURSOR = "cursor";
    static final ConsumerName READER = new ConsumerName("reader");
    static final CheckpointScope SCOPE = new CheckpointScope.OneShard(new ShardId(BOUNDED, 0));
    private static final int BURST = 20;
    private static final int SHARDS_MAX = 6;

    private final ShardLogSettings settings;
    private final long seed;
    private final Random random;
    private final FakeClock clock;
    private final FileOutputStream out = new FileOutputStream(FileDescriptor.out);
    private final Semaphore answered = new Semaphore(0);
    private long nextId;
    private long hours;
    private long lastNumbered = -1;
    private ShardLog log;
    private StreamProducer producer;

    private ExplorerChild(Path home, long seed, long firstId, long firstHours) {
        this.settings = settings(home);
        this.seed = seed;
        this.random = new Random(seed + firstId);
        this.nextId = firstId;
        this.hours = firstHours;
        this.clock = clock(firstHours);
        this.log = open();
        this.producer = producer();
    }

    static ShardLogSettings settings(Path home) {
        return OpenedLogs.settings(home).withSegmentBytes(64 << 10).withMemory(1 << 20, 64 << 10);
    }

    static FakeClock clock(long hours) {
        FakeClock clock = new FakeClock(1_800_000_000_000L);
        clock.advance(Duration.ofHours(hours));
        return clock;
    }

    /** What a record holds follows from its number. */
    static NewRecord record(long seed, long id) {
        Random random = new Random(seed * 1_000_003 + id);
        StreamName stream = random.nextInt(3) == 0 ? BOUNDED : AGED;
        int length = random.nextInt(4) == 0 ? random.nextInt(6000) : random.nextInt(300);
        StringBuilder text = new StringBuilder().append(id).append(':');
        for (int i = 0; i < length; i++) {
            text.append((char) ('a' + random.nextInt(26)));
        }
        NewRecord record = NewRecord.of(stream, key(id), Payload.ofUtf8(text.toString()));
        return isNumbered(id) ? record.withDeviceNumber(id) : record;
    }

    static String key(long id) {
        return "key-" + id % KEYS;
    }

    static boolean isNumbered(long id) {
        return id % 3 == 0;
    }

    static long id(StreamRecord record) {
        String text = record.data().utf8();
        return Long.parseLong(text.substring(0, text.indexOf(':')));
    }

    public static void main(String[] arguments) throws Exception {
        Orphans.endWithParent();
        ExplorerChild child = new ExplorerChild(
                Path.of(arguments[0]),
                Long.parseLong(arguments[1]),
                Long.parseLong(arguments[2]),
                Long.parseLong(arguments[3]));
        child.run(Integer.parseInt(arguments[4]));
        // Without closing anything, as in a power cut.
        Runtime.getRuntime().halt(0);
    }

    private void say(String line) {
        try {
            out.write((line + "\n").getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private ShardLog open() {
        return OpenedLogs.open(settings, clock, new Random(random.nextLong()));
    }

    private StreamProducer producer() {
        return log.producer(new ProducerName("explorer"), new PutListener() {
            @Override
            public void onAnswers(PutAnswers oneCommit) {
                StringBuilder lines = new StringBuilder();
                for (PutAnswer answer : oneCommit.answers()) {
                    AppendResult.Placed place = answer.place();
                    if (place != null) {
                        lines.append(lines.isEmpty() ? "" : "\n").append(ack(answer.correlation(), place));
                    }
                }
                if (!lines.isEmpty()) {
                    say(lines.toString());
                }
                answered.release(oneCommit.answers().size());
            }

            @Override
            public void onWritable() {}
        });
    }

    private String ack(long id, AppendResult.Placed place) {
        return "ack " + id + " " + place.shard().stream().value() + " "
                + place.shard().number() + " " + place.sequenceNumber() + " " + hours;
    }

    private void run(int steps) throws Exception {
        if (log.admin().describe(AGED).isEmpty()) {
            log.admin().create(StreamSettings.of(AGED).withShards(AGED_SHARDS).withRetention(RETENTION));
        }
        log.admin().create(StreamSettings.of(BOUNDED).withRetainedBytesMax(BOUNDED_BYTES));
        say("created");
        sayWhatIsSeen();
        for (int step = 0; step < steps; step++) {
            switch (random.nextInt(24)) {
                case 0, 1 -> {
                    int passing = 1 + random.nextInt(7);
                    hours += passing;
                    say("clock " + hours);
                    clock.advance(Duration.ofHours(passing));
                    log.lookNow();
                }
                case 2 -> restart();
                case 3, 4, 5, 6 -> burst();
                case 7 -> sendAgain();
                case 8 -> scale();
                default -> unit();
            }
        }
    }

    private void restart() {
        producer.close();
        log.close();
        log = open();
        producer = producer();
        sayWhatIsSeen();
    }

    private void sayWhatIsSeen() {
        StringBuilder lines = new StringBuilder("seen");
        for (StreamName stream : List.of(AGED, BOUNDED)) {
            for (ShardId shard : shards(log, stream)) {
                for (StreamRecord record : LogReader.records(read(log, shard))) {
                    lines.append("\nseen ")
                            .append(id(record) + " " + stream.value() + " " + shard.number() + " "
                                    + record.sequenceNumber());
                }
            }
        }
        say(lines.toString());
    }

    /** Those that are listed, closed ones too. */
    static List<ShardId> shards(StreamLog log, StreamName stream) {
        return log.admin().describe(stream).orElseThrow().shards().stream()
                .map(ShardDescription::id)
                .toList();
    }

    /** All of a shard from number 1 on, or nothing if it has expired in between. */
    static List<LogEntry> read(StreamLog log, ShardId shard) {
        try {
            return LogReader.all(log, shard, new StartingPosition.AtSequenceNumber(1));
        } catch (StreamLogException e) {
            if (shards(log, shard.stream()).contains(shard)) {
                throw e;
            }
            return List.of();
        }
    }

    private void scale() {
        int open = (int) log.admin().describe(AGED).orElseThrow().shards().stream()
                .filter(ShardDescription::open)
                .count();
        int most = Math.min(SHARDS_MAX, 2 * open);
        int shards = Math.max((open + 1) / 2, Math.min(most, 1 + random.nextInt(SHARDS_MAX)));
        say("scale " + shards);
        log.admin().updateShardCount(AGED, shards);
        say("scaled " + shards);
    }

    private void unit() throws Exception {
        long first = nextId;
        List<NewRecord> records = new ArrayList<>();
        for (int i = 0; i < 1 + random.nextInt(4); i++) {
            noteNumbered(nextId);
            records.add(record(seed, nextId++));
        }
        long last = nextId - 1;
        Payload value = Payload.ofUtf8(Long.toString(last));
        say("try " + first + " " + last);
        AppendResult.Committed committed = LogReader.commit(
                log,
                new AppendUnit(
                        records,
                        List.of(new CheckpointUpdate(READER, SCOPE, new Checkpoint.InShard(1, value))),
                        List.of(new StateUpdate(CURSOR, value)),
                        List.of()));
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < records.size(); i++) {
            lines.append(ack(first + i, committed.places().get(i))).append('\n');
        }
        say(lines + "done " + last);
    }

    private void burst() throws InterruptedException {
        int offered = 1 + random.nextInt(BURST);
        for (int i = 0; i < offered; i++) {
            long id = nextId++;
            noteNumbered(id);
            while (!producer.offer(record(seed, id), id)) {
                Thread.onSpinWait();
            }
        }
        answered.acquire(offered);
    }

    private void noteNumbered(long id) {
        if (isNumbered(id)) {
            lastNumbered = id;
        }
    }

    private void sendAgain() throws InterruptedException {
        if (lastNumbered < 0) {
            return;
        }
        while (!producer.offer(record(seed, lastNumbered), lastNumbered)) {
            Thread.onSpinWait();
        }
        answered.acquire();
    }
}
