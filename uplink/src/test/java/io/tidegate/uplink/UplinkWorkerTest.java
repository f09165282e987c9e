package io.tidegate.uplink;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidegate.core.runtime.FakeClock;
import io.tidegate.core.stream.AppendUnit;
import io.tidegate.core.stream.MediaBytes;
import io.tidegate.core.stream.MediaId;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.ShardEpoch;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StreamName;
import io.tidegate.support.InMemoryLog;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;

/** Lanes that take turns, with a destination that answers when the test says so. */
class UplinkWorkerTest {
    private static final StreamName STREAM = StreamName.TELEMETRY;
    private static final int TURNS_MAX = 2_000;

    private final FakeClock clock = new FakeClock(1_800_000_000_000L);
    private final InMemoryLog log = InMemoryLog.create(clock);
    private final HeldDestination destination = new HeldDestination();

    /** What has arrived, by the numbers of shards; units of held shards stay unanswered. */
    private static final class HeldDestination implements Destination {
        final Map<Integer, ShardEpoch> known = new HashMap<>();
        final List<Integer> accepted = new ArrayList<>();
        final Map<Integer, CompletableFuture<Answer>> unanswered = new HashMap<>();
        Set<Integer> held = Set.of();

        @Override
        public CompletableFuture<Answer> known(ShardId shard) {
            return CompletableFuture.completedFuture(new Answer.Known(
                    Optional.ofNullable(known.get(shard.number())).stream().toList()));
        }

        @Override
        public CompletableFuture<Answer> send(OutgoingUnit unit) {
            int shard = unit.shard().number();
            CompletableFuture<Answer> answer = new CompletableFuture<>();
            if (held.contains(shard)) {
                unanswered.put(shard, answer);
                return answer;
            }
            accepted.add(shard);
            known.put(shard, new ShardEpoch(unit.epoch(), 1, unit.toExclusive()));
            answer.complete(new Answer.Accepted(unit.epoch(), unit.toExclusive(), false));
            return answer;
        }

        @Override
        public CompletableFuture<Answer> put(MediaId id, MediaBytes bytes) {
            throw new AssertionError("no media here");
        }

        @Override
        public void close() {}
    }

    private UplinkWorker worker() {
        // A buffer of one byte: two units at once, the least that there is.
        UplinkSettings settings = new UplinkSettings(
                "central",
                Set.of(STREAM),
                2_000,
                20,
                Duration.ofMillis(5),
                Duration.ofMillis(5),
                Duration.ofMillis(50),
                Duration.ofSeconds(60),
                RejectionPolicy.DEAD_LETTER,
                1);
        return new UplinkWorker(settings, thread -> destination, log, Optional.empty(), clock, new Random(7));
    }

    private void write() {
        for (int i = 0; i < 40; i++) {
            log.append(AppendUnit.of(NewRecord.of(STREAM, "key-" + i, Payload.ofUtf8("{}"))))
                    .join();
        }
    }

    private void turnUntil(UplinkWorker worker, BooleanSupplier condition) {
        for (int i = 0; i < TURNS_MAX && !condition.getAsBoolean(); i++) {
            worker.doWork();
            clock.advance(Duration.ofMillis(100));
        }
        assertThat(condition.getAsBoolean())
                .as("after %s turns: %s", TURNS_MAX, worker.status())
                .isTrue();
    }

    @Test
    void destinationThatLostItsRecords_getsThemAllAgain_parentsFirst_thoughChildrenHadAllTheRoom() {
        UplinkWorker worker = worker();
        write();
        log.admin().updateShardCount(STREAM, 2);
        write();
        log.admin().updateShardCount(STREAM, 4);
        write();
        turnUntil(
                worker,
                () -> destination.known.size() == 7 && worker.status().ledger().pending() == 0);

        destination.held = Set.of(3, 4, 5, 6);
        write();
        turnUntil(worker, () -> destination.unanswered.size() == 2);
        destination.known.clear();
        destination.accepted.clear();
        int first = destination.unanswered.keySet().iterator().next();
        Objects.requireNonNull(destination.unanswered.get(first))
                .complete(new Answer.OutOfPlace("something before it is missing"));
        turnUntil(worker, () -> destination.accepted.containsAll(Set.of(0, 1, 2)));
        destination.held = Set.of();
        turnUntil(
                worker,
                () -> destination.known.size() == 7 && worker.status().ledger().pending() == 0);

        assertThat(destination.accepted.lastIndexOf(0)).isLessThan(destination.accepted.indexOf(1));
        assertThat(destination.accepted.lastIndexOf(0)).isLessThan(destination.accepted.indexOf(2));
        for (int child = 3; child <= 6; child++) {
            int parent = child <= 4 ? 1 : 2;
            assertThat(destination.accepted.lastIndexOf(parent)).isLessThan(destination.accepted.indexOf(child));
        }
        worker.onClose();
    }

    @Test
    void laneThatWaitsForItsParents_isAfterwardsWhatItWas_withTheReason() {
        UplinkWorker worker = worker();
        LaneHealth health = new LaneHealth(worker, new ShardId(STREAM, 0));
        health.stopped("the token is wrong");
        health.waiting(true);
        assertThat(health.status().state()).isEqualTo(LaneState.WAITING);
        health.waiting(false);
        assertThat(health.status().state()).isEqualTo(LaneState.STOPPED);
        assertThat(health.status().detail()).isEqualTo("the token is wrong");
        worker.onClose();
    }
}
