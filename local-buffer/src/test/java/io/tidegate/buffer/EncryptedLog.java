package io.tidegate.buffer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.tidegate.core.runtime.FakeClock;
import io.tidegate.core.stream.AppendUnit;
import io.tidegate.core.stream.Attributes;
import io.tidegate.core.stream.Checkpoint;
import io.tidegate.core.stream.CheckpointScope;
import io.tidegate.core.stream.CheckpointUpdate;
import io.tidegate.core.stream.ConsumerName;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StartingPosition;
import io.tidegate.core.stream.StateUpdate;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamSettings;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.io.TempDir;

/** A log under one key after another, and what its files hold. */
abstract class EncryptedLog {
    static final StreamName STREAM = new StreamName("press");
    static final ShardId SHARD = new ShardId(STREAM, 0);
    static final StartingPosition TRIM = new StartingPosition.TrimHorizon();

    @TempDir
    Path directory;

    final FakeClock clock = new FakeClock(1_800_000_000_000L);
    int opened;

    Path home() {
        return directory.resolve("home");
    }

    Path files() {
        return home().resolve("log");
    }

    ShardLog open(LogEncryption encryption) {
        return open(home(), encryption);
    }

    ShardLog open(Path home, LogEncryption encryption) {
        ShardLogSettings settings =
                OpenedLogs.settings(home).withSegmentBytes(64 << 10).withEncryption(encryption);
        return OpenedLogs.open(settings, clock, new Random(++opened));
    }

    static void create(ShardLog log) {
        log.admin().create(StreamSettings.of(StreamName.GAPS));
        log.admin().create(StreamSettings.of(STREAM));
    }

    /** One commit per record, of about half a KiB. */
    static void append(ShardLog log, int from, int to) throws Exception {
        for (int i = from; i < to; i++) {
            LogReader.commit(log, AppendUnit.of(NewRecord.of(STREAM, "k", Payload.ofUtf8(text(i)))));
        }
    }

    static String text(int number) {
        return "<" + number + ">" + "x".repeat(500);
    }

    static List<String> texts(int from, int to) {
        return IntStream.range(from, to).mapToObj(EncryptedLog::text).toList();
    }

    static List<String> read(ShardLog log) {
        return LogReader.texts(LogReader.all(log, SHARD, TRIM));
    }

    void awaitSealed(ShardLog log, int number) {
        await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> {
            log.lookNow();
            assertThat(SegmentFile.isInWalMode(SegmentFile.path(files(), number)))
                    .isFalse();
        });
    }

    static String allBytes(Path log) throws IOException {
        StringBuilder all = new StringBuilder();
        Keys.content(log).forEach((name, bytes) -> bytes.forEach(one -> all.append((char) (one & 0xff))));
        return all.toString();
    }

    void writeMarked(LogEncryption encryption) throws Exception {
        try (ShardLog log = open(encryption)) {
            log.admin().create(StreamSettings.of(new StreamName("marker-stream")));
            NewRecord record = NewRecord.of(
                            new StreamName("marker-stream"), "MARKER-key", Payload.ofUtf8("MARKER-data"))
                    .withAttributes(Attributes.of(Map.of("marker-attribute", "MARKER-value")));
            CheckpointScope scope = new CheckpointScope.OneShard(new ShardId(new StreamName("marker-stream"), 0));
            for (int i = 0; i < 200; i++) {
                LogReader.commit(
                        log,
                        new AppendUnit(
                                List.of(record.withDeviceNumber((long) i)),
                                List.of(new CheckpointUpdate(
                                        new ConsumerName("marker-consumer"),
                                        scope,
                                        new Checkpoint.InShard(1, Payload.ofUtf8("MARKER-opaque")))),
                                List.of(new StateUpdate(
                                        "marker-state", Payload.ofUtf8("MARKER-state" + "y".repeat(400)))),
                                List.of()));
            }
            await().until(() -> log.status().segments() >= 2);
            Keys.copyAsCrashed(log, home(), directory.resolve("while-open"));
        }
    }

    StoredBlock stored(int segment, long lsn) throws Exception {
        try (Connection connection = Sql.openWritable(SegmentFile.path(files(), segment));
                Statement statement = connection.createStatement();
                ResultSet row =
                        statement.executeQuery("SELECT " + BlockRows.COLUMNS + " FROM block WHERE lsn = " + lsn)) {
            assertThat(row.next()).isTrue();
            return BlockRows.read(row);
        }
    }

    static long lsn(ShardLog log, int number) {
        return LogReader.records(LogReader.all(log, SHARD, new StartingPosition.AtSequenceNumber(number)))
                .get(0)
                .position()
                .lsn();
    }

    int segmentOf(long lsn) throws Exception {
        for (int number : SegmentFile.list(files())) {
            try (Connection connection = Sql.openWritable(SegmentFile.path(files(), number))) {
                if (Sql.number(connection, "SELECT count(*) FROM block WHERE lsn = " + lsn) == 1) {
                    return number;
                }
            }
        }
        throw new AssertionError("no segment has commit " + lsn);
    }
}
