package io.tidegate.buffer;

import io.tidegate.core.runtime.Ballast;
import io.tidegate.core.runtime.Clock;
import io.tidegate.core.runtime.EffectiveClock;
import io.tidegate.core.runtime.Worker;
import io.tidegate.core.stream.LogStatus;
import io.tidegate.core.stream.ShardId;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.tinylog.Logger;

/**
 * Makes commits of what is queued and answers it; steps 1 to 6 of "Commit" in docs/design/0001-shard-log.md.
 *
 * <p>Confined to the thread {@code log-writer}, but for the figures.
 */
final class LogWriter implements Worker {
    private static final Duration RETRY_AFTER = Duration.ofSeconds(1);
    private static final long TAKE_BYTES = 4L << 20;
    /** A record's time is that of its commit's draft, which takes in what comes within this time. */
    private static final long MOMENT_NANOS = 100_000_000L;

    private static final int ATTEMPTS_MAX = 3;
    /** Each arrival may end a wait early; this many, and the clock is not to be trusted. */
    private static final int WAKE_UPS_MAX = 1_000_000;

    private static final long CLOSE_NANOS_MAX = Duration.ofSeconds(3).toNanos();

    /** The parts of a log that a commit touches. */
    record Parts(
            CommitQueue queue,
            LogState state,
            DuplicateWindow window,
            SegmentStore store,
            BlockCache cache,
            ReadWaiters waiters) {}

    /** What runs through it, since it was opened. */
    record Figures(
            long commits,
            long records,
            long duplicates,
            @Nullable String failure) {}

    private final Parts parts;
    private final SegmentWriter segments;
    private final LogClocks clocks;
    private final Clock clock;
    private final ClockWatch watch;
    private final RandomGenerator random;
    private final FullStreams full;
    private final Answering answering;
    private final ShardQuotas quotas;
    private final Ballast ballast;
    private final CommitPace pace;
    private final long openedNanos;
    private final long poweredOnBefore;
    private final Deque<Submission> taken = new ArrayDeque<>();
    private final List<ControlEntry> opening = new ArrayList<>();
    /** For the records of one draft after the other. */
    private final Encoder room = new Encoder();

    private volatile long epoch;
    private long lastCommitNanos;
    private boolean refusing;
    private long letInAtNanos;
    private int attempts;
    /** What the last commit brought, until readers have been told. */
    private Set<ShardId> readable = Set.of();

    private volatile Runnable onKeeping = () -> {};
    private volatile Figures figures = new Figures(0, 0, 0, null);

    LogWriter(
            Parts parts,
            SegmentWriter segments,
            ShardLogSettings settings,
            LogClocks clocks,
            RandomGenerator random,
            Ballast ballast) {
        this.parts = parts;
        this.segments = segments;
        this.clocks = clocks;
        this.clock = clocks.clock();
        this.watch = new ClockWatch(parts.state(), clocks);
        this.random = random;
        this.ballast = ballast;
        this.full = new FullStreams(clock, ballast::isOut);
        this.answering = new Answering(parts.queue());
        this.quotas = new ShardQuotas(parts.state(), clock);
        this.pace = new CommitPace(settings.commitInterval(), parts.store().meter(), parts.state());
        this.openedNanos = clock.monotonicNanos();
        this.poweredOnBefore = parts.state().poweredOnNanos();
        this.lastCommitNanos = openedNanos - CommitInterval.FIXED_MAX.toNanos();
        newEpoch();
    }

    /** Goes out with the next commit, whatever else is in it. */
    void tellFirst(List<ControlEntry> entries) {
        opening.addAll(entries);
    }

    private void newEpoch() {
        long predecessor = parts.state().epoch();
        epoch = random.nextLong() >>> 1;
        opening.add(new ControlEntry.EpochOpened(epoch, predecessor));
        opening.add(new ControlEntry.ClockRun(epoch, clocks.boot(), openedNanos - poweredOnBefore));
    }

    /** Called when there may be something for the keeper to do. */
    void onKeeping(Runnable callback) {
        onKeeping = callback;
    }

    /** Thread-safe. */
    long epoch() {
        return epoch;
    }

    LogStatus.Wear wear() {
        return pace.wear();
    }

    Figures figures() {
        return figures;
    }

    /** Only for what they say of themselves to everybody. */
    ShardQuotas quotas() {
        return quotas;
    }

    /** How long the log has been open in its whole life. Thread-safe. */
    long poweredOnNanos() {
        return poweredOnNanos(clock.monotonicNanos());
    }

    private long poweredOnNanos(long monotonicNanos) {
        return poweredOnBefore + Math.max(0, monotonicNanos - openedNanos);
    }

    @Override
    public int doWork() {
        letProducersIn();
        parts.queue().drainTo(taken, TAKE_BYTES);
        if (taken.isEmpty()) {
            if (!refusing && watch.isDue()) {
                commit();
            }
            return 0;
        }
        awaitInterval();
        return commit();
    }

    private void awaitInterval() {
        long intervalNanos = pace.intervalNanos(poweredOnNanos());
        for (int i = 0; i < WAKE_UPS_MAX && intervalNanos > 0; i++) {
            long remaining = lastCommitNanos + intervalNanos - clock.monotonicNanos();
            if (remaining <= 0 || parts.queue().isPressing()) {
                return;
            }
            LockSupport.parkNanos(this, remaining);
        }
    }

    private int commit() {
        List<Submission> batch = new ArrayList<>();
        try {
            return commit(batch);
        } catch (RuntimeException e) {
            // Whoever is still in the batch would wait for ever, and its bytes would stay taken.
            refuseFrom(batch, true, "the commit failed: " + e);
            throw e;
        }
    }

    /**
     * @param batch empty; afterwards, also if this throws, what nobody has answered
     */
    private int commit(List<Submission> batch) {
        CommitDraft draft = draft();
        while (fill(draft, batch)) {
            // A unit that broke while it was decided has left the draft in pieces: without it, from the start.
            batch.clear();
            draft = draft();
        }
        int done = Math.max(1, batch.size());
        if (draft.isEmpty()) {
            answer(batch);
            return done;
        }
        // Last, and only beside something: what fits and what makes a commit does not depend on it.
        pace.toTell().ifPresent(draft::add);
        Block block = draft.build();
        lastCommitNanos = clock.monotonicNanos();
        switch (segments.store(block)) {
            case DURABLE -> {
                publish(block, draft);
                attempts = 0;
                answer(batch);
                keep(block);
            }
            case NOT_STORED -> refuseFrom(batch, false, notStored());
            case UNKNOWN -> refuseFrom(batch, true, notStored());
            case AGAIN -> {
                newEpoch();
                again(batch);
            }
        }
        report();
        if (segments.failure() != null && ballast.releaseIfFull()) {
            Logger.warn("The disk is full: records are refused, the space kept back serves what must be committed");
            onKeeping.run();
        }
        return done;
    }

    private void keep(Block block) {
        int segmentBefore = parts.store().liveNumber();
        if (segments.afterAnswers()) {
            newEpoch();
        }
        if (parts.store().liveNumber() != segmentBefore || parts.state().isOverBytes(block)) {
            onKeeping.run();
        }
    }

    private void again(List<Submission> batch) {
        if (++attempts >= ATTEMPTS_MAX) {
            attempts = 0;
            refuseFrom(batch, true, notStored());
            return;
        }
        for (int i = batch.size() - 1; i >= 0; i--) {
            taken.addFirst(batch.get(i));
        }
        batch.clear();
    }

    private CommitDraft draft() {
        EffectiveClock.Observation seen = clocks.effective().observe();
        EffectiveClock.Reading now = seen.reading();
        LogState state = parts.state();
        BlockHeader header = new BlockHeader(
                state.lastLsn() + 1,
                epoch,
                clocks.boot(),
                // Of the same moment as the time: the offset between both is what an era goes by.
                Math.max(state.poweredOnNanos(), poweredOnNanos(seen.monotonicNanos())),
                Math.max(state.lastTimeMillis(), now.millis()),
                now.quality());
        quotas.begin();
        CommitDraft draft = new CommitDraft(state, parts.window(), full, quotas, header, room);
        opening.forEach(draft::add);
        DamageLedger.record(draft, state, opening);
        watch.look(draft, seen);
        return draft;
    }

    /** True: a submission failed and is answered; those before it are back in the queue. */
    private boolean fill(CommitDraft draft, List<Submission> batch) {
        while (true) {
            Submission next = taken.peek();
            if (next == null || !draft.hasRoomFor(next.weightBytes()) || (next.isAlone() && !draft.isEmpty())) {
                return false;
            }
            taken.remove();
            try {
                next.prepare(draft);
            } catch (RuntimeException e) {
                Logger.error(e, "A unit could not be decided");
                Submission.Answers answers = Answering.none();
                next.refuse("the unit could not be decided: " + e.getMessage(), RETRY_AFTER, answers);
                answering.tell(answers, next.weightBytes());
                for (int i = batch.size() - 1; i >= 0; i--) {
                    taken.addFirst(batch.get(i));
                }
                return true;
            }
            batch.add(next);
            if (next.isAlone() || next.isLast()) {
                return false;
            }
            if (taken.isEmpty()) {
                parts.queue().drainTo(taken, CommitDraft.BLOCK_BYTES_MAX);
                if (poweredOnNanos() - draft.header().poweredOnNanos() > MOMENT_NANOS) {
                    return false; // it came later than the draft says
                }
            }
        }
    }

    /** From here on readers see the block. The index comes first: the state promises what the index must find. */
    private void publish(Block block, CommitDraft draft) {
        Set<ShardId> concerned = Reshard.concernedBy(block, parts.state());
        parts.store().liveIndex().add(block);
        parts.cache().put(block);
        parts.state().fold(block);
        segments.published(block);
        quotas.settle();
        draft.seen().forEach(seen -> parts.window().add(seen.key(), seen.seen()));
        parts.window().forgetDeleted(block.entries());
        opening.clear();
        attempts = 0;
        pace.committed(poweredOnNanos());
        Figures before = figures;
        figures = new Figures(
                before.commits() + 1,
                before.records() + draft.records(),
                before.duplicates() + draft.duplicates(),
                null);
        readable = concerned;
    }

    private void answer(List<Submission> batch) {
        Submission.Answers answers = Answering.none();
        long bytes = 0;
        for (Submission submission : batch) {
            submission.answer(answers);
            bytes += submission.weightBytes();
        }
        batch.clear();
        answering.tell(answers, bytes);
        full.mark(parts.queue());
        quotas.mark(parts.queue());
        if (!readable.isEmpty()) {
            Set<ShardId> shards = readable;
            readable = Set.of();
            Answering.guarded(() -> parts.waiters().committed(shards));
        }
    }

    /**
     * Refuses a batch and all that was offered behind it, and turns producers away for as long as they were told to
     * wait: a later record that is stored while an earlier one must be sent again would be out of order.
     */
    private void refuseFrom(List<Submission> batch, boolean isUnknown, String reason) {
        parts.queue().hold(taken);
        letInAtNanos = clock.monotonicNanos() + RETRY_AFTER.toNanos();
        refusing = true;
        List<Submission> tried = List.copyOf(batch);
        List<Submission> behind = List.copyOf(taken);
        batch.clear();
        taken.clear();
        refuse(tried, isUnknown, reason);
        refuse(behind, false, reason);
    }

    private String notStored() {
        return "the log could not store it: " + segments.failure();
    }

    private void letProducersIn() {
        if (refusing && clock.monotonicNanos() - letInAtNanos >= 0) {
            refusing = false;
            answering.letIn();
        }
    }

    private void refuse(List<Submission> batch, boolean isUnknown, String reason) {
        Submission.Answers answers = Answering.none();
        long bytes = 0;
        for (Submission submission : batch) {
            if (isUnknown) {
                submission.answerUnknown(reason, answers);
            } else {
                submission.refuse(reason, RETRY_AFTER, answers);
            }
            bytes += submission.weightBytes();
        }
        answering.tell(answers, bytes);
    }

    private void report() {
        Figures before = figures;
        figures = new Figures(before.commits(), before.records(), before.duplicates(), segments.failure());
    }

    /** Commits what still waits, for a few seconds at most, and refuses the rest. */
    @Override
    public void onClose() {
        long until = clock.monotonicNanos() + CLOSE_NANOS_MAX;
        for (int i = 0; i < 10_000 && clock.monotonicNanos() < until && doWork() > 0; i++) {
            Logger.trace("Committing what is left before the log is closed");
        }
        parts.queue().drainTo(taken, Long.MAX_VALUE);
        refuse(List.copyOf(taken), false, "the log is closing");
        segments.close();
    }
}
