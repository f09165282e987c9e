package io.tidegate.buffer;

import io.tidegate.core.runtime.EffectiveClock;
import io.tidegate.core.runtime.FakeClock;
import io.tidegate.core.stream.AppendUnit;
import io.tidegate.core.stream.Attributes;
import io.tidegate.core.stream.Checkpoint;
import io.tidegate.core.stream.CheckpointScope;
import io.tidegate.core.stream.CheckpointUpdate;
import io.tidegate.core.stream.ConsumerName;
import io.tidegate.core.stream.FullPolicy;
import io.tidegate.core.stream.HashKey;
import io.tidegate.core.stream.LogPosition;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StartingPosition;
import io.tidegate.core.stream.StateUpdate;
import io.tidegate.core.stream.StreamMode;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamPriority;
import io.tidegate.core.stream.StreamSelection;
import io.tidegate.core.stream.StreamSettings;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.awaitility.Awaitility;

/**
 * Makes the golden directory {@code src/test/resources/golden-log-1}: a small log of format 1 that has lived through
 * everything, and that every later version must read. Made once; a change of the format gets another directory.
 *
 * <p>A second one beside it, {@code golden-log-1-encrypted}, is under two keys.
 *
 * <p>Three lives, in two boots; the first begins without knowing the time. The last one ends without closing anything.
 */
final class GoldenLog {
    static final StreamName PRESSES = new StreamName("presses");
    static final StreamName ALARMS = new StreamName("alarms");
    static final StreamName ORDERS = new StreamName("orders");
    static final StreamName PASSING = new StreamName("passing");
    static final ConsumerName UPLINK = new ConsumerName("central");
    static final ConsumerName RULES = new ConsumerName("rules");
    /** When the machine learns the time: 2027-01-15T08:00:00Z. */
    static final long TRUE_MILLIS = 1_800_000_000_000L;

    /** 32 bytes each. */
    static final List<String> KEYS = List.of("the first golden test key, 32 b.", "the second golden test key, 32 b");

    private final Path home;
    private final Random random = new Random(20_261_125);
    private final AtomicBoolean synced = new AtomicBoolean();
    private FakeClock clock = new FakeClock(0);
    private ShardLog log;
    private long damagedLsn;

    private GoldenLog(Path home, LogEncryption encryption) {
        this.home = home;
        this.log = open(Compression.NONE, 0x10, encryption);
    }

    /** Of those keys, the first so many. */
    static LogEncryption encryption(int keys) {
        List<MasterKey> newestFirst = new ArrayList<>();
        for (String key : KEYS.subList(0, keys)) {
            newestFirst.add(0, MasterKey.of(key.getBytes(StandardCharsets.US_ASCII)));
        }
        return LogEncryption.of(newestFirst);
    }

    public static void main(String[] arguments) throws Exception {
        Path target = Path.of(arguments[0]);
        new GoldenLog(Files.createTempDirectory("tidegate-golden"), LogEncryption.none()).live(target);
        Path encrypted = target.resolveSibling(target.getFileName() + "-encrypted");
        new GoldenLog(Files.createTempDirectory("tidegate-golden"), encryption(1)).liveEncrypted(encrypted);
    }

    private ShardLog open(Compression compression, long boot, LogEncryption encryption) {
        ShardLogSettings settings = ShardLogSettings.of(home.resolve("log"), "golden-gateway")
                .withSegmentBytes(64 << 10)
                .withEncryption(encryption)
                .withCompression(compression);
        EffectiveClock effective = new EffectiveClock(clock, synced::get, OpenedLogs.BUILD_MILLIS);
        return ShardLog.open(settings, clock, effective, random, boot);
    }

    private void live(Path target) throws Exception {
        firstLife();
        log.close();
        synced.set(false);
        clock = new FakeClock(TRUE_MILLIS + Duration.ofDays(1).toMillis());
        synced.set(true);
        log = open(Compression.ZSTD, 0x11, LogEncryption.none());
        secondLife();
        log.close();
        damage();
        clock.advance(Duration.ofMinutes(5));
        log = open(Compression.ZSTD, 0x11, LogEncryption.none());
        thirdLife();
        copyTo(target);
        log.close();
    }

    /** The first life, and a moment after the key was changed. */
    private void liveEncrypted(Path target) throws Exception {
        firstLife();
        log.close();
        clock.advance(Duration.ofMinutes(5));
        log = open(Compression.ZSTD, 0x10, encryption(2));
        readings(31, 33);
        copyTo(target);
        log.close();
    }

    private void firstLife() throws Exception {
        log.admin().create(StreamSettings.of(StreamName.GAPS));
        log.admin().create(StreamSettings.of(StreamName.CLOCK));
        log.admin()
                .create(StreamSettings.of(PRESSES)
                        .withShards(2)
                        .withRetention(Duration.ofHours(24))
                        .withMode(StreamMode.PROVISIONED));
        log.admin()
                .create(StreamSettings.of(ALARMS)
                        .withRetention(Duration.ofDays(365))
                        .withRetainedBytesMax(6_000)
                        .withPriority(StreamPriority.IMPORTANT));
        log.admin()
                .create(StreamSettings.of(ORDERS)
                        .withRetainedBytesMax(200_000)
                        .withRecordBytesMax(2 << 20)
                        .withOnFull(FullPolicy.REJECT));
        log.admin().create(StreamSettings.of(PASSING));
        log.admin().require(Map.of(UPLINK, new StreamSelection(Set.of(ALARMS)), RULES, new StreamSelection(Set.of())));
        log.admin().require(Map.of(UPLINK, new StreamSelection(Set.of(ALARMS))));
        readings(1, 10);
        append(NewRecord.of(PASSING, "a", Payload.ofUtf8("{\"passing\":1}")));
        append(NewRecord.of(PASSING, "b", Payload.ofUtf8("{\"passing\":2}")));
        log.admin().delete(PASSING);
        append(NewRecord.of(ORDERS, "early", Payload.ofUtf8("{\"order\":\"early\"}")));
        // The machine learns the time; the writer looks with its next commit.
        clock.setWall(TRUE_MILLIS);
        synced.set(true);
        readings(11, 20);
        log.admin().split(new ShardId(PRESSES, 0), new HashKey(BigInteger.ONE.shiftLeft(126)));
        readings(21, 30);
    }

    private void secondLife() throws Exception {
        clock.advance(Duration.ofHours(25));
        Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> {
            log.lookNow();
            return log.ledger(new ShardId(PRESSES, 1)).retained() == 0
                    && log.ledger(new ShardId(PRESSES, 2)).retained() == 0;
        });
        for (int i = 1; i <= 9; i++) {
            clock.advance(Duration.ofSeconds(10));
            append(NewRecord.of(
                    ALARMS, "boiler", Payload.ofUtf8("{\"alarm\":" + i + ",\"text\":\"" + "hot ".repeat(249) + "\"}")));
        }
        Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> {
            log.lookNow();
            return log.ledger(new ShardId(ALARMS, 0)).evicted() > 0;
        });
        readings(31, 40);
        log.admin().merge(new ShardId(PRESSES, 3), new ShardId(PRESSES, 1));
        orders();
        places();
    }

    private void thirdLife() throws Exception {
        readings(41, 44);
        Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> {
            LogReader.all(log, new ShardId(ORDERS, 0), new StartingPosition.TrimHorizon());
            return log.ledger(new ShardId(ORDERS, 0)).corrupt() > 0;
        });
        // Set back, not followed: an estimate again, with an era that corrects it.
        clock.setWall(clock.wallMillis() - Duration.ofHours(1).toMillis());
        readings(45, 50);
        clock.advance(Duration.ofSeconds(2));
        append(NewRecord.of(ORDERS, "last", Payload.ofUtf8("{\"order\":\"last\"}")));
    }

    /** Reading n of press n modulo 4; some have everything that a record can have. */
    private void readings(int first, int last) throws Exception {
        for (int n = first; n <= last; n++) {
            clock.advance(Duration.ofMinutes(1));
            NewRecord record = NewRecord.of(PRESSES, "press-" + n % 4, Payload.ofUtf8(text(n)));
            if (n % 5 == 0) {
                record = record.withExplicitHashKey(new HashKey(BigInteger.ONE.shiftLeft(n % 128)))
                        .withAttributes(Attributes.of(new TreeMap<>(Map.of("device", "press-" + n % 4, "seq", "" + n))))
                        .withContentType("text/plain");
            }
            if (n % 3 == 0) {
                record = record.withDeviceNumber((long) n).withDeviceTime(TRUE_MILLIS - n);
            }
            append(record);
            if (n % 3 == 0) {
                append(record); // a second copy, recognised
            }
        }
    }

    static String text(int n) {
        return "{\"reading\":" + n + ",\"padding\":\"" + "abcdefghij".repeat(n) + "\"}";
    }

    /** Bytes that do not compress, and bytes that do; in one block, and in blocks of their own. */
    private void orders() throws Exception {
        byte[] noise = new byte[16_000];
        random.nextBytes(noise);
        List<NewRecord> unit = new ArrayList<>();
        unit.add(NewRecord.of(ORDERS, "noise", Payload.wrap(noise)).withContentType("application/octet-stream"));
        unit.add(NewRecord.of(ORDERS, "words", Payload.ofUtf8("order ".repeat(4_000))));
        unit.add(NewRecord.of(PRESSES, "with-orders", Payload.ofUtf8("{\"beside\":true}")));
        log.append(AppendUnit.of(unit)).join();
        damagedLsn = LogReader.commit(
                        log, AppendUnit.of(NewRecord.of(ORDERS, "damaged", Payload.ofUtf8("this record is damaged"))))
                .lsn();
        append(NewRecord.of(ORDERS, "empty", Payload.ofUtf8("")));
        append(NewRecord.of(ORDERS, "Straße", Payload.ofUtf8("\u00fcber \ud83c\udf0a")));
        for (int i = 0; i < 3; i++) {
            random.nextBytes(noise);
            append(NewRecord.of(ORDERS, "noise", Payload.wrap(noise.clone())));
        }
    }

    private void places() throws Exception {
        ShardId alarms = new ShardId(ALARMS, 0);
        Set<StreamName> both = Set.of(ALARMS, PRESSES);
        LogReader.commit(
                log,
                new AppendUnit(
                        List.of(),
                        List.of(
                                new CheckpointUpdate(
                                        UPLINK,
                                        new CheckpointScope.OneShard(alarms),
                                        new Checkpoint.InShard(7, Payload.ofUtf8("opaque"))),
                                new CheckpointUpdate(
                                        RULES,
                                        new CheckpointScope.CommitOrder(both),
                                        new Checkpoint.InCommitOrder(new LogPosition(60, 0), Payload.EMPTY))),
                        List.of(
                                new StateUpdate("rules/total", Payload.ofUtf8("42")),
                                new StateUpdate("rules/gone", Payload.ofUtf8("soon"))),
                        List.of()));
        LogReader.commit(
                log, new AppendUnit(List.of(), List.of(), List.of(new StateUpdate("rules/gone", null)), List.of()));
    }

    private void append(NewRecord record) throws Exception {
        LogReader.commit(log, AppendUnit.of(record));
    }

    /** One bit of a block, in a segment that is sealed. */
    private void damage() throws IOException, SQLException {
        for (int number : SegmentFile.list(home.resolve("log"))) {
            Path file = SegmentFile.path(home.resolve("log"), number);
            byte[] body;
            try (Connection connection = Sql.openImmutable(file);
                    Statement statement = connection.createStatement();
                    ResultSet row = statement.executeQuery("SELECT body FROM block WHERE lsn = " + damagedLsn)) {
                if (!row.next()) {
                    continue;
                }
                body = SegmentFile.bytes(row, 1);
            }
            String whole = Files.readString(file, StandardCharsets.ISO_8859_1);
            int at = whole.indexOf(new String(body, StandardCharsets.ISO_8859_1));
            try (RandomAccessFile open = new RandomAccessFile(file.toFile(), "rw")) {
                open.seek(at);
                open.write(whole.charAt(at) ^ 1);
            }
            return;
        }
        throw new IllegalStateException("the record to be damaged is in no segment");
    }

    /** When nothing changes any more: as a kill leaves it. */
    private void copyTo(Path target) throws IOException {
        Awaitility.await().atMost(Duration.ofSeconds(30)).until(() -> {
            log.lookNow();
            try (Stream<Path> files = Files.list(home.resolve("log"))) {
                List<String> names = files.map(Path::toString).toList();
                return names.stream().filter(name -> name.endsWith("-wal")).count() == 1
                        && names.stream().noneMatch(name -> name.endsWith("-journal") || name.contains(".new"));
            }
        });
        Awaitility.await().pollDelay(Duration.ofSeconds(2)).until(() -> true);
        LogModelMachine.delete(target);
        Files.createDirectories(target);
        try (Stream<Path> files = Files.list(home.resolve("log"))) {
            for (Path file : files.toList()) {
                String name = file.getFileName().toString();
                if (!name.equals("LOCK") && !name.endsWith("-shm")) {
                    Files.copy(file, target.resolve(name));
                }
            }
        }
    }
}
