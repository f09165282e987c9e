package io.tidegate.buffer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.tidegate.core.runtime.SystemClock;
import io.tidegate.core.stream.Gap;
import io.tidegate.core.stream.GapReason;
import io.tidegate.core.stream.LogEntry;
import io.tidegate.core.stream.LogPosition;
import io.tidegate.core.stream.LossLedger;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StartingPosition;
import io.tidegate.core.stream.StreamRecord;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A process is killed while it rewrites a segment; the acknowledgements that it printed are the truth. */
class RewriteCrashIT {
    private static final int KILLS_IN_A_REWRITE = 3;
    /** Later and later: when the new file has just been made, and when it has this much, and twice as much. */
    private static final int BYTES_STEP = 400_000;

    private static final int ROUNDS_MAX = 15;
    private static final int NUMBERS_PER_ROUND = 1_000_000;
    private static final ShardId BULK = new ShardId(RewriteCrashChild.BULK, 0);
    private static final ShardId ALARMS = new ShardId(RewriteCrashChild.ALARMS, 0);

    /** What a process said of a round. */
    private record Stored(long alarm, long lastBulk) {}

    @TempDir
    Path home;

    private final Random random = new Random(9);
    private final Map<Long, Stored> acknowledged = new ConcurrentSkipListMap<>();

    @Test
    void killedInTheMiddleOfARewrite_nothingIsLost_noHalfSegmentIsServed_andItsSpaceComesBack() throws Exception {
        int hits = 0;
        for (int round = 0; round < ROUNDS_MAX && hits < KILLS_IN_A_REWRITE; round++) {
            long bytesMin = (long) hits * BYTES_STEP;
            runAndKill((long) round * NUMBERS_PER_ROUND, bytesMin);
            Optional<Path> unfinished = rewriting(bytesMin);
            if (unfinished.isPresent()) {
                hits++;
                System.out.println("Killed when " + unfinished.get().getFileName() + " had "
                        + Files.size(unfinished.get()) + " bytes");
            }
            verify();
            assertThat(newFiles()).isEmpty();
        }
        assertThat(hits).as("kills in the middle of a rewrite").isEqualTo(KILLS_IN_A_REWRITE);
        spaceComesBack();
    }

    private ShardLog open() {
        return OpenedLogs.open(RewriteCrashChild.settings(home), new SystemClock(), new Random(random.nextLong()));
    }

    private Path directory() {
        return home.resolve("log");
    }

    private List<Path> newFiles() throws IOException {
        if (!Files.isDirectory(directory())) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(directory())) {
            return files.filter(file -> file.toString().endsWith(SegmentFile.NEW_SUFFIX))
                    .toList();
        }
    }

    /** The unfinished new file of an old segment: one that is not in the making, but made anew. */
    private Optional<Path> rewriting(long bytesMin) throws IOException {
        return newFiles().stream()
                .filter(file -> file.toFile().length() >= bytesMin)
                .filter(file -> {
                    String name = String.valueOf(file.getFileName());
                    return Files.exists(SegmentFile.path(directory(), Integer.parseInt(name.substring(0, 8))));
                })
                .findFirst();
    }

    private void runAndKill(long firstRound, long bytesMin) throws Exception {
        Process child = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx128m",
                        "-cp",
                        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                        RewriteCrashChild.class.getName(),
                        home.toString(),
                        Long.toString(firstRound))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        Thread reader = new Thread(() -> note(child), "child-output");
        reader.start();
        try {
            await().atMost(Duration.ofSeconds(120))
                    .until(() -> acknowledged.containsKey(firstRound) || !child.isAlive());
            await().atMost(Duration.ofSeconds(60))
                    .pollDelay(Duration.ZERO)
                    .pollInterval(Duration.ofMillis(1))
                    .until(() -> rewriting(bytesMin).isPresent() || !child.isAlive());
            assertThat(child.isAlive()).isTrue();
        } finally {
            child.destroyForcibly();
            assertThat(child.waitFor(30, TimeUnit.SECONDS)).isTrue();
            reader.join(TimeUnit.SECONDS.toMillis(30));
        }
    }

    private void note(Process child) {
        try (BufferedReader lines = child.inputReader()) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                // Those of its log are others, and the last one may be torn.
                if (line.matches("stored [0-9]+ [0-9]+ [0-9]+")) {
                    String[] words = line.split(" ", -1);
                    acknowledged.put(
                            Long.valueOf(words[1]), new Stored(Long.parseLong(words[2]), Long.parseLong(words[3])));
                }
            }
        } catch (IOException e) {
            assertThat(e).hasMessageContaining("closed"); // the pipe of the killed process
        }
    }

    private void verify() throws Exception {
        assertThat(LogCheck.run(directory()).findings()).as("as it was left").isEmpty();
        try (ShardLog log = open()) {
            assertThat(newFiles()).as("after the opening").isEmpty();
            Map<Long, Payload> alarms = read(log, ALARMS);
            Map<Long, Payload> bulk = read(log, BULK);
            LossLedger ledger = log.ledger(BULK);
            assertThat(ledger.balances()).isTrue();
            assertThat(ledger.corrupt()).isZero();
            assertThat(log.ledger(ALARMS)).isEqualTo(new LossLedger(ALARMS, alarms.size(), alarms.size(), 0, 0, 0));
            long oldestBulk = bulk.keySet().iterator().next();
            acknowledged.forEach((round, stored) -> {
                assertThat(alarms).containsEntry(stored.alarm(), RewriteCrashChild.alarm(round));
                for (int i = 0; i < RewriteCrashChild.BULK_PER_ROUND; i++) {
                    long number = stored.lastBulk() - RewriteCrashChild.BULK_PER_ROUND + 1 + i;
                    if (number >= oldestBulk) {
                        assertThat(bulk).containsEntry(number, RewriteCrashChild.bulk(round, i));
                    }
                }
            });
            assertThat(LogReader.records(LogReader.all(log, RewriteCrashChild.ALARMS, LogPosition.TRIM_HORIZON)))
                    .extracting(StreamRecord::sequenceNumber)
                    .containsExactlyElementsOf(alarms.keySet());
        }
        assertThat(LogCheck.run(directory()).findings()).as("after the opening").isEmpty();
    }

    /** By number; there must be no hole in what is above the horizon, which may move meanwhile. */
    private static Map<Long, Payload> read(ShardLog log, ShardId shard) {
        Map<Long, Payload> found = new TreeMap<>();
        long next = 0;
        for (LogEntry entry : LogReader.all(log, shard, new StartingPosition.TrimHorizon())) {
            if (entry instanceof Gap gap) {
                assertThat(gap.reason()).isEqualTo(GapReason.EVICTED);
                found.clear();
                next = gap.toExclusive();
                continue;
            }
            StreamRecord record = (StreamRecord) entry;
            assertThat(next == 0 || record.sequenceNumber() == next)
                    .as(record.sequenceNumber() + " instead of " + next)
                    .isTrue();
            next = record.sequenceNumber() + 1;
            found.put(record.sequenceNumber(), record.data());
        }
        return found;
    }

    /** Interrupted rewrites are made up for: what stays is the bulk that may, the newest two segments, and the alarms. */
    private void spaceComesBack() throws Exception {
        List<Long> sizes = new ArrayList<>();
        try (ShardLog log = open()) {
            await().atMost(Duration.ofSeconds(60)).untilAsserted(() -> {
                log.lookNow();
                sizes.clear();
                for (int number : SegmentFile.list(directory())) {
                    sizes.add(SegmentFile.bytesOnDisk(directory(), number));
                }
                List<Long> rewritten = sizes.subList(0, sizes.size() - 2);
                assertThat(rewritten).isNotEmpty().allMatch(bytes -> bytes < RewriteCrashChild.SEGMENT_BYTES / 2);
            });
        }
    }
}
