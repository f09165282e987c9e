package io.tidegate.buffer;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidegate.core.runtime.Ballast;
import io.tidegate.core.runtime.ClockSync;
import io.tidegate.core.runtime.EffectiveClock;
import io.tidegate.core.runtime.SystemClock;
import io.tidegate.core.stream.AppendResult;
import io.tidegate.core.stream.AppendUnit;
import io.tidegate.core.stream.Checkpoint;
import io.tidegate.core.stream.CheckpointScope;
import io.tidegate.core.stream.CheckpointUpdate;
import io.tidegate.core.stream.ConsumerName;
import io.tidegate.core.stream.LogPosition;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.ProducerName;
import io.tidegate.core.stream.PutAnswer;
import io.tidegate.core.stream.PutAnswers;
import io.tidegate.core.stream.PutListener;
import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StartingPosition;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamProducer;
import io.tidegate.core.stream.StreamSettings;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** On file systems of 4 MiB, which are full soon. */
@ParameterizedClass
@EnumSource(FullDiskIT.FileSystem.class)
class FullDiskIT {
    /** How a small disk is made; DISK is where it is seen, IMAGE a file that may hold it. */
    enum FileSystem {
        TMPFS("mount -t tmpfs -o size=4m tmpfs DISK"),
        /**
         * With a journal, and space that is promised before it is used. In blocks of 4 KiB, as on every disk of 512 MiB and
         * more: with smaller ones SQLite does not get all of the shared memory that it asks for, and the process dies.
         */
        EXT4("truncate -s 9M IMAGE && mkfs.ext4 -q -b 4096 -m 0 -J size=4 -N 128 IMAGE && mount -o loop IMAGE DISK");

        private final String command;

        FileSystem(String command) {
            this.command = command;
        }
    }

    @Parameter
    private FileSystem fileSystem = FileSystem.TMPFS;

    private static final StreamName STREAM = new StreamName("press");
    private static final ShardId SHARD = new ShardId(STREAM, 0);

    /** How far a device sends ahead of its acknowledgements. */
    private static final int AHEAD_MAX = 8;

    @TempDir
    Path temporary;

    /** Not acknowledged and not refused: may be found when the log is opened again. */
    private final List<String> unknown = new ArrayList<>();

    private Path disk = Path.of("unset");

    @BeforeEach
    void mount() throws Exception {
        // The driver's library would fill the small disk: it is loaded from elsewhere before.
        OpenedLogs.open(temporary.resolve("other")).close();
        disk = Files.createDirectory(temporary.resolve("disk"));
        String image = temporary.resolve("image").toString();
        Command.run(
                "bash",
                "-c",
                fileSystem.command.replace("DISK", disk.toString()).replace("IMAGE", image));
    }

    @AfterEach
    void unmount() throws Exception {
        Command.run("umount", "-l", disk.toString());
    }

    private static NewRecord record(int number) {
        return NewRecord.of(STREAM, "k", Payload.ofUtf8(number + "-" + "x".repeat(20_000)));
    }

    @Test
    void append_whileTheDiskIsFull_isRefused_andNothingIsLostNorStoredTwice() throws Exception {
        Path reserve = Files.write(disk.resolve("reserve"), new byte[256 << 10]);
        Path ballast = Files.write(disk.resolve("ballast"), new byte[1 << 20]);
        ShardLogSettings settings =
                OpenedLogs.settings(disk).withSegmentBytes(1 << 20).withCompression(Compression.NONE);
        List<String> stored = new ArrayList<>();
        try (ShardLog log = OpenedLogs.open(settings, new SystemClock())) {
            log.admin().create(StreamSettings.of(STREAM));
            int number = fill(log, stored);
            assertThat(log.status().failure()).isNotNull();
            assertThat(LogReader.texts(LogReader.all(log, SHARD, new StartingPosition.TrimHorizon())))
                    .hasSameSizeAs(stored)
                    .isEqualTo(stored);
            Files.delete(ballast);
            for (int i = 0; i < 5; i++) {
                LogReader.commit(log, AppendUnit.of(record(++number)));
                stored.add(record(number).data().utf8());
            }
            assertThat(log.status().failure()).isNull();
            fill(log, stored);
            assertThat(unknown).hasSizeLessThanOrEqualTo(2);
        }
        Files.delete(reserve);
        assertThat(LogCheck.run(disk.resolve("log")).findings()).isEmpty();
        try (ShardLog log = OpenedLogs.open(settings, new SystemClock())) {
            List<String> found = LogReader.texts(LogReader.all(log, SHARD, new StartingPosition.TrimHorizon()));
            assertThat(heads(found)).containsSubsequence(heads(stored));
            assertThat(found).doesNotHaveDuplicates();
            assertThat(found).allMatch(text -> stored.contains(text) || unknown.contains(text));
        }
    }

    @Test
    void records_behindARefusedOne_areRefusedToo_soThatSendingThemAgainKeepsTheirOrder() throws Exception {
        Path ballast = Files.write(disk.resolve("ballast"), new byte[2 << 20]);
        ShardLogSettings settings =
                OpenedLogs.settings(disk).withSegmentBytes(1 << 20).withCompression(Compression.NONE);
        AtomicLong firstRefused = new AtomicLong(Long.MAX_VALUE);
        AtomicLong answered = new AtomicLong();
        Semaphore writable = new Semaphore(0);
        PutListener listener = new PutListener() {
            @Override
            public void onAnswers(PutAnswers oneCommit) {
                for (PutAnswer answer : oneCommit.answers()) {
                    if (!answer.isStored() && answer.correlation() < firstRefused.get()) {
                        firstRefused.set(answer.correlation());
                        // There is room from now on: whatever came next would be stored.
                        assertThat(ballast.toFile().delete()).isTrue();
                    }
                }
                answered.addAndGet(oneCommit.answers().size());
            }

            @Override
            public void onWritable() {
                writable.release();
            }
        };
        try (ShardLog log = OpenedLogs.open(settings, new SystemClock())) {
            log.admin().create(StreamSettings.of(STREAM));
            StreamProducer producer = log.producer(new ProducerName("pipelining"), listener);
            int offered = 0;
            boolean turnedAway = false;
            while (firstRefused.get() == Long.MAX_VALUE || !turnedAway) {
                if (offered - answered.get() < AHEAD_MAX || firstRefused.get() != Long.MAX_VALUE) {
                    turnedAway = !producer.offer(record(offered + 1), offered + 1);
                    offered += turnedAway ? 0 : 1;
                }
                assertThat(offered).isLessThan(1_000);
            }
            long last = offered;
            Awaitility.await().until(() -> answered.get() == last);
            for (long number = firstRefused.get(); number <= last; number++) {
                while (!producer.offer(record((int) number), number)) {
                    assertThat(writable.tryAcquire(30, TimeUnit.SECONDS)).isTrue();
                }
            }
            producer.close();
        }
        try (ShardLog log = OpenedLogs.open(settings, new SystemClock())) {
            List<Integer> found =
                    heads(LogReader.texts(LogReader.all(log, SHARD, new StartingPosition.TrimHorizon()))).stream()
                            .map(Integer::valueOf)
                            .toList();
            assertThat(found).isSorted();
            assertThat(firstRefused.get()).isLessThan(Long.MAX_VALUE);
        }
    }

    private ShardLog openWithBallast() {
        return openWithBallast(ClockSync.TRUSTED);
    }

    private ShardLog openWithBallast(ClockSync sync) {
        SystemClock clock = new SystemClock();
        return ShardLog.open(
                OpenedLogs.settings(disk).withSegmentBytes(1 << 20),
                clock,
                new EffectiveClock(clock, sync, OpenedLogs.BUILD_MILLIS),
                new Random(7),
                Ballast.in(disk.resolve("ballast"), 512 << 10));
    }

    private Path fillTheRest() throws IOException {
        Path filler = disk.resolve("filler");
        try (OutputStream out = Files.newOutputStream(filler)) {
            while (true) {
                out.write(new byte[4096]);
            }
        } catch (IOException e) {
            // ext4 keeps a little for what it must write down itself.
            assertThat(disk.toFile().getUsableSpace()).isLessThan(64 << 10);
            return filler;
        }
    }

    private static AppendUnit checkpoint(long next) {
        return new AppendUnit(
                List.of(),
                List.of(new CheckpointUpdate(
                        new ConsumerName("reader"),
                        new CheckpointScope.OneShard(SHARD),
                        new Checkpoint.InShard(next, Payload.EMPTY))),
                List.of(),
                List.of());
    }

    @Test
    void log_opensOnACompletelyFullDisk_keepsCheckpoints_andTakesRecordsAgainWithin5sOfTheEnd() throws Exception {
        List<String> stored = new ArrayList<>();
        try (ShardLog log = openWithBallast()) {
            log.admin().create(StreamSettings.of(STREAM));
            for (int number = 1; number <= 5; number++) {
                LogReader.commit(log, AppendUnit.of(record(number)));
                stored.add(record(number).data().utf8());
            }
        }
        Path filler = fillTheRest();
        try (ShardLog log = openWithBallast()) {
            assertThat(LogReader.append(log, AppendUnit.of(record(6))))
                    .isInstanceOfSatisfying(AppendResult.Refused.class, refused -> assertThat(refused.reason())
                            .contains("disk is full"));
            assertThat(log.status().failure()).isEqualTo("the disk is full");
            LogReader.commit(log, checkpoint(4));
            assertThat(LogReader.texts(LogReader.all(log, SHARD, new StartingPosition.TrimHorizon())))
                    .isEqualTo(stored);
            Files.delete(filler);
            Awaitility.await().atMost(Duration.ofSeconds(5)).until(() -> {
                AppendResult result = LogReader.append(log, AppendUnit.of(record(6)));
                return result instanceof AppendResult.Committed;
            });
            assertThat(disk.resolve("ballast")).hasSize(512 << 10);
            assertThat(log.status().failure()).isNull();
        }
        assertThat(LogCheck.run(disk.resolve("log")).findings()).isEmpty();
    }

    /** Others fill the disk under a log that runs, and make room again; a device goes on sending all the time. */
    @Test
    void log_thatRuns_takesRecordsAgainWithin5sAfterOthersMakeRoom_inOrder_andNoneIsLost() throws Exception {
        List<String> stored = new ArrayList<>();
        long resumedMillis;
        try (ShardLog log = openWithBallast()) {
            log.admin().create(StreamSettings.of(STREAM));
            Awaitility.await().until(() -> Files.exists(disk.resolve("ballast")));
            LogReader.commit(log, AppendUnit.of(record(0)));
            stored.add(record(0).data().utf8());
            Path filler = fillTheRest();
            int number = fill(log, stored);
            assertThat(log.status().failure()).isNotNull();
            Files.delete(filler);
            SystemClock clock = new SystemClock();
            long start = clock.monotonicNanos();
            NewRecord next = record(number);
            Awaitility.await()
                    .pollInterval(Duration.ofMillis(20))
                    .atMost(Duration.ofSeconds(5))
                    .until(() -> LogReader.append(log, AppendUnit.of(next)) instanceof AppendResult.Committed);
            resumedMillis = (clock.monotonicNanos() - start) / 1_000_000;
            stored.add(next.data().utf8());
        }
        System.out.println("On " + fileSystem + " records were taken again after " + resumedMillis + " ms");
        assertThat(LogCheck.run(disk.resolve("log")).findings()).isEmpty();
        try (ShardLog log = openWithBallast()) {
            List<String> found = LogReader.texts(LogReader.all(log, SHARD, new StartingPosition.TrimHorizon()));
            assertThat(heads(found)).containsSubsequence(heads(stored));
            assertThat(found).allMatch(text -> stored.contains(text) || unknown.contains(text));
        }
    }

    @Test
    void diskThatIsFullOfRecords_keepsCheckpointsAndHorizons_andTheOldestRecordsMakeRoom() throws Exception {
        try (ShardLog log = openWithBallast()) {
            log.admin().create(StreamSettings.of(STREAM));
            List<String> stored = new ArrayList<>();
            fill(log, stored);
            assertThat(disk.resolve("ballast")).doesNotExist();
            LogReader.commit(log, checkpoint(2));
            log.admin().configure(StreamSettings.of(STREAM).withRetainedBytesMax(500_000));
            int number = 100_000;
            Awaitility.await().atMost(Duration.ofSeconds(10)).until(() -> {
                log.lookNow();
                return LogReader.append(log, AppendUnit.of(record(number))) instanceof AppendResult.Committed;
            });
            assertThat(log.ledger(SHARD).balances()).isTrue();
            assertThat(log.ledger(SHARD).evicted()).isPositive();
        }
        assertThat(LogCheck.run(disk.resolve("log")).findings()).isEmpty();
    }

    @Test
    void clockThatIsSetWhileTheDiskIsFull_isTold() throws Exception {
        AtomicBoolean isSynchronised = new AtomicBoolean();
        try (ShardLog log = openWithBallast(isSynchronised::get)) {
            log.admin().create(StreamSettings.of(STREAM));
            log.admin().create(StreamSettings.of(StreamName.CLOCK));
            LogReader.commit(log, AppendUnit.of(record(1)));
        }
        fillTheRest();
        try (ShardLog log = openWithBallast(isSynchronised::get)) {
            assertThat(LogReader.append(log, AppendUnit.of(record(2)))).isInstanceOf(AppendResult.Refused.class);
            isSynchronised.set(true);
            Awaitility.await().atMost(Duration.ofSeconds(10)).untilAsserted(() -> assertThat(
                            LogReader.texts(LogReader.all(log, StreamName.CLOCK, LogPosition.TRIM_HORIZON)))
                    .singleElement()
                    .asString()
                    .contains("\"type\":\"clock-sync\""));
            assertThat(LogReader.append(log, AppendUnit.of(record(2)))).isInstanceOf(AppendResult.Refused.class);
        }
    }

    private static List<String> heads(List<String> texts) {
        return texts.stream().map(text -> text.substring(0, text.indexOf('-'))).toList();
    }

    /** Appends until ten in a row are refused; returns the last number tried. */
    private int fill(ShardLog log, List<String> stored) throws Exception {
        int refused = 0;
        int number = 1000 * stored.size();
        while (refused < 10) {
            AppendResult result = LogReader.append(log, AppendUnit.of(record(++number)));
            if (result instanceof AppendResult.Committed) {
                refused = 0;
                stored.add(record(number).data().utf8());
            } else {
                if (result instanceof AppendResult.Unknown) {
                    unknown.add(record(number).data().utf8());
                } else {
                    assertThat(((AppendResult.Refused) result).retryAfter()).isPositive();
                }
                refused++;
            }
        }
        return number;
    }
}
