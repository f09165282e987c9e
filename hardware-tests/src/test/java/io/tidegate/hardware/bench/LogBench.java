package io.tidegate.hardware.bench;

import io.tidegate.buffer.CommitInterval;
import io.tidegate.buffer.Compression;
import io.tidegate.core.stream.NewRecord;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedDeque;

/**
 * {@code ./run bench log}: the shard log beside other ways to store the same records durably, and what it costs to write,
 * to read and to open. The contenders of one comparison take turns, so that whatever else the machine does hits all.
 */
final class LogBench {
    static final int SMALL = 200;
    private static final int LARGE = 1024;
    private static final int GROUP = 1000;
    private static final long AUTO_BYTES_PER_DAY = 10_000_000_000L;
    private static final long MEMORY_BYTES_MIN = 1L << 30;
    /** Enough for compilers to have come to their end in the first round. */
    private static final int CPU_GROUPS = 500;

    private static final Contender RAW = new RawFile();
    private static final Contender ROW = new RowTable();
    private static final Contender ZSTD = new MeasuredLog.Appending("log", Compression.ZSTD, CommitInterval.AT_ONCE);
    private static final Contender PLAIN =
            new MeasuredLog.Appending("log, not compressed", Compression.NONE, CommitInterval.AT_ONCE);
    private static final Contender AUTO =
            new MeasuredLog.Appending("log, auto", Compression.ZSTD, new CommitInterval.Auto(AUTO_BYTES_PER_DAY));

    /** How long things last. */
    private record Lengths(
            int rounds, int groups, long deviceBytes, long readRecords, double buildSeconds, int latencySeconds) {
        static final Lengths FULL = new Lengths(5, 700, 60L << 20, 1_000_000, 150, 10);
        static final Lengths QUICK = new Lengths(3, 120, 16L << 20, 200_000, 30, 3);
    }

    private final Lengths lengths;
    private final Path sources;
    private final Scratch scratch;
    private final Report report = new Report();
    private final Telemetry small = new Telemetry(SMALL);
    private final Telemetry large = new Telemetry(LARGE);
    private final Deque<AutoCloseable> leftovers = new ConcurrentLinkedDeque<>();
    private int directories;

    private LogBench(Lengths lengths, Path sources, Scratch scratch) {
        this.lengths = lengths;
        this.sources = sources;
        this.scratch = scratch;
        leftovers.addFirst(scratch);
        report.atLeast("rawRatio200", 0.4, "records/s at 1,000 per commit / raw, 200 bytes");
        report.atLeast("rawRatio1k", 0.4, "the same, 1 KiB");
        report.atLeast("rowCpuRatio200", 3, "writer's CPU of row / of the log not compressed, 200 bytes");
        report.atLeast("rowCpuRatio1k", 1.7, "the same, 1 KiB");
        report.atLeast("rowWallRatio200", 1.3, "records/s of the log / of row, 200 bytes");
        report.atMost("deviceBytesZstd1000", 0.8, "device bytes per byte of data, 1,000 per commit, zstd");
        report.atMost("deviceBytes100", 3.3, "the same, 100 per commit, not compressed");
        report.atMost("writerCpuMicros", 1, "writer's CPU per record of 200 bytes, 1,000 per commit");
        report.atLeast("ackedPerSecond5msFsync", 250_000, "records/s, 4,096 outstanding, an fsync takes 5 ms");
        report.atMost("readCpuMicros", 0.3, "reader's CPU per record of 200 bytes, from the files");
        report.atMost("openMillis10M", 2000, "to open a log of 10 million records");
        report.atMost("flatness", 1.2, "writer's CPU per record at 10 million / in an empty log");
        report.reported("ackP99MillisTwoCameras", "500 records/s while two cameras record to the same disk");
    }

    public static void main(String[] arguments) throws Exception {
        Lengths lengths = List.of(arguments).contains("--quick") ? Lengths.QUICK : Lengths.FULL;
        Stopwatch watch = Stopwatch.start();
        try (Scratch scratch = Scratch.below(Path.of("hardware-tests", "target", "bench"))) {
            LogBench bench = new LogBench(lengths, Path.of("hardware-tests", "src", "test", "c"), scratch);
            Runtime.getRuntime().addShutdownHook(new Thread(bench::cleanUp));
            Machine.print(System.out, scratch.directory());
            bench.part("records, durable before the next are given", bench::compare);
            bench.part("the writer's CPU, 1,000 per commit", bench::cpu);
            bench.part("a slow disk", bench::slowDisk);
            bench.part("reading", bench::reading);
            bench.part("ten million records", bench::tenMillion);
            bench.part("a device that counts", bench::device);
            System.out.printf("%nload at the end %s, %.0f s%n", Machine.load(), watch.seconds());
            bench.report.print(System.out, "log");
        }
    }

    /** The youngest first: also if somebody ends this in the middle. */
    private void cleanUp() {
        for (AutoCloseable leftover = leftovers.pollFirst(); leftover != null; leftover = leftovers.pollFirst()) {
            try {
                leftover.close();
            } catch (Exception e) {
                System.err.println("left behind: " + e);
            }
        }
    }

    private interface Part {
        void run() throws Exception;
    }

    /** One that fails leaves its figures without a value, and the others as they are. */
    private void part(String name, Part part) {
        System.out.printf("%n%s%n", name);
        try {
            part.run();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (Exception e) {
            System.out.println("  failed: " + e);
        }
    }

    private Path directory() throws Exception {
        return scratch.fresh("d" + directories++);
    }

    private void compare() throws Exception {
        Map<Contender, Series> rates = compare("200 bytes", small, lengths.groups(), true);
        Map<Contender, Series> largeRates = compare("1 KiB", large, lengths.groups() / 3, false);
        report.set("rawRatio200", series(rates, ZSTD).dividedBy(series(rates, RAW)));
        report.set("rawRatio1k", series(largeRates, ZSTD).dividedBy(series(largeRates, RAW)));
        report.set("rowWallRatio200", series(rates, ZSTD).dividedBy(series(rates, ROW)));
    }

    private static Series series(Map<Contender, Series> of, Contender contender) {
        return of.getOrDefault(contender, new Series());
    }

    /** Returns records per second of each. */
    private Map<Contender, Series> compare(String title, Telemetry telemetry, int commits, boolean isSmall)
            throws Exception {
        List<Contender> contenders = List.of(RAW, ROW, PLAIN, ZSTD, AUTO);
        List<List<NewRecord>> groups = telemetry.groups(GROUP);
        Map<Contender, Series> rates = new LinkedHashMap<>();
        Map<Contender, Series> cpu = new LinkedHashMap<>();
        Series natsRates = new Series();
        Series natsCpu = new Series();
        String nats = "";
        for (int round = -1; round < lengths.rounds(); round++) {
            for (Contender contender : contenders) {
                Path directory = directory();
                Contender.Cost cost = contender.run(directory, groups, commits / 5, commits);
                Scratch.delete(directory);
                if (round >= 0) { // the first makes everything warm
                    rates.computeIfAbsent(contender, none -> new Series()).add(cost.recordsPerSecond());
                    cpu.computeIfAbsent(contender, none -> new Series()).add(cost.cpuMicros());
                }
            }
            if (isSmall) {
                nats = nats(telemetry, (long) commits * GROUP / 5, natsRates, natsCpu);
            }
        }
        System.out.printf("  %s, %,d per commit%n", title, GROUP);
        for (Contender contender : contenders) {
            row(contender.name(), series(rates, contender), series(cpu, contender), contender.configuration());
        }
        if (isSmall) {
            row(
                    "NATS JetStream",
                    natsRates,
                    natsCpu,
                    "all threads' CPU; " + SlowSync.OUTSTANDING + " outstanding; " + nats);
        }
        return rates;
    }

    /** In memory where that is possible: what is left is the writer's own work, not that of a file system's journal. */
    private void cpu() throws Exception {
        Path memory = Path.of("/dev/shm");
        boolean isThere = Files.isWritable(memory) && Files.getFileStore(memory).getUsableSpace() > MEMORY_BYTES_MIN;
        try (Scratch place = Scratch.below(isThere ? memory : scratch.directory())) {
            leftovers.addFirst(place);
            System.out.println("  in " + place.directory());
            Map<Contender, Series> costs = cpu(place, small, CPU_GROUPS);
            report.set("rowCpuRatio200", series(costs, ROW).dividedBy(series(costs, PLAIN)));
            report.set("writerCpuMicros", series(costs, ZSTD));
            costs = cpu(place, large, CPU_GROUPS / 4);
            report.set("rowCpuRatio1k", series(costs, ROW).dividedBy(series(costs, PLAIN)));
        }
    }

    private Map<Contender, Series> cpu(Scratch place, Telemetry telemetry, int commits) throws Exception {
        List<List<NewRecord>> groups = telemetry.groups(GROUP);
        Map<Contender, Series> costs = new LinkedHashMap<>();
        for (int round = -1; round < lengths.rounds(); round++) {
            for (Contender contender : List.of(ROW, PLAIN, ZSTD)) {
                Path directory = place.fresh("d" + directories++);
                Contender.Cost cost = contender.run(directory, groups, commits / 5, commits);
                Scratch.delete(directory);
                if (round >= 0) {
                    costs.computeIfAbsent(contender, none -> new Series()).add(cost.cpuMicros());
                }
            }
        }
        costs.forEach((contender, cost) ->
                System.out.printf("  %-20s %s us per record of %d bytes%n", contender.name(), cost, telemetry.size()));
        return costs;
    }

    private static void row(String name, Series rates, Series cpu, String configuration) {
        System.out.printf("  %-20s %-36s records/s  %-24s us CPU%n      %s%n", name, rates, cpu, configuration);
    }

    private String nats(Telemetry telemetry, long records, Series rates, Series cpu) throws Exception {
        Path directory = directory();
        try (NatsServer server = NatsServer.start(directory);
                JetStream stream = new JetStream(server.port())) {
            stream.publish(telemetry, records / 5, SlowSync.OUTSTANDING);
            double cpuBefore = server.cpuMicros();
            Stopwatch watch = Stopwatch.start();
            stream.publish(telemetry, records, SlowSync.OUTSTANDING);
            rates.add(records / watch.seconds());
            cpu.add((server.cpuMicros() - cpuBefore) / records);
            return server.configuration();
        } catch (IOException e) {
            return "not measured: " + e.getMessage();
        } finally {
            Scratch.delete(directory);
        }
    }

    private void slowDisk() throws Exception {
        Path directory = directory();
        SlowSync.measure(sources, directory, lengths.rounds())
                .forEach(rate -> report.series("ackedPerSecond5msFsync").add(rate));
        Scratch.delete(directory);
    }

    private void reading() throws Exception {
        Map<Compression, Path> homes = new LinkedHashMap<>();
        Map<Compression, Series> rates = new LinkedHashMap<>();
        Map<Compression, Series> cpu = new LinkedHashMap<>();
        for (Compression compression : Compression.values()) {
            homes.put(compression, directory());
            rates.put(compression, new Series());
            cpu.put(compression, new Series());
            Reading.write(homes.get(compression), compression, small, lengths.readRecords());
        }
        for (int round = -2; round < lengths.rounds(); round++) {
            for (Compression compression : Compression.values()) {
                Contender.Cost cost = Reading.read(homes.get(compression), compression, lengths.readRecords());
                if (round >= 0) {
                    rates.get(compression).add(cost.recordsPerSecond());
                    cpu.get(compression).add(cost.cpuMicros());
                }
            }
        }
        rates.forEach((compression, rate) ->
                row("" + compression, rate, cpu.get(compression), "a new opening, all records in commit order"));
        report.set("readCpuMicros", cpu.get(Compression.ZSTD));
        for (Path home : homes.values()) {
            Scratch.delete(home);
        }
    }

    private void tenMillion() throws Exception {
        Path home = directory();
        TenMillion log = new TenMillion(home, small);
        Stopwatch watch = Stopwatch.start();
        long records = log.build(lengths.buildSeconds());
        System.out.printf("  %,d records written in %.0f s%n", records, watch.seconds());
        if (records < TenMillion.RECORDS) {
            report.note("openMillis10M", String.format("of %,d records, there was no time for more", records));
            report.note("flatness", String.format("at %,d records", records));
        }
        for (int round = 0; round < lengths.rounds(); round++) {
            report.series("openMillis10M").add(log.openMillis());
        }
        Series full = new Series();
        Series empty = new Series();
        for (int round = 0; round < lengths.rounds(); round++) {
            full.add(TenMillion.appendMicros(home, false, small, lengths.groups() / 2));
            Path other = directory();
            empty.add(TenMillion.appendMicros(other, true, small, lengths.groups() / 2));
            Scratch.delete(other);
        }
        System.out.println("  us of the writer's CPU per record: " + full + ", in an empty log " + empty);
        report.set("flatness", full.dividedBy(empty));
        Scratch.delete(home);
    }

    private void device() throws Exception {
        try (LoopDisk disk = LoopDisk.make(directory(), "1G")) {
            leftovers.addFirst(disk);
            System.out.println("  " + disk.description());
            DeviceBytes bytes = new DeviceBytes(disk, small);
            report.series("deviceBytesZstd1000").add(bytes.measure(Compression.ZSTD, 1000, lengths.deviceBytes()));
            report.series("deviceBytes100").add(bytes.measure(Compression.NONE, 100, lengths.deviceBytes()));
            System.out.printf(
                    "  also: 100 per commit with zstd %.2f, 1,000 not compressed %.2f%n",
                    bytes.measure(Compression.ZSTD, 100, lengths.deviceBytes()),
                    bytes.measure(Compression.NONE, 1000, lengths.deviceBytes()));
            latency(disk);
        }
    }

    private void latency(LoopDisk disk) throws Exception {
        try (MeasuredLog log = MeasuredLog.open(disk.directory(), Compression.ZSTD, CommitInterval.AT_ONCE)
                .withStream()) {
            AckLatency.percentiles(log, small, 1, 50);
            List<String> lines = new ArrayList<>();
            for (boolean isRecording : new boolean[] {false, true}) {
                Cameras cameras = isRecording ? Cameras.start(disk.directory()) : null;
                try {
                    double[] millis = AckLatency.percentiles(log, small, lengths.latencySeconds(), 50, 99, 100);
                    lines.add(String.format(
                            "  answers %s cameras: p50 %.2f ms, p99 %.2f ms, longest %.2f ms",
                            isRecording ? "beside " + Cameras.COUNT : "without", millis[0], millis[1], millis[2]));
                    if (isRecording) {
                        report.series("ackP99MillisTwoCameras").add(millis[1]);
                    }
                } finally {
                    if (cameras != null) {
                        cameras.close();
                    }
                }
            }
            lines.forEach(System.out::println);
        }
    }
}
