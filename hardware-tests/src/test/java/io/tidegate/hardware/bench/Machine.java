package io.tidegate.hardware.bench;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.sqlite.SQLiteJDBCLoader;

/** Where figures were taken. */
final class Machine {
    private Machine() {}

    static void print(PrintStream out, Path directory) throws IOException {
        out.printf(
                "%s, %d cores, %s memory; Linux %s; Java %s; sqlite-jdbc %s; %s in %s; load %s%n",
                value("/proc/cpuinfo", "model name"),
                Runtime.getRuntime().availableProcessors(),
                value("/proc/meminfo", "MemTotal"),
                System.getProperty("os.version"),
                System.getProperty("java.runtime.version"),
                SQLiteJDBCLoader.getVersion(),
                Files.getFileStore(directory).type(),
                directory.getParent(),
                load());
    }

    static String load() throws IOException {
        return Files.readString(Path.of("/proc/loadavg")).split(" ", -1)[0];
    }

    private static String value(String file, String key) throws IOException {
        List<String> lines = Files.readAllLines(Path.of(file));
        return lines.stream()
                .filter(line -> line.startsWith(key))
                .map(line -> line.substring(line.indexOf(':') + 1).strip())
                .findFirst()
                .orElse("unknown");
    }
}
