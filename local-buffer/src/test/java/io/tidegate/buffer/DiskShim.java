package io.tidegate.buffer;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * The library in {@code src/test/c/disk_shim.c}, which records and fails the file operations of a child process below
 * one directory. Compiled when it is first needed.
 */
final class DiskShim {
    /** In the place of an error: the process ends there, as if it were killed; so does its exit code say. */
    static final int KILL = 255;

    static final int EIO = 5;

    private static final int COMPILE_SECONDS = 60;

    private final Path root;
    private final Path operations;
    private final Path fault;
    private final boolean isBare;
    private int generation;

    /**
     * @param root what lies below it is watched
     * @param scratch for the record and the order to fail
     */
    DiskShim(Path root, Path scratch) {
        this(root, scratch, false);
    }

    private DiskShim(Path root, Path scratch, boolean isBare) {
        this.isBare = isBare;
        this.root = root.toAbsolutePath();
        this.operations = scratch.resolve("operations").toAbsolutePath();
        this.fault = scratch.resolve("fault").toAbsolutePath();
    }

    /** One whose record lacks the bytes that are written. */
    static DiskShim bare(Path root, Path scratch) {
        return new DiskShim(root, scratch, true);
    }

    private static synchronized Path library() throws IOException, InterruptedException {
        Path library = Path.of("target", "disk_shim.so").toAbsolutePath();
        Path source = Path.of("src", "test", "c", "disk_shim.c").toAbsolutePath();
        if (Files.exists(library)
                && Files.getLastModifiedTime(library).compareTo(Files.getLastModifiedTime(source)) > 0) {
            return library;
        }
        Path unfinished = Files.createTempFile(library.getParent(), "disk_shim", ".so");
        Process gcc = new ProcessBuilder(
                        "gcc",
                        "-O2",
                        "-Wall",
                        "-shared",
                        "-fPIC",
                        "-o",
                        unfinished.toString(),
                        source.toString(),
                        "-ldl",
                        "-lpthread")
                .redirectErrorStream(true)
                .start();
        String said = new String(gcc.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(gcc.waitFor(COMPILE_SECONDS, TimeUnit.SECONDS)).isTrue();
        assertThat(gcc.exitValue()).as(said).isZero();
        Files.move(unfinished, library, StandardCopyOption.ATOMIC_MOVE);
        return library;
    }

    /** A child JVM under the shim that runs a main class. */
    ProcessBuilder child(Class<?> main, List<String> arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx128m",
                "-XX:+UseSerialGC",
                "-XX:-UsePerfData",
                "-Dtinylog.level=" + System.getProperty("tinylog.level", "warn"),
                "-cp",
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                main.getName()));
        command.addAll(arguments);
        ProcessBuilder builder = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
        builder.environment().put("LD_PRELOAD", library().toString());
        builder.environment().put("DISK_SHIM_ROOT", root.toString());
        builder.environment().put("DISK_SHIM_OPERATIONS", operations.toString());
        builder.environment().put("DISK_SHIM_FAULT", fault.toString());
        if (isBare) {
            builder.environment().put("DISK_SHIM_BARE", "1");
        }
        return builder;
    }

    /** What has happened until now, in order. */
    List<DiskOperation> operations() throws IOException {
        return DiskOperation.read(operations, root);
    }

    /** Forgets what has happened until now. */
    void clear() throws IOException {
        Files.write(operations, new byte[0]); // the child appends
    }

    /**
     * From now on calls fail.
     *
     * @param call open, write, ftruncate, fsync, rename, unlink or any
     * @param nth the first that fails, counted from now, from 1
     */
    void fail(String call, int errno, String suffix, long nth, long times) throws IOException {
        order(call, "" + errno, suffix, "" + nth, "" + times, "" + ++generation);
    }

    /**
     * From now on reads fail that want one of these bytes.
     *
     * @param times so many of them
     */
    void failReads(String suffix, long fromInclusive, long toExclusive, long times) throws IOException {
        order("read", "" + EIO, suffix, "1", "" + times, "" + ++generation, "" + fromInclusive, "" + toExclusive);
    }

    private void order(String... words) throws IOException {
        Path unfinished = fault.resolveSibling("fault.new");
        Files.writeString(unfinished, String.join(" ", words));
        Files.move(unfinished, fault, StandardCopyOption.ATOMIC_MOVE);
    }

    /** From now on nothing fails. */
    void heal() throws IOException {
        Files.deleteIfExists(fault);
    }
}
