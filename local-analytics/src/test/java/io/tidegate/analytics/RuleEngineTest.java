package io.tidegate.analytics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.tidegate.core.runtime.FakeClock;
import io.tidegate.core.runtime.StepWorker;
import io.tidegate.core.runtime.SystemClock;
import io.tidegate.core.stream.AppendUnit;
import io.tidegate.core.stream.Checkpoint;
import io.tidegate.core.stream.EventTimeFrom;
import io.tidegate.core.stream.GapReason;
import io.tidegate.core.stream.LogPosition;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamRecord;
import io.tidegate.core.stream.StreamSettings;
import io.tidegate.support.InMemoryLog;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class RuleEngineTest {
    private static final StreamName HOT = new StreamName("hot");
    private static final String SQL = "INSERT INTO hot SELECT temp FROM telemetry WHERE temp > 40";

    private final FakeClock clock = new FakeClock(Records.EVENT_MILLIS);
    private final InMemoryLog log = InMemoryLog.create(clock);

    private static RuleFile rule(String name, String sql, RuleSettings.From from) {
        return RuleFile.parse(new RuleSettings(name, Path.of(name + ".sql"), null, List.of(), from), sql);
    }

    private static RuleFile fromStart(String name, String sql) {
        return rule(name, sql, RuleSettings.From.TRIM_HORIZON);
    }

    private RuleEngine engine(RuleFile... rules) {
        return engine(log, rules);
    }

    private RuleEngine engine(InMemoryLog on, RuleFile... rules) {
        return RuleEngine.create(List.of(rules), on, RuleEngineSettings.defaults(), clock, new Random(1));
    }

    private void put(String... data) {
        for (String json : data) {
            log.append(AppendUnit.of(NewRecord.of(StreamName.TELEMETRY, "press-3", Payload.ofUtf8(json))
                            .withDeviceTime(Records.EVENT_MILLIS - 500)))
                    .join();
        }
    }

    private static List<StreamRecord> read(InMemoryLog from, StreamName stream) {
        if (from.admin().describe(stream).isEmpty()) {
            return List.of();
        }
        try (var cursor = from.cursor(Set.of(stream), LogPosition.TRIM_HORIZON)) {
            return cursor.read(Integer.MAX_VALUE).entries().stream()
                    .map(StreamRecord.class::cast)
                    .toList();
        }
    }

    private static List<String> data(InMemoryLog from, StreamName stream) {
        return read(from, stream).stream().map(record -> record.data().utf8()).toList();
    }

    private static void run(RuleEngine engine) throws Exception {
        new StepWorker(engine.worker()).runUntilIdle(1_000);
    }

    @Test
    void anOutput_carriesItsEvidenceAndTheTimeAndKeyOfItsInput() throws Exception {
        put("{\"temp\":39}", "{\"temp\":41.5}");
        RuleFile rule = fromStart("overheat", SQL);
        RuleEngine engine = engine(rule);
        run(engine);
        List<StreamRecord> outputs = read(log, HOT);
        assertThat(outputs).hasSize(1);
        StreamRecord output = outputs.get(0);
        assertThat(output.data().utf8()).isEqualTo("{\"temp\":41.5}");
        assertThat(output.partitionKey()).isEqualTo("press-3");
        assertThat(output.eventTimeMillis()).isEqualTo(Records.EVENT_MILLIS - 500);
        assertThat(output.eventTimeFrom()).isEqualTo(EventTimeFrom.DEVICE);
        assertThat(output.contentType()).isEqualTo("application/json");
        String identity = "overheat\n" + rule.planHash() + "\npress-3\n" + (Records.EVENT_MILLIS - 500)
                + "\ntelemetry/shardId-000000000000:2";
        String id = HexFormat.of()
                .formatHex(MessageDigest.getInstance("SHA-256")
                        .digest(identity.getBytes(java.nio.charset.StandardCharsets.UTF_8)));
        assertThat(output.attributes().asMap())
                .containsExactlyInAnyOrderEntriesOf(Map.of(
                        "rule",
                        "overheat",
                        "rule-version",
                        rule.version(),
                        "inputs",
                        "shardId-000000000000:2-3",
                        "derived-id",
                        id));
    }

    @Test
    void outputsAndCheckpoint_becomeDurableTogether_orNeither() throws Exception {
        put("{\"temp\":41}", "{\"temp\":42}");
        RuleFile rule = fromStart("overheat", SQL);
        log.holdCommits();
        run(engine(rule));
        assertThat(log.heldCount()).isEqualTo(1);
        InMemoryLog restarted = log.reopen();
        assertThat(data(restarted, HOT)).isEmpty();
        assertThat(restarted.checkpoint(RuleUnit.consumer(rule), RuleUnit.scope(rule)))
                .isEmpty();
        log.commitHeld();
        InMemoryLog after = log.reopen();
        assertThat(data(after, HOT)).containsExactly("{\"temp\":41}", "{\"temp\":42}");
        run(engine(after, rule));
        assertThat(data(after, HOT)).hasSize(2);
    }

    @Test
    void twoEnginesWithOneRule_writeEachOutputOnce() throws Exception {
        RuleFile rule = fromStart("overheat", SQL);
        RuleEngine first = engine(rule);
        RuleEngine second = engine(rule);
        for (int i = 0; i < 50; i++) {
            put("{\"temp\":" + (41 + i) + "}");
            first.worker().doWork();
            second.worker().doWork();
            clock.advance(Duration.ofSeconds(1));
        }
        for (int i = 0; i < 200; i++) {
            first.worker().doWork();
            second.worker().doWork();
            clock.advance(Duration.ofSeconds(1));
        }
        assertThat(data(log, HOT)).hasSize(50).doesNotHaveDuplicates();
    }

    @Test
    void aRuleThatFails_lagsAlone_andCatchesUp() throws Exception {
        RuleFile broken = fromStart("broken", "INSERT INTO late SELECT temp FROM absent");
        RuleEngine engine = engine(broken, fromStart("overheat", SQL));
        put("{\"temp\":41}");
        run(engine);
        assertThat(data(log, HOT)).containsExactly("{\"temp\":41}");
        RuleStatus status = engine.status().get(0);
        assertThat(status.state()).isEqualTo(RuleStatus.State.RETRYING);
        assertThat(status.detail()).contains("absent");
        assertThat(engine.status().get(1).state()).isEqualTo(RuleStatus.State.RUNNING);
        log.admin().create(StreamSettings.of(new StreamName("absent")));
        log.append(AppendUnit.of(NewRecord.of(new StreamName("absent"), "k", Payload.ofUtf8("{\"temp\":1}"))))
                .join();
        clock.advance(Duration.ofMinutes(1));
        run(engine);
        assertThat(data(log, new StreamName("late"))).containsExactly("{\"temp\":1}");
        assertThat(engine.status().get(0).state()).isEqualTo(RuleStatus.State.RUNNING);
    }

    @Test
    void aFullLog_delaysOutputs_andLosesAndDoublesNone() throws Exception {
        RuleEngine engine = engine(fromStart("overheat", SQL));
        put("{\"temp\":41}", "{\"temp\":1}", "{\"temp\":42}");
        log.refuse("disk full");
        run(engine);
        assertThat(engine.status().get(0).state()).isEqualTo(RuleStatus.State.RETRYING);
        assertThat(engine.status().get(0).detail()).contains("disk full");
        assertThat(data(log, HOT)).isEmpty();
        log.refuse(null);
        clock.advance(Duration.ofMinutes(1));
        run(engine);
        assertThat(data(log, HOT)).containsExactly("{\"temp\":41}", "{\"temp\":42}");
    }

    @Test
    void rowsThatCannotBeEvaluated_areCountedByReason_andTheRestGoesOn() throws Exception {
        RuleEngine engine = engine(fromStart("overheat", SQL));
        put(
                "{\"temp\":41}",
                "no json",
                "{\"temp\":\"hot\"}",
                "{\"temp\":1}",
                "{}",
                "{\"temp\":\"x\"}",
                "{\"temp\":43}");
        run(engine);
        assertThat(data(log, HOT)).containsExactly("{\"temp\":41}", "{\"temp\":43}");
        RuleStatus status = engine.status().get(0);
        assertThat(status.counts())
                .isEqualTo(new RuleCounts(2, 2, 0, Map.of(RowFault.NOT_JSON, 1L, RowFault.WRONG_TYPE, 2L)));
        assertThat(status.counts().read()).isEqualTo(7);
        assertThat(status.lastRejection()).startsWith("wrong-type: ").endsWith("sequence number 6)");
    }

    @Test
    void anOutputTooLargeForItsStream_isRejected_andTheRestGoesOn() throws Exception {
        log.admin().create(StreamSettings.of(HOT).withRecordBytesMax(64));
        RuleEngine engine = engine(fromStart("big", "INSERT INTO hot SELECT s || s || s AS s FROM telemetry"));
        put("{\"s\":\"a\"}", "{\"s\":\"" + "b".repeat(30) + "\"}", "{\"s\":\"c\"}");
        run(engine);
        assertThat(data(log, HOT)).containsExactly("{\"s\":\"aaa\"}", "{\"s\":\"ccc\"}");
    }

    @Test
    void largeOutputs_areSplitIntoUnitsThatTheLogTakes() throws Exception {
        log.admin().create(StreamSettings.of(HOT).withRecordBytesMax(10 << 20));
        RuleEngine engine = engine(fromStart("big", "INSERT INTO hot SELECT s || s || s || s AS s FROM telemetry"));
        String part = "x".repeat(700 << 10);
        for (int i = 0; i < 4; i++) {
            put("{\"s\":\"" + part + "\"}", "{\"s\":\"small\"}");
        }
        run(engine);
        assertThat(data(log, HOT)).hasSize(8);
    }

    @Test
    void recordsThatWereGone_areCountedAsMissed() throws Exception {
        RuleCounts counts = new RuleCounts(1, 2, 3, Map.of(RowFault.BAD_CAST, 4L));
        assertThat(RuleCounts.decode(counts.encode())).isEqualTo(counts);
        assertThat(RuleCounts.decode(Payload.EMPTY)).isEqualTo(RuleCounts.NONE);
        put("{\"temp\":41}", "{\"temp\":42}", "{\"temp\":43}");
        log.drop(new ShardId(StreamName.TELEMETRY, 0), 3, GapReason.EVICTED);
        RuleEngine engine = engine(fromStart("overheat", SQL));
        run(engine);
        assertThat(data(log, HOT)).containsExactly("{\"temp\":43}");
    }

    @Test
    void aNewRule_startsWithWhatArrivesAfterIt_alsoIfItIsStoppedBeforeTheFirstRecord() throws Exception {
        RuleFile rule = rule("overheat", SQL, RuleSettings.From.LATEST);
        put("{\"temp\":41}");
        run(engine(rule));
        put("{\"temp\":42}");
        run(engine(log, rule));
        assertThat(data(log, HOT)).containsExactly("{\"temp\":42}");
    }

    @Test
    void aQuietRule_commitsItsPlaceOnceInAnInterval() throws Exception {
        RuleFile rule = fromStart("overheat", SQL);
        RuleEngine engine = engine(rule);
        run(engine);
        put("{\"temp\":41}");
        run(engine);
        Checkpoint atOutput =
                log.checkpoint(RuleUnit.consumer(rule), RuleUnit.scope(rule)).orElseThrow();
        put("{\"temp\":1}", "{\"temp\":2}");
        run(engine);
        assertThat(log.checkpoint(RuleUnit.consumer(rule), RuleUnit.scope(rule)))
                .contains(atOutput);
        clock.advance(Duration.ofSeconds(6));
        run(engine);
        assertThat(engine.status().get(0).counts()).isEqualTo(new RuleCounts(1, 2, 0, Map.of()));
        Checkpoint later =
                log.checkpoint(RuleUnit.consumer(rule), RuleUnit.scope(rule)).orElseThrow();
        clock.advance(Duration.ofMinutes(6));
        run(engine);
        assertThat(log.checkpoint(RuleUnit.consumer(rule), RuleUnit.scope(rule)))
                .contains(later);
    }

    @Test
    void rulesThatFeedEachOtherInACircle_areRefused() {
        RuleFile there = fromStart("there", "INSERT INTO b SELECT x FROM a");
        RuleFile back = fromStart("back", "INSERT INTO a SELECT x FROM b");
        assertThatThrownBy(() -> engine(there, back)).isInstanceOf(RuleException.class);
        assertThatThrownBy(() -> engine(there, there)).hasMessageContaining("two rules are named 'there'");
    }

    @Test
    void rulesInAChain_runOneAfterTheOther() throws Exception {
        RuleFile first = fromStart("first", "INSERT INTO hot SELECT temp FROM telemetry WHERE temp > 40");
        RuleFile second = fromStart("second", "INSERT INTO hotter SELECT temp FROM hot WHERE temp > 50");
        RuleEngine engine = engine(second, first);
        put("{\"temp\":41}", "{\"temp\":51}");
        run(engine);
        assertThat(data(log, new StreamName("hotter"))).containsExactly("{\"temp\":51}");
    }

    @Test
    void onItsThread_theEngineWakesForNewRecords_andStops() {
        RuleEngine engine = RuleEngine.create(
                List.of(fromStart("overheat", SQL)),
                log,
                RuleEngineSettings.defaults(),
                new SystemClock(),
                new Random(1));
        try (engine) {
            engine.start();
            put("{\"temp\":41}");
            await().atMost(Duration.ofSeconds(10)).until(() -> data(log, HOT).size() == 1);
            put("{\"temp\":42}");
            await().atMost(Duration.ofSeconds(10)).until(() -> data(log, HOT).size() == 2);
        }
        assertThat(engine.status().get(0).state()).isEqualTo(RuleStatus.State.CLOSED);
    }
}
