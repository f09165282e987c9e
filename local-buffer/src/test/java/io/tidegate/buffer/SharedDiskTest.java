package io.tidegate.buffer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.tidegate.core.runtime.DiskBudget;
import io.tidegate.core.runtime.DiskUser;
import io.tidegate.core.runtime.FakeClock;
import io.tidegate.core.stream.AppendUnit;
import io.tidegate.core.stream.LossLedger;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StartingPosition;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamPriority;
import io.tidegate.core.stream.StreamSettings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A log that keeps to a limit which it shares. */
class SharedDiskTest {
    private static final StreamName BULK = new StreamName("bulk");
    private static final StreamName NORMAL = new StreamName("normal");
    private static final StreamName ALARMS = new StreamName("alarms");
    private static final int SEGMENT_BYTES = 256 << 10;
    private static final long DISK_BYTES = 2_800_000;

    @TempDir
    Path home;

    private final FakeClock clock = new FakeClock(1_800_000_000_000L);
    private final Random random = new Random(5);

    private static ShardId shard(StreamName stream) {
        return new ShardId(stream, 0);
    }

    private NewRecord record(StreamName stream, int bytes) {
        byte[] data = new byte[bytes - 1];
        random.nextBytes(data);
        return NewRecord.of(stream, "k", Payload.wrap(data));
    }

    /** Each round brings 32 kB of bulk and 1 kB of each of the others. */
    private void append(ShardLog log, int rounds) throws Exception {
        for (int round = 0; round < rounds; round++) {
            List<NewRecord> records = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                records.add(record(BULK, 4000));
            }
            records.add(record(NORMAL, 1000));
            records.add(record(ALARMS, 1000));
            LogReader.commit(log, new AppendUnit(records, List.of(), List.of(), List.of()));
        }
    }

    private ShardLog open() {
        ShardLog log = OpenedLogs.open(OpenedLogs.settings(home).withSegmentBytes(SEGMENT_BYTES), clock);
        log.admin().create(StreamSettings.of(StreamName.GAPS));
        log.admin().create(StreamSettings.of(BULK).withPriority(StreamPriority.BULK));
        log.admin().create(StreamSettings.of(NORMAL));
        log.admin().create(StreamSettings.of(ALARMS).withPriority(StreamPriority.IMPORTANT));
        return log;
    }

    private static void awaitWithin(ShardLog log, DiskBudget budget) {
        await().atMost(Duration.ofSeconds(60)).untilAsserted(() -> {
            log.lookNow();
            assertThat(budget.status().excessBytes()).isZero();
        });
    }

    /** Keeps some bytes and gives them all up when it is asked. */
    private static DiskUser video(AtomicLong bytes) {
        return new DiskUser() {
            @Override
            public long usedBytes() {
                return bytes.get();
            }

            @Override
            public long reclaim(long bytesMin) {
                return bytes.getAndSet(0);
            }
        };
    }

    @Test
    void cap_isKept_videoFirst_thenBulk_importantLast_andLedgersBalanceAllTheTime() throws Exception {
        AtomicLong videoBytes = new AtomicLong(2_000_000);
        AtomicBoolean done = new AtomicBoolean();
        try (ShardLog log = open()) {
            DiskBudget budget = new DiskBudget(home, DISK_BYTES, 0);
            budget.add(video(videoBytes));
            log.share(budget);
            List<LossLedger> unbalanced = new ArrayList<>();
            CompletableFuture<Void> reader = CompletableFuture.runAsync(() -> {
                while (!done.get()) {
                    for (StreamName stream : List.of(BULK, NORMAL, ALARMS)) {
                        LossLedger ledger = log.ledger(shard(stream));
                        if (!ledger.balances()) {
                            unbalanced.add(ledger);
                        }
                    }
                }
            });
            append(log, 40);
            awaitWithin(log, budget);
            assertThat(log.ledger(shard(BULK)).evicted()).isZero();
            append(log, 110);
            awaitWithin(log, budget);
            done.set(true);
            reader.get(30, TimeUnit.SECONDS);
            assertThat(unbalanced).isEmpty();
            assertThat(videoBytes).hasValue(0);
            assertThat(log.ledger(shard(BULK)).evicted()).isPositive();
            assertThat(log.ledger(shard(NORMAL))).isEqualTo(new LossLedger(shard(NORMAL), 150, 150, 0, 0, 0));
            assertThat(log.ledger(shard(ALARMS))).isEqualTo(new LossLedger(shard(ALARMS), 150, 150, 0, 0, 0));
            assertThat(LogReader.records(LogReader.all(log, shard(ALARMS), new StartingPosition.TrimHorizon())))
                    .hasSize(150);
        }
        assertThat(LogCheck.run(home.resolve("log")).findings()).isEmpty();
    }

    /** What is evicted of each, the important first: who gives up later is looked at earlier. */
    private record Evicted(long alarms, long normal, long bulk) {}

    private static Evicted evicted(ShardLog log) {
        return new Evicted(
                log.ledger(shard(ALARMS)).evicted(),
                log.ledger(shard(NORMAL)).evicted(),
                log.ledger(shard(BULK)).evicted());
    }

    /** Room is taken bit by bit, in the end all of it; the newest two segments stay. */
    @Test
    void whenBulkIsGone_normalGoes_andImportantOnlyAfterThat() throws Exception {
        AtomicLong taken = new AtomicLong();
        List<Evicted> looks = new ArrayList<>();
        try (ShardLog log = open()) {
            append(log, 150);
            DiskBudget budget = new DiskBudget(home, 4_000_000, 0);
            budget.add(new DiskUser() {
                @Override
                public long usedBytes() {
                    return taken.get();
                }

                @Override
                public long reclaim(long bytesMin) {
                    return 0;
                }
            });
            log.share(budget);
            for (; taken.get() < 2_900_000; taken.addAndGet(100_000)) {
                await().atMost(Duration.ofSeconds(60)).untilAsserted(() -> {
                    log.lookNow();
                    looks.add(evicted(log));
                    assertThat(budget.status().excessBytes()).isZero();
                });
            }
            taken.set(4_000_000);
            await().atMost(Duration.ofSeconds(60)).untilAsserted(() -> {
                log.lookNow();
                looks.add(evicted(log));
                assertThat(log.ledger(shard(ALARMS)).retained()).isLessThan(25);
            });
            Evicted last = evicted(log);
            assertThat(looks.get(looks.size() / 2).bulk()).isPositive();
            assertThat(looks).anyMatch(look -> look.normal() > 0 && look.alarms() == 0);
            assertThat(looks).allSatisfy(look -> {
                assertThat(look.normal() == 0 || look.bulk() == last.bulk()).isTrue();
                assertThat(look.alarms() == 0 || look.normal() == last.normal()).isTrue();
            });
            assertThat(log.ledger(shard(BULK)).balances()).isTrue();
        }
        assertThat(LogCheck.run(home.resolve("log")).findings()).isEmpty();
    }
}
