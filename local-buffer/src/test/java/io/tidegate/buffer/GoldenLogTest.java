package io.tidegate.buffer;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidegate.core.runtime.ClockSync;
import io.tidegate.core.runtime.EffectiveClock;
import io.tidegate.core.runtime.FakeClock;
import io.tidegate.core.stream.AppendResult;
import io.tidegate.core.stream.AppendUnit;
import io.tidegate.core.stream.Checkpoint;
import io.tidegate.core.stream.CheckpointScope;
import io.tidegate.core.stream.ConsumerName;
import io.tidegate.core.stream.Gap;
import io.tidegate.core.stream.GapReason;
import io.tidegate.core.stream.LogEntry;
import io.tidegate.core.stream.LogPosition;
import io.tidegate.core.stream.LossLedger;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.ShardDescription;
import io.tidegate.core.stream.ShardEpoch;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StartingPosition;
import io.tidegate.core.stream.StreamDescription;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamRecord;
import io.tidegate.core.stream.StreamSettings;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Reads a directory that {@link GoldenLog} made when format 1 was frozen: it must stay readable for ever.
 *
 * <p>What it must hold is said by a reader in another language, {@code hardware-tests/peers/log_reader.py}, which
 * follows docs/design/0008-log-format-1.md alone; its words are {@code expected.txt}.
 */
class GoldenLogTest {
    private static final Path GOLDEN = Path.of("src", "test", "resources", "golden-log-1");
    private static final Path READER = Path.of("..", "hardware-tests", "peers", "log_reader.py");
    private static final ShardId ORDERS = new ShardId(GoldenLog.ORDERS, 0);

    @TempDir
    Path home;

    /** The wall clock is not vouched for, so that opening the log leaves it as it is. */
    private ShardLog open(Path golden) throws IOException {
        copy(golden);
        FakeClock clock = new FakeClock(0);
        return ShardLog.open(
                ShardLogSettings.of(home.resolve("log"), "golden-gateway")
                        .withEncryption(golden.equals(GOLDEN) ? LogEncryption.none() : GoldenLog.encryption(2)),
                clock,
                new EffectiveClock(clock, (ClockSync) () -> false, OpenedLogs.BUILD_MILLIS),
                new Random(1),
                0x12);
    }

    private void copy(Path golden) throws IOException {
        Files.createDirectories(home.resolve("log"));
        try (Stream<Path> files = Files.list(golden)) {
            for (Path file : files.toList()) {
                if (!file.endsWith("expected.txt")) {
                    Files.copy(file, home.resolve("log").resolve(file.getFileName()));
                }
            }
        }
    }

    private static List<String> expected(Path golden) throws IOException {
        return Files.readAllLines(golden.resolve("expected.txt"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"golden-log-1", "golden-log-1-encrypted"})
    void theDirectory_holdsWhatItHeldWhenItWasMade(String name) throws Exception {
        Path golden = GOLDEN.resolveSibling(name);
        try (ShardLog log = open(golden)) {
            assertThat(String.join("\n", lines(log))).isEqualTo(String.join("\n", expected(golden)));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"golden-log-1", "golden-log-1-encrypted"})
    void aReaderWrittenFromTheFormatAlone_readsTheSame(String name) throws Exception {
        Path golden = GOLDEN.resolveSibling(name);
        copy(golden);
        List<String> command = new ArrayList<>(
                List.of("python3", READER.toString(), home.resolve("log").toString()));
        for (String key : GoldenLog.KEYS) {
            command.add(HexFormat.of().formatHex(key.getBytes(StandardCharsets.US_ASCII)));
        }
        Process python = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        String said = new String(python.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(python.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(python.exitValue()).isZero();
        assertThat(said.strip()).isEqualTo(String.join("\n", expected(golden)));
    }

    @Test
    void theLog_isSound_knowsWhatItWasTold_andGoesOn() throws Exception {
        try (ShardLog log = open(GOLDEN)) {
            StreamRecord early = LogReader.records(LogReader.all(log, ORDERS, new StartingPosition.AtSequenceNumber(1)))
                    .get(0);
            // Ten minutes after the first boot, whose clock was set right at that moment.
            assertThat(early.arrivalTimeMillis()).isEqualTo(OpenedLogs.BUILD_MILLIS + 600_000);
            assertThat(log.correctedTimeMillis(early)).isEqualTo(GoldenLog.TRUE_MILLIS);
            assertThat(LogReader.all(log, ORDERS, new StartingPosition.AtSequenceNumber(1)))
                    .filteredOn(Gap.class::isInstance)
                    .singleElement()
                    .satisfies(entry -> assertThat((Gap) entry)
                            .returns(4L, Gap::fromInclusive)
                            .returns(5L, Gap::toExclusive)
                            .returns(GapReason.CORRUPT, Gap::reason));
            assertThat(log.admin().describe(GoldenLog.PASSING)).isEmpty();
            assertThat(log.admin().create(StreamSettings.of(GoldenLog.PASSING))).isTrue();
            assertThat(log.admin().describe(GoldenLog.PASSING).orElseThrow().shards())
                    .extracting(shard -> shard.id().number())
                    .containsExactly(1);
            // Reading 48 was the last with a number of its device.
            NewRecord again = NewRecord.of(GoldenLog.PRESSES, "press-0", Payload.ofUtf8(GoldenLog.text(48)))
                    .withDeviceNumber(48L);
            assertThat(LogReader.commit(log, AppendUnit.of(again)).places())
                    .singleElement()
                    .matches(AppendResult.Placed::duplicate);
            long next = next(log);
            assertThat(LogReader.commit(log, AppendUnit.of(NewRecord.of(GoldenLog.ORDERS, "k", Payload.ofUtf8("more"))))
                            .places())
                    .containsExactly(new AppendResult.Placed(ORDERS, next, false));
        }
        assertThat(LogCheck.run(home.resolve("log")).findings()).allMatch(LogCheck.Finding::accounted);
    }

    private static long next(ShardLog log) {
        return log.admin()
                .describe(GoldenLog.ORDERS)
                .orElseThrow()
                .shards()
                .get(0)
                .nextSequenceNumber();
    }

    // ---- the lines of log_reader.py

    private static List<String> lines(ShardLog log) throws Exception {
        List<String> lines = new ArrayList<>();
        lines.add("log of " + log.gatewayId());
        for (StreamDescription stream : log.admin().list()) {
            lines.add(line(stream));
        }
        for (StreamDescription stream : log.admin().list()) {
            for (ShardDescription shard : stream.shards()) {
                add(lines, log, shard);
            }
        }
        new TreeMap<>(log.admin().required().entrySet().stream()
                        .collect(Collectors.toMap(one -> one.getKey().value(), one -> one.getValue()
                                .named())))
                .forEach((name, streams) -> lines.add("required " + name + " " + joined(streams)));
        ConsumerName uplink = GoldenLog.UPLINK;
        Set<StreamName> both = Set.of(GoldenLog.ALARMS, GoldenLog.PRESSES);
        CheckpointScope alarms = new CheckpointScope.OneShard(new ShardId(GoldenLog.ALARMS, 0));
        log.checkpoint(uplink, alarms)
                .ifPresent(place -> lines.add("place " + uplink.value() + " in alarms/0: " + line(place)));
        log.checkpoint(GoldenLog.RULES, new CheckpointScope.CommitOrder(both))
                .ifPresent(place ->
                        lines.add("place " + GoldenLog.RULES.value() + " in " + joined(both) + ": " + line(place)));
        for (String key : log.stateKeys("")) {
            lines.add("state " + key + " " + hex(log.state(key).orElseThrow()));
        }
        Set<StreamName> all =
                log.admin().list().stream().map(StreamDescription::name).collect(Collectors.toSet());
        try (var cursor = log.cursor(all, LogPosition.TRIM_HORIZON)) {
            boolean atEnd;
            do {
                var batch = cursor.read(1 << 20);
                for (StreamRecord record : LogReader.records(batch.entries())) {
                    lines.add(line(record));
                }
                atEnd = batch.atEnd();
            } while (!atEnd);
        }
        return lines;
    }

    private static String joined(Set<StreamName> streams) {
        return new TreeSet<>(streams).stream().map(StreamName::value).collect(Collectors.joining(","));
    }

    private static String hex(Payload bytes) {
        return HexFormat.of().formatHex(bytes.toBytes());
    }

    private static String line(StreamDescription stream) {
        StreamSettings settings = stream.settings();
        return "stream " + stream.name() + " shards " + settings.shards() + " retention "
                + settings.retention().toMillis() + " bytes-max " + settings.retainedBytesMax() + " record-max "
                + settings.recordBytesMax() + " on-full "
                + settings.onFull().name().toLowerCase(Locale.ROOT).replace('_', '-') + " priority "
                + settings.priority().text() + " mode " + settings.mode().text() + " received-max "
                + settings.receivedBytesMax() + " created " + stream.createdMillis();
    }

    private static String line(Checkpoint checkpoint) {
        String place = checkpoint instanceof Checkpoint.InShard in
                ? Long.toString(in.nextSequenceNumber())
                : ((Checkpoint.InCommitOrder) checkpoint).next().toString();
        return place + " " + hex(checkpoint.opaque());
    }

    private static String name(ShardId shard) {
        return shard.stream() + "/" + shard.number();
    }

    private static void add(List<String> lines, ShardLog log, ShardDescription shard) {
        LossLedger ledger = log.ledger(shard.id());
        assertThat(ledger.balances()).isTrue();
        lines.add("shard " + name(shard.id()) + " " + shard.range().startInclusive() + ".."
                + shard.range().endInclusive() + " of "
                + shard.parents().stream().map(ShardId::number).toList() + " " + (shard.open() ? "open" : "closed")
                + " next " + shard.nextSequenceNumber() + " horizon " + shard.horizon() + " bytes "
                + shard.retainedBytes() + " appended " + ledger.appended() + " expired " + ledger.expired()
                + " evicted " + ledger.evicted() + " corrupt " + ledger.corrupt());
        for (ShardEpoch epoch : log.epochs(shard.id())) {
            lines.add("epoch " + name(shard.id()) + " " + ShardEpoch.text(epoch.epoch()) + " "
                    + epoch.firstSequenceNumber() + ".." + epoch.nextSequenceNumber());
        }
        for (LogEntry entry : LogReader.all(log, shard.id(), new StartingPosition.AtSequenceNumber(1))) {
            if (entry instanceof Gap gap && gap.fromInclusive() >= shard.horizon()) {
                lines.add("hole " + name(shard.id()) + " " + gap.fromInclusive() + ".." + gap.toExclusive() + " "
                        + gap.reason().text() + (gap.exact() ? "" : " at most"));
            }
        }
    }

    private static String line(StreamRecord record) throws Exception {
        byte[] data = record.data().toBytes();
        return "record " + name(record.shard()) + " " + record.sequenceNumber() + " at " + record.position() + " epoch "
                + ShardEpoch.text(record.epoch()) + " key " + record.partitionKey() + " hash "
                + (record.explicitHashKey() == null ? "-" : record.explicitHashKey()) + " arrived "
                + record.arrivalTimeMillis() + " " + record.timeQuality().name().toLowerCase(Locale.ROOT) + " event "
                + record.eventTimeMillis() + " " + record.eventTimeFrom().name().toLowerCase(Locale.ROOT) + " "
                + record.contentType() + " {"
                + record.attributes().asMap().entrySet().stream()
                        .map(one -> one.getKey() + "=" + one.getValue())
                        .collect(Collectors.joining(","))
                + "} " + data.length + " "
                + HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(data));
    }
}
