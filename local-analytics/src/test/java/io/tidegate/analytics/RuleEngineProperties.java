package io.tidegate.analytics;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidegate.core.runtime.FakeClock;
import io.tidegate.core.runtime.Worker;
import io.tidegate.core.stream.AppendUnit;
import io.tidegate.core.stream.Checkpoint;
import io.tidegate.core.stream.LogPosition;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamRecord;
import io.tidegate.core.stream.StreamSettings;
import io.tidegate.support.InMemoryLog;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/**
 * Random writes, turns, refusals and crashes. After every step: the derived stream holds exactly the outputs of the
 * inputs before the rule's checkpoint, in their order, and the counters in the checkpoint agree with both.
 */
class RuleEngineProperties {
    private static final StreamName HOT = new StreamName("hot");
    private static final StreamName NOISE = new StreamName("noise");
    private static final int STEPS = 400;

    private final FakeClock clock = new FakeClock(Records.EVENT_MILLIS);
    private final RuleFile rule = RuleFile.parse(
            new RuleSettings("overheat", Path.of("o.sql"), null, List.of(), RuleSettings.From.TRIM_HORIZON),
            "INSERT INTO hot SELECT n, temp FROM telemetry WHERE temp > 40");
    private final List<String> expected = new ArrayList<>();
    private int written;

    @Test
    void atEveryMoment_outputsAndCheckpointAgree() throws Exception {
        long first = Long.getLong("seed", 1);
        int rounds = System.getProperty("seed") == null ? 40 : 1;
        for (long seed = first; seed < first + rounds; seed++) {
            try {
                round(new Random(seed));
            } catch (AssertionError e) {
                throw new AssertionError("seed " + seed + ": " + e.getMessage(), e);
            }
        }
    }

    private void round(Random random) throws Exception {
        expected.clear();
        written = 0;
        InMemoryLog log = InMemoryLog.create(clock);
        log.admin().create(StreamSettings.of(NOISE));
        Worker worker = worker(log, random);
        boolean holding = false;
        for (int step = 0; step < STEPS; step++) {
            switch (random.nextInt(10)) {
                case 0, 1, 2 -> write(log, random, holding);
                case 3, 4, 5, 6 -> worker.doWork();
                case 7 -> {
                    clock.advance(Duration.ofMillis(random.nextInt(4_000)));
                    log.refuse(random.nextInt(4) == 0 ? "disk full" : null);
                }
                case 8 -> {
                    if (holding) {
                        log.commitHeld();
                    } else {
                        log.holdCommits();
                    }
                    holding = !holding;
                }
                default -> {
                    if (random.nextInt(3) == 0) {
                        log = log.reopen();
                        holding = false;
                        worker = worker(log, random);
                    }
                }
            }
            check(log);
        }
        finish(log, worker, holding);
    }

    private void finish(InMemoryLog log, Worker worker, boolean holding) throws Exception {
        if (holding) {
            log.commitHeld();
        }
        log.refuse(null);
        for (int i = 0; i < 200; i++) {
            clock.advance(Duration.ofSeconds(1));
            worker.doWork();
        }
        check(log);
        assertThat(outputs(log)).isEqualTo(expected);
    }

    private Worker worker(InMemoryLog log, Random random) {
        RuleEngineSettings settings = new RuleEngineSettings(1_024, Duration.ofSeconds(2), Duration.ofSeconds(4));
        return RuleEngine.create(List.of(rule), log, settings, clock, random).worker();
    }

    /** Writes only what becomes durable at once, so that the expectation is known. */
    private void write(InMemoryLog log, Random random, boolean holding) {
        if (holding) {
            return;
        }
        log.refuse(null);
        List<NewRecord> records = new ArrayList<>();
        int count = 1 + random.nextInt(30);
        for (int i = 0; i < count; i++) {
            int temp = random.nextInt(80);
            String json = "{\"n\":" + written + ",\"temp\":" + temp + "}";
            boolean noise = random.nextInt(4) == 0;
            records.add(NewRecord.of(noise ? NOISE : StreamName.TELEMETRY, "k" + temp % 3, Payload.ofUtf8(json)));
            if (!noise && temp > 40) {
                expected.add(json);
            }
            written++;
        }
        log.append(AppendUnit.of(records)).join();
    }

    private static List<String> outputs(InMemoryLog log) {
        return log.admin().describe(HOT).isEmpty()
                ? List.of()
                : records(log, HOT).stream().map(record -> record.data().utf8()).toList();
    }

    private static List<StreamRecord> records(InMemoryLog log, StreamName stream) {
        try (var cursor = log.cursor(Set.of(stream), LogPosition.TRIM_HORIZON)) {
            return cursor.read(Integer.MAX_VALUE).entries().stream()
                    .map(StreamRecord.class::cast)
                    .toList();
        }
    }

    private void check(InMemoryLog log) {
        Checkpoint stored =
                log.checkpoint(RuleUnit.consumer(rule), RuleUnit.scope(rule)).orElse(null);
        if (!(stored instanceof Checkpoint.InCommitOrder checkpoint)) {
            assertThat(outputs(log)).isEmpty();
            return;
        }
        List<StreamRecord> before = records(log, StreamName.TELEMETRY).stream()
                .filter(record -> record.position().compareTo(checkpoint.next()) < 0)
                .toList();
        List<String> due = before.stream()
                .map(record -> record.data().utf8())
                .filter(json -> Integer.parseInt(json.replaceAll(".*\"temp\":|}", "")) > 40)
                .toList();
        assertThat(outputs(log)).isEqualTo(due);
        RuleCounts counts = RuleCounts.decode(checkpoint.opaque());
        assertThat(counts.emitted()).isEqualTo(due.size());
        assertThat(counts.read()).isEqualTo(before.size());
    }
}
