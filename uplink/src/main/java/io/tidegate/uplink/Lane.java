package io.tidegate.uplink;

import io.tidegate.core.stream.AppendResult;
import io.tidegate.core.stream.MediaSource;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.ShardDescription;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StreamLogException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One shard on its way to one destination: asks where to continue, then sends unit after unit, each only after the one
 * before has been confirmed and its checkpoint committed. Retries for ever; the destination's own place wins.
 *
 * <p>Confined to the uplink's thread; {@link #status} may be called by any.
 */
final class Lane implements AutoCloseable {
    private static final int OUT_OF_PLACE_AT_ONCE_MAX = 2;

    private final LaneContext context;
    private final ShardId shard;
    private final UnitBuilder builder;
    private final LaneAccount account;
    private final LaneMedia media;
    private final LaneReadiness readiness;
    private final LaneHealth health;
    private final PendingCall call;
    private final RetryTimer retry;
    private final UnitSize size;
    private final UnitRoom room;
    private final List<ShardId> parents;

    private LanePhase phase = LanePhase.ASK;
    private LanePhase afterCommit = LanePhase.READY;
    private @Nullable OutgoingUnit unit;
    private boolean recordsRefused;
    private boolean declareFork;
    private int outOfPlace;
    private long skipTo;

    Lane(LaneContext context, ShardDescription described, Optional<MediaSource> mediaSource) {
        this.context = context;
        this.shard = described.id();
        this.parents = described.parents();
        this.builder = new UnitBuilder(context.log(), shard, parents);
        this.account = new LaneAccount(context.log(), context.consumer(), shard, context::wake);
        this.media = new LaneMedia(mediaSource, context.destination());
        this.readiness = new LaneReadiness(context.settings().interval(), context::wake);
        this.health = new LaneHealth(context, shard);
        this.call = new PendingCall(context.clock(), context.settings().answerTimeout(), context::wake);
        this.retry = RetryTimer.of(context);
        this.size = new UnitSize(context.settings());
        this.room = new UnitRoom(context, shard);
        health.place(account.next(), account.notes());
    }

    LaneStatus status() {
        return health.status();
    }

    /** Whose lanes must have ended before this one goes on. */
    List<ShardId> parents() {
        return parents;
    }

    boolean isEnded() {
        return phase == LanePhase.ENDED;
    }

    /** The destination may have lost what came from here, or from its parents: they need the room while this one pauses. */
    void askAgain() {
        if (phase == LanePhase.ENDED || (!parents.isEmpty() && phase.isSending())) {
            call.cancel();
            dropUnit();
            phase = LanePhase.ASK;
        } else if (!parents.isEmpty() && phase.isCommitting() && afterCommit.isSending()) {
            dropUnit();
            afterCommit = LanePhase.ASK;
        }
    }

    /** One turn, or a pause while its parents have not ended; returns whether anything was done. */
    boolean step(boolean parentsHaveEnded) {
        health.waiting(!parentsHaveEnded);
        if (!parentsHaveEnded && phase != LanePhase.COMMITTING) {
            return false;
        }
        try {
            boolean worked = turn();
            health.place(account.next(), account.notes());
            return worked;
        } catch (StreamLogException e) {
            if (e.category() == StreamLogException.Category.RETRY) {
                failed("the log cannot be read now: " + e.getMessage(), Duration.ZERO);
            } else if (context.isListed(shard)) {
                stop("the log cannot be read: " + e.getMessage());
            } else {
                end();
            }
            return true;
        }
    }

    /** Something unexpected happened in a turn: this lane alone starts again from what is durable. */
    void recover(RuntimeException failure) {
        call.cancel();
        account.reload();
        phase = LanePhase.ASK;
        failed("unexpected: " + failure, Duration.ZERO);
    }

    /** Tries again after a stop. */
    void resume() {
        if (phase == LanePhase.STOPPED) {
            retry.succeeded();
            account.reload();
            phase = LanePhase.ASK;
            health.starting();
        }
    }

    private boolean turn() {
        return switch (phase) {
            case ASKING, PUTTING, SENDING -> pollAnswer();
            case COMMITTING -> pollCommit();
            case STOPPED, ENDED -> false;
            case ASK, SKIP, READY, SEND, COMMIT_AGAIN -> retry.isOver() && act();
        };
    }

    private boolean act() {
        if (phase == LanePhase.READY) {
            return build();
        }
        if (phase == LanePhase.ASK && !account.isRegistered()) {
            commit(account.next(), account.notes(), List.of(), LanePhase.ASK);
        } else if (phase == LanePhase.ASK) {
            phase = LanePhase.ASKING;
            call.begin(context.destination().known(shard));
        } else if (phase == LanePhase.SKIP) {
            skip();
        } else if (phase == LanePhase.SEND) {
            send();
        } else {
            account.again(recordsRefused);
            phase = LanePhase.COMMITTING;
        }
        return true;
    }

    private boolean pollAnswer() {
        Optional<Answer> answer = call.poll();
        answer.ifPresent(this::onAnswer);
        return answer.isPresent();
    }

    private void onAnswer(Answer answer) {
        if (answer instanceof Answer.TryLater later) {
            failed(later.detail(), later.retryAfter());
        } else if (answer instanceof Answer.Refused refused) {
            stop(refused.detail());
        } else if (answer instanceof Answer.Known known) {
            resumeAt(known);
        } else if (answer instanceof Answer.Accepted accepted) {
            accepted(accepted, sentUnit());
        } else if (answer instanceof Answer.OutOfPlace elsewhere) {
            outOfPlace(elsewhere);
        } else if (answer instanceof Answer.TooLarge tooLarge) {
            shrink(tooLarge, sentUnit());
        } else if (answer instanceof Answer.Rejected rejected) {
            leaveOut(rejected.reasons(), sentUnit());
        } else if (media.isAnsweredBy(answer, context)) {
            putNextOrSend();
        }
    }

    private OutgoingUnit sentUnit() {
        return Objects.requireNonNull(unit, "an answer to a unit, but none was sent");
    }

    private void resumeAt(Answer.Known known) {
        retry.succeeded();
        ResumePoint point = ResumePoint.find(
                context.log().epochs(shard), context.log().status().epoch(), known.epochs(), account.next());
        if (point.isAheadOfLog()) {
            stop("the destination has records of this opening of the log that the log itself does not have");
            return;
        }
        health.connected();
        media.forget();
        declareFork = point.isFork();
        dropUnit();
        size.freeEnd();
        long next = account.next();
        if (point.next() > next) {
            skipTo = point.next();
            phase = LanePhase.SKIP;
        } else if (point.next() < next) {
            commit(point.next(), account.notes().rewound(next, point.next()), List.of(), LanePhase.READY);
            context.destinationLost();
        } else {
            phase = LanePhase.READY;
        }
    }

    /** Passes over what the destination has already, to keep the account. */
    private void skip() {
        long next = account.next();
        Optional<OutgoingUnit> built = builder.build(next, size.upTo(skipTo));
        if (built.isEmpty()) {
            stop("the destination is at " + skipTo + ", but the log ends at " + next);
            return;
        }
        long to = built.get().toExclusive();
        LaneNotes notes = LaneAccount.tally(account.notes(), built.get().entries(), to);
        commit(to, to < skipTo ? notes : notes.settled(), List.of(), to < skipTo ? LanePhase.SKIP : LanePhase.READY);
    }

    private boolean build() {
        if (!readiness.isDue(context.clock().monotonicNanos(), builder, account.next()) || !room.take()) {
            return false;
        }
        LaneNotes notes = account.notes();
        Optional<OutgoingUnit> built = builder.build(account.next(), size.next(notes));
        readiness.built(builder.isAtEnd());
        if (built.isEmpty()) {
            room.release();
            return builder.isEnded() && end();
        }
        unit = built.get();
        // Whatever becomes of it, a second try has the same end.
        size.fixEnd(built.get().toExclusive());
        media.begin(built.get(), notes.gone());
        putNextOrSend();
        return true;
    }

    private void putNextOrSend() {
        Optional<LaneMedia.Upload> upload = media.putNext();
        if (upload.isPresent()) {
            phase = LanePhase.PUTTING;
            call.begin(upload.get().answer(), upload.get().bytes());
            return;
        }
        List<Long> gone = new ArrayList<>(media.gone());
        if (gone.size() > LaneNotes.NUMBERS_MAX) {
            size.fixEnd(gone.get(LaneNotes.NUMBERS_MAX));
            media.settled();
            dropUnit();
            phase = LanePhase.READY;
        } else if (!account.notes().gone().equals(media.gone())) {
            commit(account.next(), account.notes().withGone(gone, sentUnit().toExclusive()), List.of(), LanePhase.SEND);
        } else {
            send();
        }
    }

    private void send() {
        OutgoingUnit ready = sentUnit().with(declareFork, media.outcomes());
        unit = ready;
        phase = LanePhase.SENDING;
        call.begin(context.destination().send(ready));
    }

    private void accepted(Answer.Accepted answer, OutgoingUnit sent) {
        if (answer.epoch() != sent.epoch() || answer.next() <= sent.fromInclusive()) {
            failed("confirmed, but not what was sent: next is " + answer.next(), Duration.ZERO);
            return;
        }
        retry.succeeded();
        outOfPlace = 0;
        declareFork = false;
        context.countUnit();
        health.connected();
        health.fork(answer.fork());
        long to = Math.min(answer.next(), sent.toExclusive());
        LaneNotes notes = LaneAccount.tally(account.notes(), sent.entries(), to);
        if (to == sent.toExclusive()) {
            notes = notes.settled();
            size.freeEnd();
            media.settled();
        }
        skipTo = answer.next();
        unit = null;
        room.release();
        List<NewRecord> gaps = LaneRecords.gaps(context.consumer().value(), sent.entries());
        commit(to, notes, gaps, answer.next() > sent.toExclusive() ? LanePhase.SKIP : LanePhase.READY);
    }

    private void outOfPlace(Answer.OutOfPlace answer) {
        outOfPlace++;
        phase = LanePhase.ASK;
        if (outOfPlace > OUT_OF_PLACE_AT_ONCE_MAX) {
            failed("sent from the wrong place again and again: " + answer.detail(), Duration.ZERO);
        } else {
            dropUnit();
        }
    }

    private void shrink(Answer.TooLarge answer, OutgoingUnit sent) {
        if (sent.entries().size() == 1) {
            leaveOut(Map.of(sent.fromInclusive(), answer.detail()), sent);
            return;
        }
        long half = size.shrink(sent);
        dropUnit();
        commit(account.next(), account.notes().withBoundary(half), List.of(), LanePhase.READY);
    }

    /** Records that will never be taken: as the policy says. */
    private void leaveOut(Map<Long, String> reasons, OutgoingUnit sent) {
        RefusedRecords refused = RefusedRecords.of(reasons, sent);
        if (refused.isEmpty()) {
            failed("refused records that were not sent: " + reasons.keySet(), Duration.ZERO);
            return;
        }
        if (context.settings().onRejected() == RejectionPolicy.BLOCK) {
            stop(refused.firstInWords());
            return;
        }
        LaneNotes notes = refused.leftOut(account.notes(), sent.toExclusive());
        List<NewRecord> letters = refused.deadLetters(context.settings(), notes.leaveOut());
        dropUnit();
        size.fixEnd(notes.boundary());
        commit(account.next(), notes, letters, LanePhase.READY);
    }

    private void commit(long next, LaneNotes notes, List<NewRecord> records, LanePhase then) {
        recordsRefused = false;
        afterCommit = then;
        phase = LanePhase.COMMITTING;
        account.commit(next, notes, records);
    }

    private boolean pollCommit() {
        Optional<AppendResult> polled = account.poll();
        if (polled.isEmpty()) {
            return false;
        }
        AppendResult result = polled.get();
        if (result instanceof AppendResult.Committed) {
            phase = afterCommit;
        } else if (result instanceof AppendResult.Refused refused) {
            // The records beside it must not hold up the checkpoint for ever.
            recordsRefused = refused.retryAfter().equals(AppendResult.NEVER);
            phase = LanePhase.COMMIT_AGAIN;
            retry.failed(recordsRefused ? Duration.ZERO : refused.retryAfter());
        } else {
            account.reload();
            phase = LanePhase.ASK;
            failed("the checkpoint may not be durable", Duration.ZERO);
        }
        return true;
    }

    private void failed(String detail, Duration retryAfter) {
        context.countRetry();
        phase = phase.afterFailure();
        dropUnit();
        retry.failed(retryAfter);
        health.backingOff(detail);
    }

    /** Nothing will ever follow: the lanes of the shard's children may go on. */
    private boolean end() {
        phase = LanePhase.ENDED;
        dropUnit();
        builder.close();
        health.ended();
        context.wake();
        return true;
    }

    private void stop(String detail) {
        phase = LanePhase.STOPPED;
        dropUnit();
        builder.close();
        health.stopped(detail);
    }

    /** Frees the memory of the unit; the next try builds it again from the log. */
    private void dropUnit() {
        unit = null;
        readiness.startOver();
        room.release();
    }

    @Override
    public void close() {
        call.cancel();
        dropUnit();
        builder.close();
    }
}
