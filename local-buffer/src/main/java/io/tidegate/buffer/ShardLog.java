package io.tidegate.buffer;

import io.tidegate.core.runtime.Ballast;
import io.tidegate.core.runtime.Clock;
import io.tidegate.core.runtime.Closer;
import io.tidegate.core.runtime.DiskBudget;
import io.tidegate.core.runtime.EffectiveClock;
import io.tidegate.core.runtime.ProcessLock;
import io.tidegate.core.runtime.Worker;
import io.tidegate.core.runtime.WorkerThread;
import io.tidegate.core.stream.AppendResult;
import io.tidegate.core.stream.AppendUnit;
import io.tidegate.core.stream.Checkpoint;
import io.tidegate.core.stream.CheckpointScope;
import io.tidegate.core.stream.ConsumerName;
import io.tidegate.core.stream.HeldRecords;
import io.tidegate.core.stream.LogCursor;
import io.tidegate.core.stream.LogPosition;
import io.tidegate.core.stream.LogStatus;
import io.tidegate.core.stream.LossLedger;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.ProducerName;
import io.tidegate.core.stream.PutListener;
import io.tidegate.core.stream.ShardCursor;
import io.tidegate.core.stream.ShardEpoch;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StartingPosition;
import io.tidegate.core.stream.StreamAdmin;
import io.tidegate.core.stream.StreamLog;
import io.tidegate.core.stream.StreamLogException;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamProducer;
import io.tidegate.core.stream.StreamRecord;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import org.tinylog.Logger;

/**
 * The shard log of one home, on SQLite: what is answered as stored survives a power cut. Design, invariants and steps:
 * docs/design/0001-shard-log.md.
 *
 * <p>Close producers and readers first. Thread-safe; answers and callbacks come on the thread {@code log-writer} and
 * must not block.
 */
public final class ShardLog implements StreamLog, AutoCloseable {
    private static final Duration IDLE = Duration.ofSeconds(1);
    private static final Duration KEEPER_IDLE = Duration.ofSeconds(1);
    private static final Duration QUEUE_RETRY = Duration.ofMillis(100);

    private final ShardLogSettings settings;
    private final CommitQueue queue;
    private final LogReading reading;
    private final LogWriter writer;
    /** Segments that have become full, on their way from the writer to the keeper. */
    private final Queue<LiveSegment> full;

    private final Ballast ballast;
    private final Retention retention;
    private final LogAdmin admin;
    private final EarlyAcknowledgement early;
    private final Closer closer = new Closer();
    private volatile Runnable lookNow = () -> {};
    private volatile Consumer<DiskBudget> share = budget -> {};

    private ShardLog(
            ShardLogSettings settings,
            CommitQueue queue,
            LogReading reading,
            LogWriter writer,
            Queue<LiveSegment> full,
            Ballast ballast) {
        this.full = full;
        this.ballast = ballast;
        this.settings = settings;
        this.queue = queue;
        this.reading = reading;
        this.writer = writer;
        this.retention = new Retention(reading, writer::poweredOnNanos);
        this.early = new EarlyAcknowledgement(reading.state(), queue);
        this.admin = new LogAdmin(reading.state(), queue, reading.clock(), early::turn);
    }

    /**
     * Opens the log, or makes an empty one.
     *
     * @param effective is raised to the time of the log's newest commit
     * @throws StreamLogException of category fatal if another process has it or it cannot be opened
     */
    public static ShardLog open(
            ShardLogSettings settings, Clock clock, EffectiveClock effective, RandomGenerator random) {
        return open(settings, clock, effective, random, BootId.current(), Ballast.none());
    }

    /** The same, on a machine that says which boot this is. */
    static ShardLog open(
            ShardLogSettings settings, Clock clock, EffectiveClock effective, RandomGenerator random, long boot) {
        return open(settings, clock, effective, random, boot, Ballast.none());
    }

    /**
     * The same, with space that is kept back for a full disk: let go when it is, so that horizons, gaps and checkpoints
     * can be committed; until it is back, records are refused.
     */
    public static ShardLog open(
            ShardLogSettings settings, Clock clock, EffectiveClock effective, RandomGenerator random, Ballast ballast) {
        return open(settings, clock, effective, random, BootId.current(), ballast);
    }

    /** Both. */
    static ShardLog open(
            ShardLogSettings settings,
            Clock clock,
            EffectiveClock effective,
            RandomGenerator random,
            long boot,
            Ballast ballast) {
        ballast.releaseIfFull();
        Closer closer = new Closer();
        try {
            Path directory = settings.directory();
            Files.createDirectories(directory);
            Sql.unpackBeside(directory);
            ZstdLibrary.unpackBeside(directory);
            ProcessLock lock = closer.add(lock(directory));
            LogRecovery.Opened opened = new LogRecovery(settings, effective).open();
            LogClocks clocks = LogClocks.of(clock, effective, opened.state(), boot, random);
            ShardLog log = assemble(settings, clocks, random, opened, ballast);
            ballast.takeBack();
            log.start(opened, lock);
            return log;
        } catch (IOException | SQLException e) {
            StreamLogException failure = new StreamLogException(
                    StreamLogException.Category.FATAL,
                    "the log in " + settings.directory() + " cannot be opened: " + e.getMessage(),
                    e);
            throw closeAfter(closer, failure);
        } catch (StreamLogException e) {
            throw closeAfter(closer, e);
        }
    }

    private static StreamLogException closeAfter(Closer closer, StreamLogException failure) {
        try {
            closer.close();
        } catch (Exception e) {
            failure.addSuppressed(e);
        }
        return failure;
    }

    private static ShardLog assemble(
            ShardLogSettings settings,
            LogClocks clocks,
            RandomGenerator random,
            LogRecovery.Opened opened,
            Ballast ballast) {
        CommitQueue queue = new CommitQueue(settings.putQueueBytes());
        BlockCache cache = new BlockCache(settings.blockCacheBytes());
        ReadWaiters waiters = new ReadWaiters();
        LogState state = opened.state();
        DamageLedger damage = new DamageLedger(state, queue);
        LogReading reading = new LogReading(
                state,
                opened.store(),
                new BlockReader(opened.store(), cache, state, new UnreadableBlocks(state, clocks.effective(), damage)),
                waiters,
                clocks.effective(),
                damage);
        Queue<LiveSegment> full = new ConcurrentLinkedQueue<>();
        SegmentWriter segments =
                new SegmentWriter(state, opened.window(), opened.store(), settings, opened.live(), full::add);
        LogWriter writer = new LogWriter(
                new LogWriter.Parts(queue, state, opened.window(), opened.store(), cache, waiters),
                segments,
                settings,
                clocks,
                random,
                ballast);
        return new ShardLog(settings, queue, reading, writer, full, ballast);
    }

    private static ProcessLock lock(Path directory) throws IOException {
        Path file = directory.resolve("LOCK");
        return ProcessLock.take(
                file,
                holder -> new StreamLogException(
                        StreamLogException.Category.FATAL,
                        "the log in " + directory + " is in use by another process (" + holder + ", lock file " + file
                                + "); one process per home"));
    }

    private void start(LogRecovery.Opened opened, ProcessLock lock) {
        closer.add(lock);
        closer.add(reading.store());
        closer.add(() -> full.forEach(LiveSegment::close));
        writer.tellFirst(opened.toTell());
        writer.tellFirst(EarlyAcknowledgement.mayBeLost(opened.state()));
        DamageLedger.announce(queue);
        early.turn();
        LostSegments.report(reading, opened.lost());
        WorkerThread thread = closer.add(WorkerThread.start(
                "log-writer", writer, IDLE, e -> Logger.error(e, "The log's writer failed in a turn")));
        queue.onArrival(thread::wake);
        queue.onPressed(thread::rouse);
        thread.wake();
        LogKeeper keeper = new LogKeeper(
                reading,
                new LogKeeper.Tasks(
                        new SegmentSealer(reading, full, new SuspectMarks(reading.state(), reading.store(), queue)),
                        new HorizonMover(reading.state(), queue),
                        retention,
                        new ClosedShards(reading.state(), queue, writer::poweredOnNanos),
                        new SegmentTrimmer(reading, settings.compression(), writer::poweredOnNanos)),
                ballast);
        Scrub scrub = new Scrub(reading, writer::poweredOnNanos);
        Worker turns = () -> {
            reading.reports().countAgain();
            early.turn();
            scrub.turn();
            return keeper.doWork();
        };
        WorkerThread keeping = closer.add(WorkerThread.start(
                "log-keeper", turns, KEEPER_IDLE, e -> Logger.error(e, "The log's keeper failed in a turn")));
        lookNow = () -> {
            keeper.lookNow();
            keeping.wake();
        };
        writer.onKeeping(lookNow);
        share = keeper::share;
        SmallBlocks.warn(settings.directory());
        Logger.info("Shard log opened at commit {} in {}", opened.state().lastLsn(), settings.directory());
    }

    @Override
    public String gatewayId() {
        return settings.gatewayId();
    }

    @Override
    public StreamProducer producer(ProducerName name, PutListener listener) {
        return new QueuedProducer(name, listener, queue, early);
    }

    @Override
    public CompletableFuture<AppendResult> append(AppendUnit unit) {
        CompletableFuture<AppendResult> future = new CompletableFuture<>();
        if (!queue.offer(new Submission.Unit(unit, future))) {
            future.complete(new AppendResult.Refused("too much waits for the disk, or the log is closed", QUEUE_RETRY));
        }
        return future;
    }

    @Override
    public LogCursor cursor(Set<StreamName> streams, LogPosition from) {
        for (StreamName stream : streams) {
            if (reading.state().stream(stream).isEmpty()) {
                throw new StreamLogException(StreamLogException.Category.REJECT, "no stream '" + stream + "'");
            }
        }
        return new CommitCursor(reading, streams, from);
    }

    @Override
    public ShardCursor cursor(ShardId shard, StartingPosition from) {
        return new SingleShardCursor(reading, require(shard), from);
    }

    private ShardState require(ShardId shard) {
        return reading.state()
                .find(shard)
                .orElseThrow(
                        () -> new StreamLogException(StreamLogException.Category.REJECT, "no shard '" + shard + "'"));
    }

    @Override
    public Optional<Checkpoint> checkpoint(ConsumerName consumer, CheckpointScope scope) {
        return reading.state().checkpoint(consumer, scope);
    }

    @Override
    public Optional<Payload> state(String key) {
        return reading.state().state(key);
    }

    @Override
    public List<String> stateKeys(String prefix) {
        return reading.state().stateKeys(prefix);
    }

    @Override
    public long correctedTimeMillis(StreamRecord record) {
        return reading.state().clock().corrected().of(record.position().lsn(), record.arrivalTimeMillis());
    }

    @Override
    public LossLedger ledger(ShardId shard) {
        return reading.state().ledger(require(shard));
    }

    @Override
    public List<ShardEpoch> epochs(ShardId shard) {
        return reading.state().epochs(require(shard));
    }

    @Override
    public List<HeldRecords> held() {
        return retention.held();
    }

    @Override
    public long throttled(ShardId shard) {
        return writer.quotas().throttled(require(shard));
    }

    @Override
    public StreamAdmin admin() {
        return admin;
    }

    @Override
    public LogStatus status() {
        LogWriter.Figures figures = writer.figures();
        return new LogStatus(
                writer.epoch(),
                reading.state().lastLsn(),
                reading.store().count(),
                reading.store().bytesOnDisk(),
                figures.commits(),
                figures.records(),
                figures.duplicates(),
                queue.bytes(),
                writer.wear(),
                new LogStatus.Encryption(
                        settings.encryption().currentKey().orElse(null),
                        reading.store().keys().byName()),
                figures.failure() == null && ballast.isOut() ? "the disk is full" : figures.failure());
    }

    /**
     * Keeps to limits that others share: the log's records are added as users of the disk, by the priority of their
     * streams, and the log's keeper balances the budget from now on. Whoever gives up before the log is added before.
     */
    public void share(DiskBudget budget) {
        share.accept(budget);
    }

    /** Lets the keeper look for what has to be sealed, expired or removed, without waiting for its turn. */
    void lookNow() {
        lookNow.run();
    }

    /** Commits what is queued, within a deadline, and closes the files. */
    @Override
    public void close() {
        early.close();
        queue.close();
        try {
            closer.close();
        } catch (Exception e) {
            throw new StreamLogException(
                    StreamLogException.Category.FATAL, "the log was not closed cleanly: " + e.getMessage(), e);
        }
    }
}
