package io.tidegate.buffer;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidegate.core.runtime.FakeClock;
import io.tidegate.core.stream.Checkpoint;
import io.tidegate.core.stream.CheckpointScope;
import io.tidegate.core.stream.ConsumerName;
import io.tidegate.core.stream.GapReason;
import io.tidegate.core.stream.HashKeyRange;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamSelection;
import io.tidegate.core.stream.StreamSettings;
import io.tidegate.core.stream.TimeQuality;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ClosedShardsTest {
    private static final StreamName STREAM = new StreamName("press");
    private static final Duration DAY = Duration.ofDays(1);

    private final LogState state = new LogState();
    private final CommitQueue queue = new CommitQueue(1 << 20);
    private long poweredOnNanos = DAY.toNanos();
    private final ClosedShards closedShards = new ClosedShards(state, queue, () -> poweredOnNanos);

    ClosedShardsTest() {
        state.fold(new ControlEntry.StreamSet(StreamSettings.of(STREAM).withRetention(DAY), 0));
    }

    private void open(int number) {
        state.fold(new ControlEntry.ShardOpened(
                number, new ShardId(STREAM, number), HashKeyRange.evenly(1).get(0), 1, List.of()));
    }

    private List<Submission> asked() {
        ArrayDeque<Submission> taken = new ArrayDeque<>();
        queue.drainTo(taken, Long.MAX_VALUE);
        return List.copyOf(taken);
    }

    private List<ControlEntry> decided(Submission asked) {
        BlockHeader header = new BlockHeader(1, 1, 1, DAY.toNanos(), 1, TimeQuality.SYNCED);
        FullStreams full = new FullStreams(new FakeClock(0), () -> false);
        CommitDraft draft =
                new CommitDraft(state, new DuplicateWindow(8), full, new ShardQuotas(state, new FakeClock(0)), header);
        asked.prepare(draft);
        return draft.build().entries();
    }

    private static void answer(Submission asked) {
        Submission.Answers answers = new Submission.Answers(new HashMap<>(), new ArrayList<>());
        asked.answer(answers);
        answers.completions().forEach(Runnable::run);
    }

    @Test
    void shardsThatAreDue_areAskedForInOneUnit_andNotAgainUntilItIsAnswered() {
        for (int number = 0; number < 3; number++) {
            open(number);
            state.fold(new ControlEntry.ShardClosed(number, 1, 0));
        }
        open(3);
        closedShards.expire();
        closedShards.expire();
        List<Submission> asked = asked();
        assertThat(asked).hasSize(1);
        assertThat(decided(asked.get(0)))
                .containsExactly(
                        new ControlEntry.ShardExpired(0),
                        new ControlEntry.ShardExpired(1),
                        new ControlEntry.ShardExpired(2));
        closedShards.expire();
        assertThat(asked()).isEmpty();
        answer(asked.get(0));
        closedShards.expire();
        assertThat(asked()).hasSize(1);
    }

    @Test
    void shardThatEndsInAHole_isDue_whenEverythingBeforeIsBelowTheHorizon() {
        open(0);
        state.fold(new ControlEntry.HoleMade(0, new Hole(1, 41, 40, true, GapReason.CORRUPT, 0)));
        state.fold(new ControlEntry.ShardClosed(0, 41, 0));
        open(1);
        closedShards.expire();
        assertThat(asked()).hasSize(1).allSatisfy(asked -> assertThat(decided(asked))
                .containsExactly(new ControlEntry.ShardExpired(0)));
    }

    private void closedWithAReader(ConsumerName reader) {
        open(0);
        state.fold(new ControlEntry.HoleMade(0, new Hole(1, 41, 40, true, GapReason.CORRUPT, 0)));
        state.fold(new ControlEntry.ShardClosed(0, 41, 0));
        open(1);
        state.fold(new ControlEntry.CheckpointSet(
                reader,
                new CheckpointScope.OneShard(new ShardId(STREAM, 0)),
                new Checkpoint.InShard(2, Payload.EMPTY)));
    }

    @Test
    void readerThatDoesNotComeBack_isWaitedForOneMoreRetention() {
        closedWithAReader(new ConsumerName("rule/gone"));
        for (long nanos : new long[] {DAY.toNanos(), 2 * DAY.toNanos() - 1}) {
            poweredOnNanos = nanos;
            closedShards.expire();
            assertThat(asked()).isEmpty();
        }
        poweredOnNanos = 2 * DAY.toNanos();
        closedShards.expire();
        assertThat(asked()).hasSize(1);
    }

    @Test
    void requiredReaderThatDoesNotComeBack_isWaitedForWithoutEnd() {
        ConsumerName uplink = new ConsumerName("uplink/central");
        closedWithAReader(uplink);
        state.fold(new ControlEntry.ConsumerRequired(uplink, new StreamSelection(Set.of(STREAM)), true));
        poweredOnNanos = 365 * DAY.toNanos();
        closedShards.expire();
        assertThat(asked()).isEmpty();
    }
}
