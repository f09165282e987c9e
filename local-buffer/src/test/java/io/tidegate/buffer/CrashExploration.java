package io.tidegate.buffer;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

/**
 * Records the file operations of a process that uses the log in every way, makes the directories that a power cut could
 * have left after each of them, and opens the log there; for one seed, which chooses the workload and the states.
 *
 * <p>Confined to one thread.
 */
final class CrashExploration {
    private static final List<RecordedDisk.Fate> FATES = List.of(RecordedDisk.Fate.values());
    private static final Set<DiskOperation.Kind> OF_NAMES = EnumSet.of(
            DiskOperation.Kind.CREATED,
            DiskOperation.Kind.RENAMED,
            DiskOperation.Kind.UNLINKED,
            DiskOperation.Kind.TRUNCATED,
            DiskOperation.Kind.DIRECTORY_SYNCED);
    private static final int CHILD_SECONDS = 240;
    /** Records of the second process have greater numbers. */
    private static final long SECOND_ID = 100_000;

    private final long seed;
    private final int states;
    private final Path temporary;
    private final Path home;
    private final Random random;
    private final BooleanSupplier isTimeOver;
    private final List<String> violations = new ArrayList<>();
    private int operationsCount;
    private long prefixes;
    private int checked;
    private int uncertain;

    /**
     * @param states how many to look at, about
     * @param temporary for the record; one for each exploration
     * @param isTimeOver true: look at no more
     */
    CrashExploration(long seed, int states, Path temporary, BooleanSupplier isTimeOver) throws IOException {
        this.seed = seed;
        this.states = states;
        this.temporary = temporary;
        this.isTimeOver = isTimeOver;
        this.random = new Random(seed);
        this.home = Files.createTempDirectory(scratch(), "tidegate-explored");
    }

    /** What came of it. */
    record Found(long operations, long prefixes, long states, long uncertain, List<String> violations) {
        static final Found NONE = new Found(0, 0, 0, 0, List.of());

        Found {
            violations = List.copyOf(violations);
        }

        Found plus(Found other) {
            List<String> both = new ArrayList<>(violations);
            both.addAll(other.violations);
            return new Found(
                    operations + other.operations,
                    prefixes + other.prefixes,
                    states + other.states,
                    uncertain + other.uncertain,
                    both);
        }
    }

    Found run() throws Exception {
        try {
            int steps = Math.min(140, 60 + states / 10);
            DiskShim shim = new DiskShim(home.resolve("log"), temporary);
            // The first process ends in the middle of a commit: what it wrote last is only in the page cache.
            shim.fail("write", DiskShim.KILL, ".seg-wal", 4 * steps + random.nextInt(steps), 1);
            assertThat(run(shim, 0, 0, 2 * steps)).isEqualTo(DiskShim.KILL);
            shim.heal();
            ExplorerPromises first = new ExplorerPromises(seed);
            said(shim.operations()).forEach(first::hear);
            assertThat(run(shim, SECOND_ID, first.hours(), steps)).isZero();
            List<DiskOperation> operations = shim.operations();
            operationsCount = operations.size();
            prefixes = explore(operations);
            return new Found(operationsCount, prefixes, checked, uncertain, violations);
        } finally {
            LogModelMachine.delete(home);
        }
    }

    private int run(DiskShim shim, long firstId, long hours, int steps) throws Exception {
        Process child = shim.child(
                        ExplorerChild.class, List.of(home.toString(), "" + seed, "" + firstId, "" + hours, "" + steps))
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        try {
            assertThat(child.waitFor(CHILD_SECONDS, TimeUnit.SECONDS)).isTrue();
            return child.exitValue();
        } finally {
            child.destroyForcibly();
        }
    }

    private static Stream<String> said(List<DiskOperation> operations) {
        return operations.stream()
                .filter(operation -> operation.kind() == DiskOperation.Kind.SAID)
                .map(DiskOperation::text);
    }

    /** Returns how many different directories there were with everything kept. */
    private long explore(List<DiskOperation> operations) throws IOException {
        RecordedDisk disk = new RecordedDisk();
        ExplorerPromises promises = new ExplorerPromises(seed);
        Set<String> prefixes = new HashSet<>();
        Set<String> states = new HashSet<>();
        List<Integer> moments = moments(operations);
        int at = 0;
        for (int moment : moments) {
            if (isTimeOver.getAsBoolean()) {
                break;
            }
            for (; at < moment; at++) {
                disk.apply(operations.get(at));
                if (operations.get(at).kind() == DiskOperation.Kind.SAID) {
                    promises.hear(operations.get(at).text());
                }
            }
            prefixes.add(digest(disk.after(RecordedDisk.Fate.ALL_KEPT, random)));
            RecordedDisk.Fate fate =
                    disk.isUncertain() ? FATES.get(random.nextInt(FATES.size())) : RecordedDisk.Fate.ALL_DROPPED;
            Map<String, byte[]> files = disk.after(fate, random);
            if (states.add(digest(files) + promises.acknowledged())) {
                check(promises, files, "after operation " + moment + " of " + operations.size() + ", " + fate);
                uncertain += disk.isUncertain() ? 1 : 0;
            }
        }
        return prefixes.size();
    }

    /**
     * After which numbers of operations the power goes, some of them more than once: anywhere; around changes of names;
     * and where something was said while a write-ahead log was not synced, which is rare.
     */
    private List<Integer> moments(List<DiskOperation> operations) {
        RecordedDisk disk = new RecordedDisk();
        List<Integer> delicate = new ArrayList<>();
        List<Integer> names = new ArrayList<>();
        for (int i = 0; i < operations.size(); i++) {
            disk.apply(operations.get(i));
            if (OF_NAMES.contains(operations.get(i).kind())) {
                names.add(i + 1);
            } else if (operations.get(i).kind() == DiskOperation.Kind.SAID && disk.isUncertain("-wal")) {
                delicate.add(i + 1);
            }
        }
        List<Integer> moments = new ArrayList<>();
        for (int i = 0; i < states; i++) {
            moments.add(random.nextInt(operations.size() + 1));
            moments.add(names.get(random.nextInt(names.size())));
        }
        for (int i = 0; i < states / 4 && !delicate.isEmpty(); i++) {
            moments.add(delicate.get(random.nextInt(delicate.size())));
        }
        Collections.shuffle(moments, random);
        return moments.subList(0, 2 * states).stream().sorted().toList();
    }

    private void check(ExplorerPromises promises, Map<String, byte[]> files, String which) throws IOException {
        Path state = Files.createTempDirectory(scratch(), "tidegate-state");
        try {
            Files.createDirectories(state.resolve("log"));
            RecordedDisk.write(files, state.resolve("log"));
            promises.check(state);
        } catch (AssertionError | RuntimeException e) {
            violations.add("seed " + seed + ", " + which + ": " + e);
            if (violations.size() == 1) {
                Files.createDirectories(Path.of("target", "explorer-violation"));
                RecordedDisk.write(files, Path.of("target", "explorer-violation"));
            }
        } finally {
            checked++;
            LogModelMachine.delete(state);
        }
    }

    /** Memory, where there is some: thousands of small logs are made here. */
    private Path scratch() {
        Path memory = Path.of("/dev/shm");
        return Files.isWritable(memory) ? memory : temporary;
    }

    private static String digest(Map<String, byte[]> files) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            files.forEach((name, content) -> {
                digest.update((name + "\0" + content.length + "\0").getBytes(StandardCharsets.UTF_8));
                digest.update(content);
            });
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
