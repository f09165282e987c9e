package io.tidegate.adapters;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidegate.adapters.IngestAnswer.Outcome;
import io.tidegate.core.runtime.ClockSync;
import io.tidegate.core.runtime.FakeClock;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.ProducerName;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamSettings;
import io.tidegate.support.InMemoryLog;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class IngestTest {
    private final FakeClock clock = new FakeClock(1_795_395_723_000L);
    private final InMemoryLog log = InMemoryLog.create(clock);
    private final List<List<IngestAnswer<String>>> commits = new ArrayList<>();
    private int writable;

    private Ingest<String> open(RouteSettings... routes) {
        return Ingest.open(
                Routes.of(List.of(routes), clock, ClockSync.TRUSTED),
                log,
                new ProducerName("test"),
                new IngestListener<>() {
                    @Override
                    public void onAnswers(List<IngestAnswer<String>> oneCommit) {
                        commits.add(oneCommit);
                    }

                    @Override
                    public void onWritable() {
                        writable++;
                    }
                });
    }

    private static IncomingMessage message(String payload) {
        return new IncomingMessage(ChannelKind.HTTP, "a", null, Payload.ofUtf8(payload));
    }

    @Test
    void submit_answersOfOneCommit_comeTogetherInOrderAndNotBefore() {
        Ingest<String> ingest = open();
        log.holdCommits();

        assertThat(ingest.submit(message("1"), "one")).isEqualTo(Submission.TAKEN);
        assertThat(ingest.submit(message("2"), "two")).isEqualTo(Submission.TAKEN);
        assertThat(commits).isEmpty();
        assertThat(ingest.underWay()).isEqualTo(2);
        log.commitHeld();

        assertThat(commits).hasSize(1);
        assertThat(commits.get(0)).extracting(IngestAnswer::token).containsExactly("one", "two");
        assertThat(commits.get(0)).allMatch(answer -> answer.outcome() instanceof Outcome.Stored);
        assertThat(ingest.counts()).isEqualTo(new IngestCounts(2, 0, 0, 0, 0, 0, 2));
        assertThat(ingest.underWay()).isZero();
    }

    @Test
    void submit_secondCopyWithANumber_isCountedAsDuplicate() {
        Ingest<String> ingest =
                open(RouteSettings.to("http:#", StreamName.TELEMETRY).withSequence("$.seq"));

        ingest.submit(message("{\"seq\":7}"), "first");
        ingest.submit(message("{\"seq\":7}"), "again");

        assertThat(commits.get(1).get(0).outcome()).isInstanceOfSatisfying(Outcome.Stored.class, stored -> assertThat(
                        stored.place().duplicate())
                .isTrue());
        assertThat(ingest.counts()).isEqualTo(new IngestCounts(1, 1, 0, 0, 0, 0, 18));
    }

    @Test
    void submit_undecodable_isStoredInRejectedAndAnsweredAsThat() {
        Ingest<String> ingest =
                open(RouteSettings.to("http:#", StreamName.TELEMETRY).withDecoder(DecoderKind.NUMBER));

        ingest.submit(message("warm"), "token");

        assertThat(commits.get(0).get(0).outcome())
                .isInstanceOfSatisfying(Outcome.Rejected.class, rejected -> assertThat(rejected.reason())
                        .contains("number"));
        assertThat(ingest.counts()).isEqualTo(new IngestCounts(0, 0, 1, 0, 0, 0, 4));
    }

    @Test
    void submit_routeThatDrops_isCountedAndNotAnswered() {
        Ingest<String> ingest = open(RouteSettings.dropping("http:#"));

        assertThat(ingest.submit(message("1"), "token")).isEqualTo(Submission.DROPPED);
        assertThat(commits).isEmpty();
        assertThat(ingest.counts().dropped()).isEqualTo(1);
    }

    @Test
    void submit_withoutRoom_keepsNothingUntilWritable() {
        Ingest<String> ingest = open();
        log.limitRoom(1);

        assertThat(ingest.submit(message("1"), "one")).isEqualTo(Submission.TAKEN);
        assertThat(ingest.submit(message("2"), "two")).isEqualTo(Submission.BUSY);
        assertThat(ingest.underWay()).isZero();
        assertThat(writable).isZero();
        log.makeRoom();

        assertThat(writable).isEqualTo(1);
        assertThat(ingest.submit(message("2"), "two")).isEqualTo(Submission.TAKEN);
        assertThat(ingest.counts()).isEqualTo(new IngestCounts(2, 0, 0, 0, 0, 1, 2));
    }

    @Test
    void submit_whileTheDiskIsFull_isAnsweredNotNow() {
        Ingest<String> ingest = open();
        log.refuse("the disk is full");

        ingest.submit(message("1"), "token");

        assertThat(commits.get(0).get(0).outcome())
                .isEqualTo(new Outcome.NotNow("the disk is full", Duration.ofSeconds(1), false));
        assertThat(ingest.counts().refused()).isEqualTo(1);
    }

    @Test
    void submit_recordThatTheStreamNeverTakes_endsInRejectedAsItCame() {
        StreamName small = new StreamName("small");
        log.admin().create(StreamSettings.of(small).withRecordBytesMax(10));
        Ingest<String> ingest = open(RouteSettings.to("http:#", small));

        ingest.submit(message("[1,2,3,4,5,6,7]"), "large");
        ingest.submit(message("1"), "key + {\"value\":1} is 12");

        assertThat(commits)
                .hasSize(2)
                .allSatisfy(commit -> assertThat(commit.get(0).outcome()).isInstanceOf(Outcome.Rejected.class));
        assertThat(ingest.counts().rejected()).isEqualTo(2);
        assertThat(ingest.underWay()).isZero();
    }

    @Test
    void submit_recordThatEvenRejectedNeverTakes_isImpossible() {
        Ingest<String> ingest = open();
        byte[] large = new byte[(1 << 20) + 1];

        ingest.submit(new IncomingMessage(ChannelKind.HTTP, "a", null, Payload.wrap(large)), "token");

        assertThat(commits).hasSize(1);
        assertThat(commits.get(0).get(0).outcome()).isInstanceOf(Outcome.Impossible.class);
        assertThat(ingest.counts().refused()).isEqualTo(1);
    }
}
