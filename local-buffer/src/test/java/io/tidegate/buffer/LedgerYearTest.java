package io.tidegate.buffer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.tidegate.core.runtime.FakeClock;
import io.tidegate.core.stream.AppendUnit;
import io.tidegate.core.stream.Gap;
import io.tidegate.core.stream.GapReason;
import io.tidegate.core.stream.LogEntry;
import io.tidegate.core.stream.LossLedger;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StartingPosition;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamPriority;
import io.tidegate.core.stream.StreamSettings;
import java.nio.file.Path;
import java.sql.Connection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A year and a week, day by day: an alarm a day that is kept for a year, telemetry that goes after a week, and bulk that
 * goes when there is too much of it, all in the same blocks. What the ledgers say each day is worked out here.
 */
class LedgerYearTest {
    private static final StreamName ALARMS = new StreamName("alarms");
    private static final StreamName TELEMETRY = new StreamName("telemetry");
    private static final StreamName BULK = new StreamName("bulk");
    private static final int DAYS = 372;
    private static final int TELEMETRY_PER_DAY = 4;
    private static final int TELEMETRY_DAYS = 7;
    private static final int BULK_PER_DAY = 3;
    /** Nine days of 3 records with 2,000 bytes and a key of one are the most that fits. */
    private static final long BULK_BYTES_MAX = 60_000;

    private static final int BULK_DAYS = 9;
    private static final int RESTART_DAYS = 30;
    private static final int DAMAGE_DAY = 210;
    private static final int DAMAGED_DAY = 100;

    @TempDir
    Path home;

    private final FakeClock clock = new FakeClock(1_800_000_000_000L);
    private final Random random = new Random(4);
    private final List<Long> lsns = new ArrayList<>();

    private ShardLog open() {
        return OpenedLogs.open(
                OpenedLogs.settings(home).withSegmentBytes(64 << 10), clock, new Random(random.nextLong()));
    }

    private static ShardId shard(StreamName stream) {
        return new ShardId(stream, 0);
    }

    private NewRecord record(StreamName stream, int bytes) {
        byte[] data = new byte[bytes];
        random.nextBytes(data);
        return NewRecord.of(stream, "k", Payload.wrap(data));
    }

    private static String alarm(int day) {
        return "alarm of day " + day;
    }

    private void append(ShardLog log, int day) throws Exception {
        List<NewRecord> records = new ArrayList<>();
        for (int i = 0; i < TELEMETRY_PER_DAY; i++) {
            records.add(record(TELEMETRY, 500));
        }
        records.add(NewRecord.of(ALARMS, "a", Payload.ofUtf8(alarm(day))));
        for (int i = 0; i < BULK_PER_DAY; i++) {
            records.add(record(BULK, 2_000));
        }
        lsns.add(LogReader.commit(log, new AppendUnit(records, List.of(), List.of(), List.of()))
                .lsn());
    }

    /** At the end of a day, days counted from 0: what is 7 days old, or 365, has gone. */
    private static List<LossLedger> expected(int day) {
        int days = day + 1;
        int alarmsExpired = Math.max(0, days - 364);
        int corrupt = day >= DAMAGE_DAY ? 1 : 0;
        int telemetryKept = Math.min(days, TELEMETRY_DAYS - 1) * TELEMETRY_PER_DAY;
        int bulkKept = Math.min(days, BULK_DAYS) * BULK_PER_DAY;
        return List.of(
                new LossLedger(shard(ALARMS), days, days - alarmsExpired - corrupt, alarmsExpired, 0, corrupt),
                new LossLedger(
                        shard(TELEMETRY),
                        (long) days * TELEMETRY_PER_DAY,
                        telemetryKept,
                        (long) days * TELEMETRY_PER_DAY - telemetryKept,
                        0,
                        0),
                new LossLedger(
                        shard(BULK),
                        (long) days * BULK_PER_DAY,
                        bulkKept,
                        0,
                        (long) days * BULK_PER_DAY - bulkKept,
                        0));
    }

    private static List<LossLedger> ledgers(ShardLog log) {
        return List.of(log.ledger(shard(ALARMS)), log.ledger(shard(TELEMETRY)), log.ledger(shard(BULK)));
    }

    private void endOfDay(ShardLog log, int day) {
        clock.advance(Duration.ofDays(1));
        await().pollDelay(Duration.ZERO)
                .pollInterval(Duration.ofMillis(2))
                .atMost(Duration.ofSeconds(30))
                .untilAsserted(() -> {
                    log.lookNow();
                    List<LossLedger> found = ledgers(log);
                    assertThat(found).allMatch(LossLedger::balances);
                    assertThat(found).isEqualTo(expected(day));
                });
    }

    /** What can be read, record by record, is what the ledgers call retained. */
    private static void readAll(ShardLog log, int day) {
        for (LossLedger ledger : ledgers(log)) {
            List<LogEntry> entries = LogReader.all(log, ledger.shard(), new StartingPosition.TrimHorizon());
            assertThat(LogReader.records(entries)).hasSize((int) ledger.retained());
        }
        List<String> alarms = new ArrayList<>();
        for (int of = Math.max(0, day + 1 - 364); of <= day; of++) {
            if (of != DAMAGED_DAY || day < DAMAGE_DAY) {
                alarms.add(alarm(of));
            }
        }
        assertThat(LogReader.texts(LogReader.all(log, shard(ALARMS), new StartingPosition.TrimHorizon())))
                .isEqualTo(alarms);
    }

    /** One bit of a sealed segment, which has been rewritten long ago. */
    private void damage(long lsn) throws Exception {
        for (int number : SegmentFile.list(home.resolve("log"))) {
            try (Connection connection = Sql.openWritable(SegmentFile.path(home.resolve("log"), number))) {
                Sql.run(connection, "UPDATE block SET crc = crc + 1 WHERE lsn = " + lsn);
            }
        }
    }

    private void damageAndFind(int day) throws Exception {
        damage(lsns.get(DAMAGED_DAY));
        try (ShardLog log = open()) {
            List<LogEntry> entries = LogReader.all(log, shard(ALARMS), new StartingPosition.TrimHorizon());
            assertThat(entries.stream().filter(Gap.class::isInstance).map(Gap.class::cast))
                    .singleElement()
                    .matches(gap -> gap.reason() == GapReason.CORRUPT && gap.records() == 1 && gap.exact());
            await().until(() -> log.ledger(shard(ALARMS)).corrupt() == 1);
            assertThat(log.ledger(shard(ALARMS)).balances()).isTrue();
            assertThat(log.ledger(shard(ALARMS)).retained()).isEqualTo(day);
        }
    }

    @Test
    void alarmsOfAYear_stayBesideTelemetryAndBulk_andTheLedgersSayEachDayWhatBecameOfAll() throws Exception {
        ShardLog log = open();
        try {
            log.admin()
                    .create(StreamSettings.of(ALARMS)
                            .withRetention(Duration.ofDays(365))
                            .withPriority(StreamPriority.IMPORTANT));
            log.admin().create(StreamSettings.of(TELEMETRY).withRetention(Duration.ofDays(TELEMETRY_DAYS)));
            log.admin()
                    .create(StreamSettings.of(BULK)
                            .withRetention(Duration.ofDays(30))
                            .withRetainedBytesMax(BULK_BYTES_MAX)
                            .withPriority(StreamPriority.BULK));
            for (int day = 0; day < DAYS; day++) {
                append(log, day);
                if (day % RESTART_DAYS == 0) {
                    log.close();
                    if (day == DAMAGE_DAY) {
                        damageAndFind(day);
                    }
                    log = open();
                }
                endOfDay(log, day);
                if (day % RESTART_DAYS == RESTART_DAYS - 1 || day == DAYS - 1) {
                    readAll(log, day);
                }
            }
            // Of nearly 3 MB that came the alarms stay, a few kB, in the frames of their segments.
            assertThat(log.status().bytesOnDisk()).isLessThan(2_000_000);
        } finally {
            log.close();
        }
        // The one that was damaged, which is counted.
        assertThat(LogCheck.run(home.resolve("log")).findings()).isNotEmpty().allMatch(LogCheck.Finding::accounted);
    }
}
