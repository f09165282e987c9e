package io.tidegate.buffer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.tidegate.core.runtime.Ballast;
import io.tidegate.core.runtime.Clock;
import io.tidegate.core.runtime.ClockSync;
import io.tidegate.core.runtime.EffectiveClock;
import io.tidegate.core.runtime.FakeClock;
import io.tidegate.core.stream.AppendResult;
import io.tidegate.core.stream.AppendUnit;
import io.tidegate.core.stream.Checkpoint;
import io.tidegate.core.stream.CheckpointScope;
import io.tidegate.core.stream.CheckpointUpdate;
import io.tidegate.core.stream.ConsumerName;
import io.tidegate.core.stream.GapReason;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamSelection;
import io.tidegate.core.stream.StreamSettings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The log's writer without its thread: turn by turn. */
class LogWriterTest {
    private static final int SEGMENT_BYTES = 256 << 10;

    @TempDir
    Path home;

    private final FakeClock time = new FakeClock(1_800_000_000_000L);
    private final CommitQueue queue = new CommitQueue(1 << 20);
    private boolean isClockBroken;
    private LogWriter writer;
    private SegmentStore store;
    private LogState state;
    private ShardLogSettings settings;
    private EffectiveClock effective;

    /** Throws where the test wants the writer to fail. */
    private final Clock clock = new Clock() {
        @Override
        public long wallMillis() {
            return time.wallMillis();
        }

        @Override
        public long monotonicNanos() {
            if (isClockBroken) {
                isClockBroken = false;
                throw new IllegalStateException("the clock is broken");
            }
            return time.monotonicNanos();
        }
    };

    @BeforeEach
    void open() throws Exception {
        settings = OpenedLogs.settings(home).withSegmentBytes(SEGMENT_BYTES);
        Files.createDirectories(settings.directory());
        effective = new EffectiveClock(clock, ClockSync.TRUSTED, OpenedLogs.BUILD_MILLIS);
        LogRecovery.Opened opened = new LogRecovery(settings, effective).open();
        store = opened.store();
        state = opened.state();
        writer = new LogWriter(
                new LogWriter.Parts(
                        queue,
                        opened.state(),
                        opened.window(),
                        store,
                        new BlockCache(settings.blockCacheBytes()),
                        new ReadWaiters()),
                new SegmentWriter(opened.state(), opened.window(), store, settings, opened.live(), LiveSegment::close),
                settings,
                LogClocks.of(clock, effective, opened.state(), 5, new Random(1)),
                new Random(2),
                Ballast.none());
    }

    @AfterEach
    void close() throws Exception {
        writer.onClose();
        store.close();
    }

    /** A unit of 100 bytes that sets a key of the state. */
    private CompletableFuture<AppendResult> submit(String key, Runnable inDecision) {
        CompletableFuture<AppendResult> future = new CompletableFuture<>();
        Function<CommitDraft, AppendResult> change = draft -> {
            inDecision.run();
            draft.add(new ControlEntry.StateSet(key, Payload.ofUtf8(key)));
            return new AppendResult.Committed(draft.header().lsn(), List.of());
        };
        assertThat(queue.offerAlways(new Submission.Unit(100, change, future))).isTrue();
        return future;
    }

    private static long lsn(CompletableFuture<AppendResult> future) {
        return ((AppendResult.Committed) future.getNow(new AppendResult.Unknown("not answered"))).lsn();
    }

    /** The time of a commit is that of its draft: what comes 200 ms later would be stored with an earlier time. */
    @Test
    void unitThatComesMoreThanAMomentAfterTheDraft_isInALaterCommit_withoutFurtherArrivals() throws Exception {
        List<CompletableFuture<AppendResult>> later = new ArrayList<>();
        CompletableFuture<AppendResult> first = submit("first", () -> {
            time.advance(Duration.ofMillis(200));
            later.add(submit("second", () -> {}));
        });
        CompletableFuture<AppendResult> withFirst = submit("with-first", () -> {});
        assertThat(writer.doWork()).isEqualTo(2);
        assertThat(later.get(0)).isNotDone();
        assertThat(lsn(withFirst)).isEqualTo(lsn(first));
        assertThat(writer.doWork()).isEqualTo(1);
        assertThat(lsn(later.get(0))).isEqualTo(lsn(first) + 1);
    }

    @Test
    void unitThatComesWithinAMoment_isInTheSameCommit() throws Exception {
        List<CompletableFuture<AppendResult>> later = new ArrayList<>();
        CompletableFuture<AppendResult> first = submit("first", () -> {
            time.advance(Duration.ofMillis(50));
            later.add(submit("second", () -> {}));
        });
        assertThat(writer.doWork()).isEqualTo(2);
        assertThat(lsn(later.get(0))).isEqualTo(lsn(first));
    }

    /** The keeper waits for the answer to its last unit before it looks again. */
    @Test
    void commitThatThrows_isAnsweredAsUnknown_givesItsBytesBack_andTheNextOneIsMade() throws Exception {
        CompletableFuture<AppendResult> lost = submit("lost", () -> isClockBroken = true);
        assertThatThrownBy(writer::doWork).hasMessage("the clock is broken");
        assertThat(lost)
                .isCompletedWithValueMatching(result -> result instanceof AppendResult.Unknown unknown
                        && unknown.reason().contains("the clock is broken"));
        assertThat(queue.bytes()).isZero();
        CompletableFuture<AppendResult> next = submit("next", () -> {});
        assertThat(writer.doWork()).isEqualTo(1);
        assertThat(lsn(next)).isEqualTo(1);
    }

    @Test
    void unitThatIsLeftAtClose_isRefusedWithTheReason() throws Exception {
        CompletableFuture<AppendResult> left = new CompletableFuture<>();
        CompletableFuture<AppendResult> first = submit("first", () -> time.advance(Duration.ofSeconds(4)));
        queue.offerAlways(new Submission.Unit(1, draft -> new AppendResult.Unknown("decided"), left, true));
        writer.onClose();
        assertThat(lsn(first)).isEqualTo(1);
        assertThat(left)
                .isCompletedWithValueMatching(result -> result instanceof AppendResult.Refused refused
                        && refused.reason().equals("the log is closing"));
    }

    /** What is decided before a mark stays so if the draft has to be made again. */
    @Test
    void mark_isReachedWhenItIsAnswered_andEndsItsCommit() throws Exception {
        List<String> order = new ArrayList<>();
        queue.offerAlways(new Submission.Unit(
                1,
                draft -> {
                    order.add("before");
                    return new AppendResult.Committed(draft.header().lsn(), List.of());
                },
                new CompletableFuture<>()));
        queue.offerAlways(new Submission.Mark(() -> order.add("mark")));
        queue.offerAlways(new Submission.Unit(
                1,
                draft -> {
                    order.add("broken");
                    throw new IllegalStateException("broken on purpose");
                },
                new CompletableFuture<>()));
        writer.doWork();
        assertThat(order).containsExactly("before", "mark");
        writer.doWork();
        assertThat(order).containsExactly("before", "mark", "broken");
    }

    private CompletableFuture<AppendResult> submit(AppendUnit unit) {
        CompletableFuture<AppendResult> future = new CompletableFuture<>();
        assertThat(queue.offerAlways(new Submission.Unit(unit, future))).isTrue();
        return future;
    }

    private void confirm(ConsumerName consumer, ShardId shard, long next) {
        CheckpointUpdate update = new CheckpointUpdate(
                consumer, new CheckpointScope.OneShard(shard), new Checkpoint.InShard(next, Payload.EMPTY));
        assertThat(submit(new AppendUnit(List.of(), List.of(update), List.of(), List.of())))
                .isNotDone();
    }

    /** A look finds what a required consumer has confirmed; then that goes back, and the move is decided after it. */
    @Test
    void horizon_staysWhereItIs_whenARequiredConsumerHasGoneBackSinceTheLook() throws Exception {
        StreamName name = new StreamName("press");
        ShardId shard = new ShardId(name, 0);
        ConsumerName consumer = new ConsumerName("uplink/central");
        LogAdmin admin = new LogAdmin(state, queue, effective, () -> {});
        stepping(() -> admin.create(StreamSettings.of(name)));
        stepping(() -> {
            admin.require(Map.of(consumer, new StreamSelection(Set.of(name))));
            return true;
        });
        List<NewRecord> records = Collections.nCopies(10, NewRecord.of(name, "k", Payload.ofUtf8("x")));
        CompletableFuture<AppendResult> appended = submit(new AppendUnit(records, List.of(), List.of(), List.of()));
        writer.doWork();
        confirm(consumer, shard, 11);
        writer.doWork();
        HorizonMove move = new HorizonMove(
                1, new ControlEntry.HorizonMoved(0, 11, lsn(appended), GapReason.EXPIRED, 20, time.wallMillis()));
        HorizonMover mover = new HorizonMover(state, queue);

        confirm(consumer, shard, 1);
        stepping(() -> mover.move(List.of(move)));
        assertThat(state.ledger(state.find(shard).orElseThrow()).retained()).isEqualTo(10);

        confirm(consumer, shard, 11);
        stepping(() -> mover.move(List.of(move)));
        assertThat(state.ledger(state.find(shard).orElseThrow()).retained()).isZero();
    }

    /** Until this segment is the live one. */
    private void fill(int liveNumber) throws Exception {
        StreamName name = new StreamName("press");
        stepping(() -> new LogAdmin(state, queue, effective, () -> {}).create(StreamSettings.of(name)));
        while (store.liveNumber() < liveNumber) {
            byte[] data = new byte[100_000];
            new Random(state.lastLsn()).nextBytes(data);
            CompletableFuture<AppendResult> stored = submit(AppendUnit.of(NewRecord.of(name, "k", Payload.wrap(data))));
            writer.doWork();
            assertThat(lsn(stored)).isPositive();
        }
    }

    @Test
    void keeper_ofWhichOneStepFails_doesTheOthers_andSaysSo() throws Exception {
        fill(4);
        ShardCounters counters = state.counters(state.shardState(0).orElseThrow());
        queue.offerAlways(new Submission.Unit(
                1,
                draft -> {
                    draft.add(new ControlEntry.HorizonMoved(
                            0,
                            counters.next(),
                            state.lastLsn(),
                            GapReason.EVICTED,
                            counters.retainedBytes(),
                            time.wallMillis()));
                    return new AppendResult.Committed(draft.header().lsn(), List.of());
                },
                new CompletableFuture<>()));
        writer.doWork();
        DamageLedger damage = new DamageLedger(state, queue);
        LogReading reading = new LogReading(
                state,
                store,
                new BlockReader(store, new BlockCache(1 << 20), state, new UnreadableBlocks(state, effective, damage)),
                new ReadWaiters(),
                effective,
                damage);
        Retention broken = new Retention(reading, () -> {
            throw new IllegalStateException("broken on purpose");
        });
        SegmentSealer sealer = new SegmentSealer(reading, new ArrayDeque<>(), new SuspectMarks(state, store, queue));
        LogKeeper keeper = new LogKeeper(
                reading,
                new LogKeeper.Tasks(
                        sealer,
                        new HorizonMover(state, queue),
                        broken,
                        new ClosedShards(state, queue, writer::poweredOnNanos),
                        new SegmentTrimmer(reading, Compression.NONE, writer::poweredOnNanos)),
                Ballast.none());
        assertThatThrownBy(keeper::doWork).hasMessage("broken on purpose");
        assertThat(SegmentFile.list(settings.directory())).containsExactly(3, 4);
    }

    /** The snapshot of the next segment would have it, too; a process that ends before that must not forget it. */
    @Test
    void segmentThatIsNotToBeTouchedAgain_isStillSo_whenTheLogIsOpenedAgain_alsoIfTheFirstCommitWasRefused()
            throws Exception {
        fill(3);
        SuspectMarks marks = new SuspectMarks(state, store, queue);
        CompletableFuture<AppendResult> failing = submit("failing", () -> isClockBroken = true);
        marks.mark(2, "an I/O error");
        assertThatThrownBy(writer::doWork).hasMessage("the clock is broken");
        assertThat(store.closedSegments()).extracting(SegmentSummary::suspect).containsExactly(false, true);
        assertThat(failing).isDone();
        marks.askAgain();
        time.advance(Duration.ofSeconds(1));
        writer.doWork();
        marks.askAgain();
        assertThat(queue.bytes()).as("what is committed is not asked for again").isZero();
        writer.onClose();
        store.close();

        assertThat(new LogRecovery(settings, effective).open().state().segments())
                .extracting(SegmentSummary::suspect)
                .containsExactly(false, true);
    }

    /** Does what waits for the writer on a thread of its own; the writer's turns start when it waits. */
    private void stepping(Callable<?> waiting) throws Exception {
        FutureTask<?> task = new FutureTask<>(waiting);
        long before = queue.bytes();
        Thread thread = new Thread(task, "waiting");
        thread.start();
        await().until(() -> task.isDone() || queue.bytes() > before);
        for (int turn = 0; turn < 100 && !task.isDone(); turn++) {
            writer.doWork();
            thread.join(10);
        }
        task.get(30, TimeUnit.SECONDS);
    }
}
