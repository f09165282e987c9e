package io.tidegate.buffer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tidegate.core.runtime.Ballast;
import io.tidegate.core.runtime.Clock;
import io.tidegate.core.runtime.ClockSync;
import io.tidegate.core.runtime.EffectiveClock;
import io.tidegate.core.runtime.FakeClock;
import io.tidegate.core.stream.AppendResult;
import io.tidegate.core.stream.Payload;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The log's writer without its thread: turn by turn. */
class LogWriterTest {
    @TempDir
    Path home;

    private final FakeClock time = new FakeClock(1_800_000_000_000L);
    private final CommitQueue queue = new CommitQueue(1 << 20);
    private boolean isClockBroken;
    private LogWriter writer;
    private SegmentStore store;

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
        ShardLogSettings settings = OpenedLogs.settings(home);
        Files.createDirectories(settings.directory());
        EffectiveClock effective = new EffectiveClock(clock, ClockSync.TRUSTED, OpenedLogs.BUILD_MILLIS);
        LogRecovery.Opened opened = new LogRecovery(settings, effective).open();
        store = opened.store();
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
}
