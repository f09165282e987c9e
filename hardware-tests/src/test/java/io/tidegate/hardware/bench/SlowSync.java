package io.tidegate.hardware.bench;

import io.tidegate.buffer.CommitInterval;
import io.tidegate.buffer.Compression;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Durable records per second where each fsync takes 5 ms: measured by a child process whose fsync is made to wait. */
final class SlowSync {
    static final int OUTSTANDING = 4096;
    private static final String SYNC_MICROS = "5000";
    private static final String RATE = "rate ";
    private static final int RECORDS = 400_000;

    private SlowSync() {}

    /** One rate per round. */
    static List<Double> measure(Path sources, Path directory, int rounds) throws Exception {
        Path library = directory.resolve("slow_sync.so");
        Command.run(
                "gcc",
                "-O2",
                "-shared",
                "-fPIC",
                "-o",
                library.toString(),
                sources.resolve("slow_sync.c").toString(),
                "-ldl");
        ProcessBuilder child = new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-XX:+UseSerialGC",
                "-Dtinylog.level=warn",
                "-DZstdTempFolder=" + System.getProperty("ZstdTempFolder"),
                "-cp",
                System.getProperty("java.class.path"),
                SlowSync.class.getName(),
                directory.toString(),
                "" + rounds);
        child.environment().put("LD_PRELOAD", library.toString());
        child.environment().put("SLOW_SYNC_MICROS", SYNC_MICROS);
        List<Double> rates = new ArrayList<>();
        for (String line : Command.run(child).split("\n", -1)) {
            if (line.startsWith(RATE)) {
                rates.add(Double.parseDouble(line.substring(RATE.length())));
            }
        }
        return rates;
    }

    public static void main(String[] arguments) throws Exception {
        Path home = Files.createDirectory(Path.of(arguments[0]).resolve("slow"));
        Telemetry telemetry = new Telemetry(LogBench.SMALL);
        try (MeasuredLog log =
                MeasuredLog.open(home, Compression.ZSTD, CommitInterval.AT_ONCE).withStream()) {
            Outstanding load = new Outstanding(OUTSTANDING);
            load.offer(log, telemetry, RECORDS);
            for (int round = 0; round < Integer.parseInt(arguments[1]); round++) {
                Stopwatch watch = log.watch();
                load.offer(log, telemetry, RECORDS);
                System.out.println(RATE + watch.cost(RECORDS).recordsPerSecond());
            }
        }
    }
}
