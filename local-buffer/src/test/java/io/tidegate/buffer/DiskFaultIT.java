package io.tidegate.buffer;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidegate.core.stream.ShardId;
import io.tidegate.core.stream.StartingPosition;
import io.tidegate.core.stream.StreamRecord;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * One kind of file operation fails, once or for a while: nothing that was answered is lost, the log goes on afterwards,
 * and a file that has seen an I/O error is left alone for ever.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DiskFaultIT {
    private static final int EIO = 5;
    private static final int ENOSPC = 28;
    private static final int EROFS = 30;
    private static final int ALWAYS = 1_000_000;
    private static final ShardId SHARD = new ShardId(DiskFaultChild.STREAM, 0);
    private static final Duration FAULT = Duration.ofMillis(1500);
    /** The target is 5 s. */
    private static final Duration RESUMES_WITHIN = Duration.ofSeconds(25);

    private static final Set<DiskOperation.Kind> TOUCHING = Set.of(
            DiskOperation.Kind.WRITTEN,
            DiskOperation.Kind.TRUNCATED,
            DiskOperation.Kind.SYNCED,
            DiskOperation.Kind.UNLINKED,
            DiskOperation.Kind.OPENED_TO_WRITE,
            DiskOperation.Kind.CLOSED_WRITER);

    @TempDir
    static Path temporary;

    private final Queue<String> lines = new ConcurrentLinkedQueue<>();
    private DiskShim shim = new DiskShim(Path.of("unset"), Path.of("unset"));

    @SuppressWarnings("NullAway.Init") // started first of all
    private Process child;

    @SuppressWarnings("NullAway.Init")
    private Writer orders;

    @BeforeAll
    void start() throws Exception {
        Path homes = temporary.resolve("homes");
        shim = DiskShim.bare(homes, temporary);
        child = shim.child(DiskFaultChild.class, List.of(homes.toString())).start();
        orders = child.outputWriter(StandardCharsets.UTF_8);
        BufferedReader out = child.inputReader(StandardCharsets.UTF_8);
        Thread reader = new Thread(() -> out.lines().forEach(lines::add), "child-output");
        reader.setDaemon(true);
        reader.start();
    }

    @AfterAll
    void stop() throws Exception {
        child.destroyForcibly();
        assertThat(child.waitFor(30, TimeUnit.SECONDS)).isTrue();
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "wal-sync-eio-once,       fsync,     5,  .seg-wal, 1",
        "wal-sync-eio,            fsync,     5,  .seg-wal, 4",
        "wal-write-eio-once,      write,     5,  .seg-wal, 1",
        "wal-write-eio,           write,     5,  .seg-wal, 4",
        "checkpoint-write-eio,    write,     5,  .seg,     1",
        "checkpoint-sync-eio,     fsync,     5,  .seg,     1",
        "live-checkpoint-eio,     write,     5,  .seg,     1",
        "truncate-eio,            ftruncate, 5,  .seg-wal, 1",
        "wal-sync-enospc,         fsync,     28, .seg-wal, 1",
        "wal-write-enospc,        write,     28, .seg-wal, 1000000",
        "checkpoint-write-enospc, write,     28, .seg,     1000000",
        "roll-write-enospc,       write,     28, .seg.new, 1000000",
        "roll-sync-eio,           fsync,     5,  .seg.new, 1",
        "roll-open-enospc,        open,      28, .seg.new, 1000000",
        "wal-open-enospc,         open,      28, .seg-wal, 3",
        "everything-enospc,       write,     28, g,        1000000",
        "read-only,               any,       30, *,        1000000"
    })
    void whateverFails_whatWasAnsweredStays_andTheLogGoesOn(
            String name, String call, int errno, String suffix, int times) throws Exception {
        lines.clear();
        shim.clear();
        order(name);
        try {
            failAndHeal(name, call, errno, suffix, times);
        } finally {
            order("next"); // the child closes this log, for the next case too
        }
        Awaitility.await().atMost(Duration.ofSeconds(60)).until(() -> lines.contains("closed " + name));
        if (errno == EROFS) {
            staysReadable();
        }
        verify(name);
        leavesFailedFilesAlone(name);
    }

    private void failAndHeal(String name, String call, int errno, String suffix, int times) throws Exception {
        awaitStored(10, Duration.ofSeconds(120)); // the process may have to start first
        shim.fail(call, errno, suffix, 2, times);
        Predicate<DiskOperation> hit =
                operation -> operation.error() == errno && operation.path().startsWith(name + "/");
        try {
            Awaitility.await()
                    .atMost(Duration.ofSeconds(60))
                    .pollInterval(Duration.ofMillis(200))
                    .until(() -> shim.operations().stream().anyMatch(hit));
            if (times == ALWAYS) {
                Awaitility.await().pollDelay(FAULT).until(() -> true);
            }
        } finally {
            shim.heal();
        }
        awaitStored(20, RESUMES_WITHIN);
    }

    /** What was stored before is read while nothing can be written. */
    private void staysReadable() {
        assertThat(lines).anyMatch(line -> line.startsWith("readable "));
        long storedBefore = 0;
        for (String line : lines) {
            if (line.startsWith("stored ")) {
                storedBefore++;
            } else if (line.startsWith("readable ")) {
                assertThat(Long.parseLong(line.substring("readable ".length()))).isGreaterThanOrEqualTo(storedBefore);
            }
            assertThat(line).doesNotStartWith("unreadable ");
        }
    }

    private void order(String name) throws IOException {
        orders.write(name + "\n");
        orders.flush();
    }

    /** So many more. */
    private void awaitStored(int more, Duration within) {
        long wanted = stored() + more;
        Awaitility.await().atMost(within).until(() -> stored() >= wanted);
    }

    private long stored() {
        return lines.stream().filter(line -> line.startsWith("stored ")).count();
    }

    private void verify(String name) {
        Path home = temporary.resolve("homes").resolve(name);
        assertThat(LogCheck.run(home.resolve("log")).findings()).isEmpty();
        Map<Long, Long> numbers = new HashMap<>();
        try (ShardLog log = OpenedLogs.open(home)) {
            long last = 0;
            for (StreamRecord record :
                    LogReader.records(LogReader.all(log, SHARD, new StartingPosition.TrimHorizon()))) {
                long reading = DiskFaultChild.reading(record.data());
                assertThat(record.data())
                        .isEqualTo(DiskFaultChild.record(reading).data());
                assertThat(reading).as("in order, and once").isGreaterThan(last);
                last = reading;
                numbers.put(reading, record.sequenceNumber());
            }
        }
        for (String line : lines) {
            String[] words = line.split(" ", -1);
            if (words[0].equals("stored")) {
                assertThat(numbers).containsEntry(Long.valueOf(words[1]), Long.valueOf(words[2]));
            }
        }
    }

    private void leavesFailedFilesAlone(String name) throws IOException {
        Map<String, DiskOperation> failed = new TreeMap<>();
        List<String> touches = new ArrayList<>();
        for (DiskOperation operation : shim.operations()) {
            if (!operation.path().matches(name + "/log/[0-9]{8}\\.seg(-wal)?")) {
                continue;
            }
            String segment = operation.path().replace("-wal", "");
            DiskOperation cause = failed.get(segment);
            if (operation.kind() == DiskOperation.Kind.UNLINKED
                    && operation.succeeded()
                    && segment.equals(operation.path())) {
                // All of it goes, because no record that can be read is in it.
                touches.remove("UNLINKED " + segment + "-wal");
                failed.remove(segment);
                continue;
            }
            if (cause != null && TOUCHING.contains(operation.kind())) {
                touches.add(operation.kind() + " " + operation.path());
            }
            boolean isIoError = operation.error() == EIO
                    || (operation.error() == EROFS && operation.kind() == DiskOperation.Kind.WRITTEN)
                    || (operation.error() == ENOSPC && operation.kind() == DiskOperation.Kind.SYNCED);
            if (isIoError) {
                failed.putIfAbsent(segment, operation);
            }
        }
        assertThat(touches).isEmpty();
    }
}
