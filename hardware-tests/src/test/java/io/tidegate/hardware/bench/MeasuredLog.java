package io.tidegate.hardware.bench;

import io.tidegate.buffer.CommitInterval;
import io.tidegate.buffer.Compression;
import io.tidegate.buffer.ShardLog;
import io.tidegate.buffer.ShardLogSettings;
import io.tidegate.core.runtime.ClockSync;
import io.tidegate.core.runtime.EffectiveClock;
import io.tidegate.core.runtime.SystemClock;
import io.tidegate.core.stream.AppendResult;
import io.tidegate.core.stream.AppendUnit;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.StreamSettings;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/** An open shard log, as a gateway keeps it, and the thread that writes it. */
final class MeasuredLog implements AutoCloseable {
    private static final String WRITER = "log-writer";
    private static final Random EPOCHS = new Random(1);

    private final ShardLog log;
    private final long writer;

    private MeasuredLog(ShardLog log, long writer) {
        this.log = log;
        this.writer = writer;
    }

    static MeasuredLog open(Path directory, Compression compression, CommitInterval interval) {
        Set<Long> others = Stopwatch.threads(WRITER);
        SystemClock clock = new SystemClock();
        ShardLogSettings settings = ShardLogSettings.of(directory.resolve("log"), "bench")
                .withCompression(compression)
                .withCommitInterval(interval);
        ShardLog log = ShardLog.open(settings, clock, new EffectiveClock(clock, ClockSync.TRUSTED, 0), EPOCHS);
        Set<Long> writers = Stopwatch.threads(WRITER);
        writers.removeAll(others);
        return new MeasuredLog(log, writers.iterator().next());
    }

    MeasuredLog withStream() throws Exception {
        log.admin().create(StreamSettings.of(Telemetry.STREAM).withShards(Telemetry.SHARDS));
        return this;
    }

    ShardLog log() {
        return log;
    }

    /** Of the thread that writes. */
    Stopwatch watch() {
        return Stopwatch.ofThread(writer);
    }

    /** Appends groups as units, so many of them unanswered at any time; returns when all are durable. */
    void append(List<AppendUnit> units, long count, int outstanding) throws Exception {
        Deque<CompletableFuture<AppendResult>> unanswered = new ArrayDeque<>();
        for (long i = 0; i < count; i++) {
            if (unanswered.size() == outstanding) {
                check(unanswered.remove());
            }
            unanswered.add(log.append(units.get((int) (i % units.size()))));
        }
        while (!unanswered.isEmpty()) {
            check(unanswered.remove());
        }
    }

    private static void check(CompletableFuture<AppendResult> answer) throws Exception {
        if (!(answer.get() instanceof AppendResult.Committed)) {
            throw new IllegalStateException("expected a commit, found " + answer.get());
        }
    }

    static List<AppendUnit> units(List<List<NewRecord>> groups) {
        return groups.stream().map(AppendUnit::of).toList();
    }

    @Override
    public void close() {
        log.close();
    }

    /** The log as a contender: one unit at a time, each a commit of its own. */
    record Appending(String name, Compression compression, CommitInterval interval) implements Contender {
        @Override
        public String configuration() {
            return "shard log, " + Telemetry.SHARDS + " shards, one unit per commit, compression " + compression + ", "
                    + interval + ", segments of 32 MiB";
        }

        @Override
        public Cost run(Path directory, List<List<NewRecord>> groups, int warmUp, int measured) throws Exception {
            List<AppendUnit> units = units(groups);
            try (MeasuredLog log = open(directory, compression, interval).withStream()) {
                log.append(units, warmUp, 1);
                Stopwatch watch = log.watch();
                log.append(units, measured, 1);
                return watch.cost((long) measured * groups.get(0).size());
            }
        }
    }
}
