package io.tidegate.buffer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tidegate.buffer.EarlyAcknowledgement.Offered;
import io.tidegate.core.runtime.FakeClock;
import io.tidegate.core.stream.FullPolicy;
import io.tidegate.core.stream.GapReason;
import io.tidegate.core.stream.HashKeyRange;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StreamMode;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamSettings;
import io.tidegate.core.stream.TimeQuality;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Which records are acknowledged before their commit. The test is the log's writer. */
class EarlyAcknowledgementTest {
    private static final StreamName STREAM = new StreamName("vibration");
    /** Weighs 200 bytes: 71 of data, a key of 1, 128. */
    private static final NewRecord RECORD = NewRecord.of(STREAM, "k", Payload.wrap(new byte[71]));

    private static final StreamSettings SETTINGS =
            StreamSettings.of(STREAM).withReceivedBytesMax(500).withRecordBytesMax(200);

    private final LogState state = new LogState();
    private final CommitQueue queue = new CommitQueue(1 << 20);
    private final EarlyAcknowledgement early = new EarlyAcknowledgement(state, queue);

    private void create(StreamSettings settings) {
        state.fold(new ControlEntry.StreamSet(settings, 0));
        state.fold(new ControlEntry.ShardOpened(
                0, new ShardId(STREAM, 0), HashKeyRange.evenly(1).get(0), 1, List.of()));
    }

    private Offered offer() {
        return early.offer(RECORD, () -> true, () -> true);
    }

    /** Commits what the early acknowledgement has asked for, and returns it. */
    private List<ControlEntry> commit() {
        List<ControlEntry> entries = decide();
        entries.forEach(state::fold);
        return entries;
    }

    private List<ControlEntry> decide() {
        ArrayDeque<Submission> taken = new ArrayDeque<>();
        queue.drainTo(taken, Long.MAX_VALUE);
        BlockHeader header = new BlockHeader(1, 1, 1, 0, 1, TimeQuality.SYNCED);
        FakeClock clock = new FakeClock(0);
        CommitDraft draft = new CommitDraft(
                state,
                new DuplicateWindow(8),
                new FullStreams(clock, () -> false),
                new ShardQuotas(state, clock),
                header);
        Submission.Answers answers = new Submission.Answers(new HashMap<>(), new ArrayList<>());
        for (Submission submission : taken) {
            submission.prepare(draft);
            submission.answer(answers);
        }
        List<ControlEntry> entries = draft.build().entries();
        answers.completions().forEach(Runnable::run);
        return entries;
    }

    @Test
    void nothingIsEarly_beforeTheMarkIsCommitted() {
        create(SETTINGS);
        early.turn();
        assertThat(early.isEarly(STREAM)).isFalse();
        assertThat(offer()).isEqualTo(Offered.TAKEN);
        assertThat(commit())
                .containsExactly(
                        new ControlEntry.StateSet(EarlyAcknowledgement.MARK, Payload.ofUtf8("vibration 500\n")));
        assertThat(early.isEarly(STREAM)).isTrue();
        assertThat(offer()).isEqualTo(Offered.ACKNOWLEDGED);
    }

    @Test
    void whatIsNotYetDurable_isNeverMoreThanTheMarkSays() {
        create(SETTINGS);
        early.turn();
        commit();
        assertThat(offer()).isEqualTo(Offered.ACKNOWLEDGED);
        assertThat(offer()).isEqualTo(Offered.ACKNOWLEDGED);
        assertThat(offer()).isEqualTo(Offered.TAKEN); // 600 bytes
        early.stored(RECORD);
        assertThat(offer()).isEqualTo(Offered.ACKNOWLEDGED);
        assertThat(early.offer(RECORD, () -> false, () -> false)).isEqualTo(Offered.TURNED_AWAY);
    }

    @Test
    void recordThatTheStreamWillNotTake_isNotAcknowledged() {
        create(SETTINGS);
        early.turn();
        commit();
        NewRecord large = NewRecord.of(STREAM, "k", Payload.wrap(new byte[200]));
        assertThat(early.offer(large, () -> true, () -> true)).isEqualTo(Offered.TAKEN);
    }

    @Test
    void whatIsLostAfterAll_isTold_andNothingIsEarlyUntilThen() {
        create(SETTINGS);
        early.turn();
        commit();
        assertThat(offer()).isEqualTo(Offered.ACKNOWLEDGED);
        early.lost(RECORD);
        assertThat(offer()).isEqualTo(Offered.TAKEN);
        assertThat(commit())
                .containsExactly(new ControlEntry.HoleTold(0, new Hole(1, 1, 1, false, GapReason.UNSYNCED, 0)));
        assertThat(offer()).isEqualTo(Offered.ACKNOWLEDGED);
    }

    @Test
    void lessIsAllowed_atOnce_andMoreOnlyWhenTheMarkSaysSo() {
        create(SETTINGS);
        early.turn();
        commit();
        state.fold(new ControlEntry.StreamSet(SETTINGS.withReceivedBytesMax(300), 0));
        early.turn();
        assertThat(offer()).isEqualTo(Offered.ACKNOWLEDGED);
        assertThat(offer()).isEqualTo(Offered.TAKEN);
        commit();
        state.fold(new ControlEntry.StreamSet(SETTINGS.withReceivedBytesMax(1_000), 0));
        early.turn();
        assertThat(offer()).isEqualTo(Offered.TAKEN);
        commit();
        assertThat(offer()).isEqualTo(Offered.ACKNOWLEDGED);
    }

    @Test
    void closedLog_takesTheMarkAway_andOneThatWasNotTellsHowMuchMayBeLost() {
        create(SETTINGS);
        early.turn();
        commit();
        // 500 bytes hold at most 3 records of 129 bytes, the smallest.
        assertThat(EarlyAcknowledgement.mayBeLost(state))
                .containsExactly(
                        new ControlEntry.HoleTold(0, new Hole(1, 1, 3, false, GapReason.UNSYNCED, 0)),
                        new ControlEntry.StateSet(EarlyAcknowledgement.MARK, null));
        early.close();
        assertThat(early.isEarly(STREAM)).isFalse();
        assertThat(commit()).containsExactly(new ControlEntry.StateSet(EarlyAcknowledgement.MARK, null));
        assertThat(EarlyAcknowledgement.mayBeLost(state)).isEmpty();
    }

    @Test
    void streamsThatMustNotLoseAnything_cannotHaveTheClass() {
        assertThatThrownBy(() -> StreamSettings.of(StreamName.ALARMS).withReceivedBytesMax(1))
                .hasMessageContaining("'_alarms' cannot be acknowledged when received");
        assertThatThrownBy(() -> SETTINGS.withOnFull(FullPolicy.REJECT)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> SETTINGS.withMode(StreamMode.PROVISIONED))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> SETTINGS.withReceivedBytesMax((4 << 20) + 1))
                .hasMessageContaining("must be 0 to 4194304");
    }
}
