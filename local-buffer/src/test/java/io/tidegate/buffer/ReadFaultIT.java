package io.tidegate.buffer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.tidegate.core.runtime.SystemClock;
import io.tidegate.core.stream.AppendUnit;
import io.tidegate.core.stream.NewRecord;
import io.tidegate.core.stream.Payload;
import io.tidegate.core.stream.StreamName;
import io.tidegate.core.stream.StreamSettings;
import java.io.BufferedReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Sectors that cannot be read any more: what they held is a gap and counted, everything else is served, records are
 * taken, and a failure that passes loses nothing.
 */
class ReadFaultIT {
    private static final int RECORDS = 300;
    private static final int PAGE_BYTES = 4096;
    private static final int ALWAYS = 1_000_000;

    @TempDir
    Path temporary;

    private final List<String> lines = new ArrayList<>();
    private Path home = Path.of("unset");
    private DiskShim shim = new DiskShim(Path.of("unset"), Path.of("unset"));

    /** Sealed segments, and a live one whose write-ahead log is as a crash leaves it. */
    @BeforeEach
    void write() throws Exception {
        Path written = temporary.resolve("written");
        home = temporary.resolve("home");
        shim = DiskShim.bare(home, temporary);
        try (ShardLog log = OpenedLogs.open(
                OpenedLogs.settings(written).withSegmentBytes(ReadFaultChild.SEGMENT_BYTES), new SystemClock())) {
            log.admin().create(StreamSettings.of(StreamName.GAPS));
            log.admin().create(StreamSettings.of(ReadFaultChild.STREAM));
            for (int i = 1; i <= RECORDS; i++) {
                Payload data = Payload.ofUtf8("<" + i + ">" + "x".repeat(500));
                LogReader.commit(log, AppendUnit.of(NewRecord.of(ReadFaultChild.STREAM, "k", data)));
            }
            await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> {
                log.lookNow();
                try (Stream<Path> files = Files.list(written.resolve("log"))) {
                    assertThat(files.filter(file -> file.toString().endsWith("-wal")))
                            .hasSize(1);
                }
            });
            Files.createDirectories(home.resolve("log"));
            try (Stream<Path> files = Files.list(written.resolve("log"))) {
                for (Path file : files.toList()) {
                    Files.copy(file, home.resolve("log").resolve(file.getFileName()));
                }
            }
        }
    }

    private Path segment(int number) {
        return SegmentFile.path(home.resolve("log"), number);
    }

    private static int find(Path file, byte[] wanted) throws Exception {
        int at = new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1)
                .indexOf(new String(wanted, StandardCharsets.ISO_8859_1));
        assertThat(at).isNotNegative();
        return at;
    }

    private void run() throws Exception {
        Process child =
                shim.child(ReadFaultChild.class, List.of(home.toString())).start();
        try (BufferedReader out = child.inputReader(StandardCharsets.UTF_8)) {
            out.lines().forEach(lines::add);
        } finally {
            child.destroyForcibly();
            assertThat(child.waitFor(60, TimeUnit.SECONDS)).isTrue();
        }
        assertThat(lines).endsWith("closed");
    }

    private List<Long> records(String way) {
        return lines.stream()
                .filter(line -> line.startsWith("record " + way))
                .map(line -> Long.valueOf(line.split(" ", -1)[2]))
                .toList();
    }

    /** Per gap: from, to, records. */
    private List<long[]> gaps(String way) {
        return lines.stream()
                .filter(line -> line.startsWith("gap " + way))
                .map(line -> Stream.of(line.split(" ", -1))
                        .skip(2)
                        .limit(3)
                        .mapToLong(Long::parseLong)
                        .toArray())
                .toList();
    }

    private long[] ledger() {
        String line = lines.stream()
                .filter(each -> each.startsWith("ledger "))
                .findFirst()
                .orElseThrow();
        return Stream.of(line.split(" ", -1)).skip(1).mapToLong(Long::parseLong).toArray();
    }

    /** What is lost is one stretch, the same in both ways of reading, and counted; everything else is there. */
    private long[] verifyOneStretch() {
        List<long[]> gaps = gaps("shard");
        assertThat(gaps).isNotEmpty();
        for (int i = 0; i < gaps.size(); i++) {
            assertThat(gaps.get(i)[2]).isEqualTo(gaps.get(i)[1] - gaps.get(i)[0]);
            assertThat(i == 0 || gaps.get(i)[0] == gaps.get(i - 1)[1]).isTrue();
        }
        assertThat(gaps("order")).usingRecursiveComparison().isEqualTo(gaps);
        long[] lost = {gaps.get(0)[0], gaps.get(gaps.size() - 1)[1]};
        List<Long> expected = LongStream.rangeClosed(1, RECORDS)
                .filter(number -> number < lost[0] || number >= lost[1])
                .boxed()
                .toList();
        for (String way : List.of("shard", "order")) {
            assertThat(records(way)).startsWith(expected.toArray(Long[]::new)).doesNotHaveDuplicates();
        }
        assertThat(ledger()[2]).isEqualTo(lost[1] - lost[0]);
        assertThat(ledger()[0]).isEqualTo(ledger()[1] + ledger()[2]);
        return lost;
    }

    @Test
    void sectorOfASealedSegment_thatCannotBeRead_isAGapOfItsRecords_andRecordsAreTaken() throws Exception {
        int at = find(segment(1), "<40>x".getBytes(StandardCharsets.UTF_8));
        shim.failReads("00000001.seg", at, at + 1, ALWAYS);
        run();
        long[] lost = verifyOneStretch();
        assertThat(lost[0]).isLessThanOrEqualTo(40);
        assertThat(lost[1]).isGreaterThan(40);
        assertThat(lost[1] - lost[0]).isLessThanOrEqualTo(PAGE_BYTES / 500);
        assertThat(lines.stream().filter(line -> line.startsWith("stored "))).hasSizeGreaterThan(1);
        // Readable again, the records stay lost: readers have been told.
        assertThat(LogCheck.run(home.resolve("log")).isSound()).isTrue();
    }

    @Test
    void sealedSegment_thatCannotBeReadAtAll_isOneStretch() throws Exception {
        SegmentSummary.Span span =
                LogFiles.look(home.resolve("log"), LogEncryption.none(), LogFiles::state).segments().stream()
                        .filter(summary -> summary.number() == 2)
                        .flatMap(summary -> summary.spans().stream())
                        .filter(each -> each.next() - each.first() > 10)
                        .findFirst()
                        .orElseThrow();
        shim.failReads("00000002.seg", 0, ALWAYS, ALWAYS);
        run();
        assertThat(verifyOneStretch()).startsWith(span.first(), span.next());
    }

    @Test
    void indexOfASealedSegment_thatCannotBeRead_isMadeFromTheBlocks() throws Exception {
        int at;
        try (Connection connection = Sql.openImmutable(segment(1));
                Statement statement = connection.createStatement()) {
            byte[] index = SegmentFile.readSeal(statement).orElseThrow();
            // An overflow page: the table itself is small.
            at = find(segment(1), Arrays.copyOfRange(index, index.length - 64, index.length));
        }
        shim.failReads("00000001.seg", at, at + 1, ALWAYS);
        run();
        assertThat(gaps("shard")).isEmpty();
        assertThat(gaps("order")).isEmpty();
        assertThat(records("order")).hasSizeGreaterThanOrEqualTo(RECORDS);
    }

    @Test
    void readThatFailsForAMoment_losesNothing() throws Exception {
        int at = find(segment(1), "<40>x".getBytes(StandardCharsets.UTF_8));
        shim.failReads("00000001.seg", at, at + 1, 2);
        run();
        assertThat(shim.operations().stream().filter(operation -> operation.kind() == DiskOperation.Kind.NOT_GIVEN))
                .hasSize(2);
        assertThat(gaps("shard")).isEmpty();
        assertThat(gaps("order")).isEmpty();
        assertThat(records("shard")).hasSizeGreaterThanOrEqualTo(RECORDS).isEqualTo(records("order"));
        assertThat(ledger()[2]).isZero();
    }

    @Test
    void writeAheadLogOfTheLiveSegment_thatCannotBeRead_isQuarantined_andTheLogGoesOn() throws Exception {
        List<Integer> segments = SegmentFile.list(home.resolve("log"));
        int live = segments.get(segments.size() - 1);
        Path wal = SegmentFile.walPath(segment(live));
        assertThat(Files.size(wal)).isGreaterThan(4L * PAGE_BYTES);
        shim.failReads(wal.getFileName().toString(), 2L * PAGE_BYTES, 3L * PAGE_BYTES, ALWAYS);
        run();
        assertThat(SegmentFile.list(home.resolve("log"))).contains(live + 1);
        assertThat(lines.stream().filter(line -> line.startsWith("stored ")))
                .isNotEmpty()
                .allSatisfy(
                        line -> assertThat(Long.parseLong(line.substring(7))).isGreaterThan(1L << 32));
        for (String way : List.of("shard", "order")) {
            assertThat(gaps(way)).hasSize(2); // of unknown size, and renumbered
            assertThat(records(way).get(0)).isEqualTo(1);
        }
    }

    @Test
    void listOfShardsThatCannotBeWritten_isRemovedForGood() throws Exception {
        Files.writeString(home.resolve("log").resolve(ShardCatalog.NAME), "outdated");
        shim.fail("open", DiskShim.EIO, ShardCatalog.UNFINISHED, 1, ALWAYS);
        run();
        List<DiskOperation> operations = shim.operations();
        int removed = -1;
        for (int i = 0; i < operations.size() && removed < 0; i++) {
            DiskOperation operation = operations.get(i);
            boolean isIt = operation.kind() == DiskOperation.Kind.UNLINKED
                    && operation.succeeded()
                    && operation.path().equals("log/" + ShardCatalog.NAME);
            removed = isIt ? i : -1;
        }
        assertThat(removed).isNotNegative();
        assertThat(operations.subList(removed + 1, removed + 3))
                .anyMatch(operation -> operation.kind() == DiskOperation.Kind.DIRECTORY_SYNCED);
    }
}
