package io.tidegate.buffer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.tidegate.core.stream.AppendUnit;
import io.tidegate.core.stream.IsoTime;
import io.tidegate.core.stream.LogPosition;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StartingPosition;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamRecord;
import io.tidegate.core.stream.StreamSettings;
import io.tidegate.core.stream.TimeQuality;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ClockErasTest {
    private static final StreamName STREAM = new StreamName("press");
    private static final ShardId SHARD = new ShardId(STREAM, 0);
    private static final long BUILD = OpenedLogs.BUILD_MILLIS;
    private static final long TRUE_START = BUILD + Duration.ofDays(300).toMillis();
    private static final long HOUR = Duration.ofHours(1).toMillis();

    @TempDir
    Path home;

    @SuppressWarnings("NullAway.Init") // before each test
    private Boots machine;

    @BeforeEach
    void machine() {
        machine = new Boots(OpenedLogs.settings(home));
    }

    private ShardLog open() {
        ShardLog log = machine.open();
        log.admin().create(StreamSettings.of(STREAM));
        log.admin().create(StreamSettings.of(StreamName.CLOCK));
        return log;
    }

    private static void append(ShardLog log, String text) throws Exception {
        LogReader.commit(log, AppendUnit.of(NewRecord.of(STREAM, "k", Payload.ofUtf8(text))));
    }

    private static List<StreamRecord> records(ShardLog log) {
        return LogReader.records(LogReader.all(log, SHARD, new StartingPosition.TrimHorizon()));
    }

    private static List<String> from(ShardLog log, long timeMillis) {
        return LogReader.texts(LogReader.all(log, SHARD, new StartingPosition.AtTimestamp(timeMillis)));
    }

    private static List<String> told(ShardLog log) {
        return LogReader.texts(LogReader.all(log, StreamName.CLOCK, LogPosition.TRIM_HORIZON));
    }

    /** Three records an hour apart, the time known only with the third; the first at TRUE_START. */
    private ShardLog bootIn1970() throws Exception {
        machine.boot(0);
        ShardLog log = open();
        append(log, "a");
        machine.advance(Duration.ofHours(1));
        append(log, "b");
        machine.advance(Duration.ofHours(1));
        machine.set(TRUE_START + 2 * HOUR, true);
        append(log, "c");
        return log;
    }

    @Test
    void bootIn1970_isFoundByItsTrueTimeOnceThatIsKnown_andNothingGivenOutChanges() throws Exception {
        try (ShardLog log = bootIn1970()) {
            verifyBootIn1970(log);
            assertThat(told(log)).hasSize(1);
            assertThat(told(log).get(0))
                    .contains("\"type\":\"clock-sync\",\"boot\":\"" + String.format("%016x", machine.boot()) + "\"")
                    .contains("\"correctionMillis\":" + (TRUE_START - BUILD))
                    .contains("\"from\":\"" + IsoTime.text(BUILD) + "\",\"to\":\"" + IsoTime.text(BUILD + HOUR) + "\"");
        }
        try (ShardLog log = open()) {
            verifyBootIn1970(log);
            assertThat(told(log)).as("the same boot is told once").hasSize(1);
        }
        machine.boot(0);
        try (ShardLog log = open()) {
            verifyBootIn1970(log);
        }
        assertThat(LogCheck.run(home.resolve("log")).findings()).isEmpty();
    }

    private static void verifyBootIn1970(ShardLog log) {
        List<StreamRecord> records = records(log);
        assertThat(records)
                .extracting(StreamRecord::arrivalTimeMillis)
                .containsExactly(BUILD, BUILD + HOUR, TRUE_START + 2 * HOUR);
        assertThat(records)
                .extracting(StreamRecord::timeQuality)
                .containsExactly(TimeQuality.ESTIMATED, TimeQuality.ESTIMATED, TimeQuality.SYNCED);
        assertThat(records)
                .extracting(log::correctedTimeMillis)
                .containsExactly(TRUE_START, TRUE_START + HOUR, TRUE_START + 2 * HOUR);
        assertThat(from(log, BUILD)).containsExactly("a", "b", "c");
        assertThat(from(log, TRUE_START)).containsExactly("a", "b", "c");
        assertThat(from(log, TRUE_START + 1)).containsExactly("b", "c");
        assertThat(from(log, TRUE_START + HOUR + 1)).containsExactly("c");
        assertThat(from(log, TRUE_START + 2 * HOUR + 1)).isEmpty();
    }

    @Test
    void timeThatArrivesWhileNothingIsAppended_isKeptAllTheSame() throws Exception {
        machine.boot(0);
        try (ShardLog log = open()) {
            append(log, "a");
            machine.advance(Duration.ofMinutes(1));
            machine.set(TRUE_START, true);
            await().atMost(Duration.ofSeconds(30)).until(() -> !told(log).isEmpty());
        }
        machine.boot(0);
        try (ShardLog log = open()) {
            assertThat(from(log, TRUE_START - 60_000)).containsExactly("a");
            assertThat(from(log, TRUE_START - 59_999)).isEmpty();
        }
    }

    @Test
    void processThatStartsAgainInTheSameBoot_countsTheTimeInBetween_andOneEraCoversBoth() throws Exception {
        machine.boot(0);
        try (ShardLog log = open()) {
            append(log, "a");
        }
        machine.advance(Duration.ofHours(1));
        try (ShardLog log = open()) {
            append(log, "b");
            machine.advance(Duration.ofHours(1));
            machine.set(TRUE_START + 2 * HOUR, true);
            append(log, "c");
            verifyBootIn1970(log);
        }
    }

    @Test
    void bootThatNeverLearnsTheTime_countsOn_andKeepsItsTimesWhenALaterBootLearnsIt() throws Exception {
        machine.boot(BUILD + 77);
        try (ShardLog log = open()) {
            machine.set(BUILD + 100, true);
            append(log, "a");
        }
        machine.boot(0);
        try (ShardLog log = open()) {
            machine.advance(Duration.ofSeconds(5));
            append(log, "b");
        }
        machine.boot(BUILD + Duration.ofDays(3650).toMillis());
        try (ShardLog log = open()) {
            machine.advance(Duration.ofSeconds(5));
            append(log, "c");
            machine.set(TRUE_START, true);
            append(log, "d");
            assertThat(records(log))
                    .extracting(StreamRecord::arrivalTimeMillis)
                    .containsExactly(BUILD + 100, BUILD + 5_100, BUILD + 10_100, TRUE_START);
            assertThat(records(log))
                    .extracting(log::correctedTimeMillis)
                    .containsExactly(BUILD + 100, BUILD + 5_100, TRUE_START, TRUE_START);
        }
    }

    @Test
    void markThatVanishesAndComesBack_correctsWhatWasEstimatedInBetween() throws Exception {
        machine.boot(0);
        try (ShardLog log = open()) {
            machine.set(TRUE_START, true);
            append(log, "a");
            machine.set(TRUE_START, false);
            machine.advance(Duration.ofMinutes(1));
            append(log, "b");
            // The crystal was slow: it was really 65 s.
            machine.set(TRUE_START + 65_000, true);
            append(log, "c");
            assertThat(records(log))
                    .extracting(StreamRecord::arrivalTimeMillis)
                    .containsExactly(TRUE_START, TRUE_START + 60_000, TRUE_START + 65_000);
            assertThat(records(log))
                    .extracting(log::correctedTimeMillis)
                    .containsExactly(TRUE_START, TRUE_START + 65_000, TRUE_START + 65_000);
        }
    }

    @Test
    void believedClockThatIsSetBack_isNotFollowed_butShownBeside() throws Exception {
        machine.boot(0);
        try (ShardLog log = open()) {
            machine.set(TRUE_START + 365 * 24 * HOUR, true);
            append(log, "a");
            machine.advance(Duration.ofSeconds(2));
            machine.set(TRUE_START, true);
            append(log, "b");
            machine.advance(Duration.ofSeconds(2));
            append(log, "c");
            List<StreamRecord> records = records(log);
            long first = TRUE_START + 365 * 24 * HOUR;
            assertThat(records)
                    .extracting(StreamRecord::arrivalTimeMillis)
                    .containsExactly(first, first + 2_000, first + 4_000);
            assertThat(records)
                    .extracting(StreamRecord::timeQuality)
                    .containsExactly(TimeQuality.SYNCED, TimeQuality.ESTIMATED, TimeQuality.ESTIMATED);
            assertThat(records)
                    .extracting(log::correctedTimeMillis)
                    .containsExactly(first, TRUE_START, TRUE_START + 2_000);
            assertThat(told(log).get(1))
                    .contains("\"to\":null")
                    .contains("\"correctionMillis\":-" + (first + 2_000 - TRUE_START));

            machine.advance(Duration.ofSeconds(2));
            machine.set(first + 10_000, true);
            append(log, "d");
            assertThat(records(log).get(3).timeQuality()).isEqualTo(TimeQuality.SYNCED);
            assertThat(records(log))
                    .as("the later word is that it was right before")
                    .extracting(log::correctedTimeMillis)
                    .containsExactly(first, first + 6_000, first + 8_000, first + 10_000);
        }
    }

    @Test
    void believedClockIn1970_isNotBelieved() throws Exception {
        machine.boot(0);
        try (ShardLog log = open()) {
            append(log, "a");
            machine.set(5_000, true);
            machine.advance(Duration.ofSeconds(3));
            append(log, "b");
            assertThat(records(log)).extracting(StreamRecord::timeQuality).containsOnly(TimeQuality.ESTIMATED);
            assertThat(records(log)).extracting(log::correctedTimeMillis).containsExactly(BUILD, BUILD + 3_000);
            assertThat(told(log)).isEmpty();
        }
    }

    @Test
    void tenYearsForward_deleteNothing_andAreFound() throws Exception {
        machine.boot(0);
        try (ShardLog log = open()) {
            append(log, "a");
            machine.set(BUILD + Duration.ofDays(3650).toMillis(), true);
            append(log, "b");
            log.lookNow();
            machine.advance(Duration.ofMinutes(20));
            append(log, "c");
            log.lookNow();
            assertThat(log.ledger(SHARD).retained()).isEqualTo(3);
            assertThat(from(log, BUILD + Duration.ofDays(3650).toMillis())).containsExactly("a", "b", "c");
        }
    }
}
