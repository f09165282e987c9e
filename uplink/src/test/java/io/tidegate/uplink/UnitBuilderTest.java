package io.tidegate.uplink;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidegate.core.runtime.FakeClock;
import io.tidegate.core.stream.AppendUnit;
import io.tidegate.core.stream.Gap;
import io.tidegate.core.stream.GapReason;
import io.tidegate.core.stream.LogEntry;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.ShardEpoch;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamRecord;
import io.tidegate.support.InMemoryLog;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** How a shard is cut into units. */
class UnitBuilderTest {
    private static final ShardId SHARD = new ShardId(StreamName.TELEMETRY, 0);

    private InMemoryLog log = InMemoryLog.create(new FakeClock(1_700_000_000_000L));

    private void write(int records) {
        for (int i = 0; i < records; i++) {
            log.append(AppendUnit.of(NewRecord.of(StreamName.TELEMETRY, "k", Payload.wrap(new byte[10]))))
                    .join();
        }
    }

    private static UnitBuilder.Limits limits(int bytes, int records, long to) {
        return new UnitBuilder.Limits(bytes, records, to, new TreeSet<>());
    }

    /** The units from the first record on, as from-to. */
    private List<String> cuts(UnitBuilder.Limits limits) {
        List<String> cuts = new ArrayList<>();
        try (UnitBuilder builder = new UnitBuilder(log, SHARD, List.of())) {
            long next = 1;
            for (Optional<OutgoingUnit> unit = builder.build(next, limits);
                    unit.isPresent();
                    unit = builder.build(next, limits)) {
                assertThat(unit.get().fromInclusive()).isEqualTo(next);
                assertCovered(unit.get());
                next = unit.get().toExclusive();
                cuts.add(ShardEpoch.text(unit.get().epoch()).substring(15) + ":"
                        + unit.get().fromInclusive() + "-" + next);
            }
        }
        return cuts;
    }

    private static void assertCovered(OutgoingUnit unit) {
        long covered = unit.fromInclusive();
        for (LogEntry entry : unit.entries()) {
            assertThat(LaneAccount.firstNumber(entry)).isEqualTo(covered);
            covered = entry instanceof StreamRecord ? covered + 1 : ((Gap) entry).toExclusive();
        }
        assertThat(covered).isEqualTo(unit.toExclusive());
    }

    @Test
    void units_endAtTheLimits() {
        write(10);
        assertThat(cuts(limits(35, 100, 0))).containsExactly("1:1-4", "1:4-7", "1:7-10", "1:10-11");
        assertThat(cuts(limits(1000, 4, 0))).containsExactly("1:1-5", "1:5-9", "1:9-11");
        assertThat(cuts(limits(1, 100, 0))).hasSize(10);
        assertThat(cuts(limits(1000, 100, 6))).containsExactly("1:1-6", "1:6-11");
    }

    @Test
    void aUnit_staysInOneEpoch_andNamesTheOneBefore() {
        write(5);
        log = log.reopen();
        write(3);
        log = log.reopen();
        log = log.reopen();
        write(2);
        assertThat(cuts(limits(1000, 100, 0))).containsExactly("1:1-6", "2:6-9", "4:9-11");
        try (UnitBuilder builder = new UnitBuilder(log, SHARD, List.of())) {
            assertThat(builder.build(1, limits(1000, 100, 0)).orElseThrow().previous())
                    .isNull();
            assertThat(builder.build(9, limits(1000, 100, 0)).orElseThrow().previous())
                    .isEqualTo(new ShardEpoch(2, 6, 9));
        }
    }

    @Test
    void aGapOverSeveralEpochs_isCutAtTheirEnds() {
        write(5);
        log = log.reopen();
        write(5);
        log.drop(SHARD, 9, GapReason.EVICTED);
        assertThat(cuts(limits(1000, 100, 0))).containsExactly("1:1-6", "2:6-11");
        try (UnitBuilder builder = new UnitBuilder(log, SHARD, List.of())) {
            OutgoingUnit first = builder.build(1, limits(1000, 100, 0)).orElseThrow();
            assertThat(first.entries())
                    .containsExactly(new Gap(SHARD, 1, 6, 5, true, GapReason.EVICTED, 1_700_000_000_000L));
        }
    }

    @Test
    void theNotesOfALane_comeBackAsTheyWere() {
        LaneNotes notes = LaneNotes.NONE
                .plusDelivered(7)
                .plusMissing(GapReason.EVICTED, 3)
                .plusMissing(GapReason.EXPIRED, 2)
                .plusMissing(GapReason.REJECTED, 1)
                .leavingOut(List.of(12L, 14L), 20)
                .withGone(List.of(13L), 20);
        assertThat(LaneNotes.parse(notes.render())).isEqualTo(notes);
        assertThat(LaneNotes.parse(Payload.EMPTY)).isEqualTo(LaneNotes.NONE);
        List<Long> many = new ArrayList<>();
        for (int i = 0; i < LaneNotes.NUMBERS_MAX; i++) {
            many.add(Long.MAX_VALUE - i);
        }
        assertThat(notes.leavingOut(many, Long.MAX_VALUE)
                        .withGone(many, Long.MAX_VALUE)
                        .render()
                        .length())
                .isLessThan(4096);
    }

    @Test
    void aLane_continuesWhereTheDestinationSays() {
        List<ShardEpoch> own = List.of(new ShardEpoch(1, 1, 10), new ShardEpoch(2, 10, 20));
        // Nothing known: everything that is retained.
        assertThat(ResumePoint.find(own, 2, List.of(), 15)).isEqualTo(new ResumePoint(1, false, false));
        // The newest own epoch decides, forth and back.
        List<ShardEpoch> both = List.of(new ShardEpoch(1, 1, 10), new ShardEpoch(2, 10, 17));
        assertThat(ResumePoint.find(own, 2, both, 12)).isEqualTo(new ResumePoint(17, false, false));
        assertThat(ResumePoint.find(own, 2, List.of(new ShardEpoch(1, 1, 4)), 12))
                .isEqualTo(new ResumePoint(4, false, false));
        // Somebody else's epochs only: a fork, from where the lane was.
        assertThat(ResumePoint.find(own, 2, List.of(new ShardEpoch(9, 1, 4)), 12))
                .isEqualTo(new ResumePoint(12, true, false));
        // This log was restored: the old epoch went further there than here.
        assertThat(ResumePoint.find(own, 3, List.of(new ShardEpoch(2, 10, 50)), 12))
                .isEqualTo(new ResumePoint(20, false, false));
        // More of the epoch that is open now than it has written.
        assertThat(ResumePoint.find(own, 2, List.of(new ShardEpoch(2, 10, 50)), 12)
                        .isAheadOfLog())
                .isTrue();
    }
}
