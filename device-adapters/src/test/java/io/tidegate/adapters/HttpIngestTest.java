package io.tidegate.adapters;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidegate.core.runtime.ClockSync;
import io.tidegate.core.runtime.FakeClock;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamRecord;
import io.tidegate.support.InMemoryLog;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class HttpIngestTest {
    private final FakeClock clock = new FakeClock(1_795_395_723_000L);
    private final InMemoryLog log = InMemoryLog.create(clock);
    private final List<HttpIngestAnswer> answers = new ArrayList<>();
    private final HttpIngest ingest = HttpIngest.open(
            new HttpIngestLimits(1_024, 2_048, 3),
            Routes.of(
                    List.of(
                            RouteSettings.to("http:numbers/#", StreamName.TELEMETRY)
                                    .withDecoder(DecoderKind.NUMBER),
                            RouteSettings.dropping("http:noise/#")),
                    clock,
                    ClockSync.TRUSTED),
            log);

    private void submit(String path, String body) {
        ingest.submit(path, "ann", Payload.ofUtf8(body), answers::add);
    }

    @Test
    void submit_isAnsweredWithItsPlaceAfterTheCommitAndNotBefore() {
        log.holdCommits();
        submit("plant/press-3", "{\"t\": 21.50}");
        assertThat(answers).isEmpty();
        log.commitHeld();

        assertThat(answers)
                .containsExactly(new HttpIngestAnswer.Accepted(new ShardId(StreamName.TELEMETRY, 0), 1, false));
        StreamRecord record = StoredRecords.of(log, StreamName.TELEMETRY).get(0);
        assertThat(record.data().utf8()).isEqualTo("{\"t\": 21.50}");
        assertThat(record.partitionKey()).isEqualTo("plant/press-3");
        assertThat(record.attributes().get("source")).isEqualTo("http");
        assertThat(record.attributes().get("device")).isEqualTo("ann");
    }

    @Test
    void submit_undecodable_isAnsweredAsRejectedWithTheReason() {
        submit("numbers/a", "warm");

        assertThat(answers).hasSize(1).first().isInstanceOfSatisfying(HttpIngestAnswer.Rejected.class, rejected -> {
            assertThat(rejected.reason()).contains("number");
        });
        assertThat(StoredRecords.texts(log, StreamName.REJECTED)).containsExactly("warm");
    }

    @Test
    void submit_whatIsTooLargeOrDropped_isAnsweredAtOnce() {
        log.holdCommits();
        submit("a", "x".repeat(1_025));
        submit("noise/a", "1");

        assertThat(answers).containsExactly(new HttpIngestAnswer.TooLarge(1_024), new HttpIngestAnswer.Dropped());
    }

    @Test
    void submit_overTheLimits_isToldToComeAgain_andThereIsRoomAgainAfterTheAnswers() {
        log.holdCommits();
        for (int i = 0; i < 4; i++) {
            submit("a", "1");
        }
        assertThat(answers).containsExactly(notNow("too many messages are under way"));
        log.commitHeld();
        assertThat(answers).hasSize(4);

        log.holdCommits();
        submit("a", "x".repeat(1_024));
        submit("a", "y".repeat(1_024));
        submit("a", "z");
        assertThat(answers).hasSize(5).last().isEqualTo(notNow("too many messages are under way"));
        log.commitHeld();
        submit("a", "z");
        assertThat(answers).hasSize(8);
        assertThat(ingest.counts().stored()).isEqualTo(6);
    }

    @Test
    void submit_whatTheLogCannotTakeNow_isToldToComeAgain() {
        log.refuse("the disk is full");
        submit("a", "1");
        log.refuse(null);
        log.limitRoom(0);
        submit("a", "2");

        assertThat(answers).containsExactly(notNow("the disk is full"), notNow("the log is behind"));
        assertThat(StoredRecords.of(log, StreamName.TELEMETRY)).isEmpty();
    }

    private static HttpIngestAnswer notNow(String reason) {
        return new HttpIngestAnswer.NotNow(reason, Duration.ofSeconds(1), false);
    }
}
