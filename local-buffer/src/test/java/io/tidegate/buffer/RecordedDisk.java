package io.tidegate.buffer;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/**
 * What a disk holds for certain, and what it may hold, after a number of recorded operations: a write or a truncation
 * is certain after the next successful sync of its file, a name after the next sync of its directory. After a failed
 * sync, what was not certain never will be: Linux takes its pages for clean.
 *
 * <p>Shared memory files ({@code -shm}) are left out: SQLite makes them anew. Confined to one thread.
 */
final class RecordedDisk {
    private static final int SECTOR_BYTES = 512;
    private static final int PAGE_BYTES = 4096;

    /** What became of the operations that were not certain when the power went. */
    enum Fate {
        ALL_KEPT,
        ALL_DROPPED,
        /** Those up to a moment. */
        OLDEST_KEPT,
        /** Each by itself; of names, the first few. */
        ANY_KEPT,
        /** As any kept, and single writes end in the middle, begin there, or left zeros. */
        TORN,
        /** As torn, and of names, any too. */
        NAMES_TOO
    }

    private record Change(DiskOperation operation, boolean isDoomed) {}

    private static final class Inode {
        byte[] certain = new byte[0];
        List<Change> uncertain = new ArrayList<>();
    }

    private record NameChange(String name, Inode inode, boolean isRemoval) {}

    private final Map<Long, Inode> inodes = new HashMap<>();
    /** By name, as the process saw them. */
    private final Map<String, Inode> seen = new HashMap<>();

    private final TreeMap<String, Inode> certainNames = new TreeMap<>();
    private final List<List<NameChange>> uncertainNames = new ArrayList<>();

    void apply(DiskOperation operation) {
        if (!operation.succeeded()) {
            if (operation.kind() == DiskOperation.Kind.SYNCED) {
                inode(operation).uncertain.replaceAll(change -> new Change(change.operation(), true));
            }
            return;
        }
        switch (operation.kind()) {
            case CREATED -> {
                Inode inode = new Inode();
                inodes.put(operation.inode(), inode);
                seen.put(operation.path(), inode);
                uncertainNames.add(List.of(new NameChange(operation.path(), inode, false)));
            }
            case WRITTEN, TRUNCATED -> inode(operation).uncertain.add(new Change(operation, false));
            case SYNCED -> makeCertain(inode(operation));
            case DIRECTORY_SYNCED -> {
                uncertainNames.forEach(step -> applyTo(certainNames, step));
                uncertainNames.clear();
            }
            case RENAMED -> {
                Inode inode = seen.remove(operation.path());
                seen.put(operation.text(), inode);
                uncertainNames.add(List.of(
                        new NameChange(operation.path(), inode, true), new NameChange(operation.text(), inode, false)));
            }
            case UNLINKED -> {
                Inode inode = seen.remove(operation.path());
                uncertainNames.add(List.of(new NameChange(operation.path(), inode, true)));
            }
            case OPENED_TO_READ, OPENED_TO_WRITE, CLOSED_READER, CLOSED_WRITER, NOT_GIVEN, SAID -> {}
        }
    }

    private Inode inode(DiskOperation operation) {
        return inodes.computeIfAbsent(operation.inode(), unknown -> new Inode());
    }

    private static void makeCertain(Inode inode) {
        List<Change> doomed = new ArrayList<>();
        for (Change change : inode.uncertain) {
            if (change.isDoomed()) {
                doomed.add(change);
            } else {
                inode.certain = written(
                        inode.certain,
                        change.operation(),
                        0,
                        change.operation().data().length());
            }
        }
        inode.uncertain = doomed;
    }

    private static byte[] written(byte[] before, DiskOperation operation, int from, int to) {
        if (operation.kind() == DiskOperation.Kind.TRUNCATED) {
            return Arrays.copyOf(before, (int) operation.offset());
        }
        int end = (int) operation.offset() + to;
        byte[] after = Arrays.copyOf(before, Math.max(before.length, end));
        operation.data().slice(from, to).copyTo(after, (int) operation.offset() + from);
        return after;
    }

    private static void applyTo(Map<String, Inode> names, List<NameChange> step) {
        for (NameChange change : step) {
            if (change.isRemoval()) {
                names.remove(change.name(), change.inode());
            } else {
                names.put(change.name(), change.inode());
            }
        }
    }

    /** Whether anything is not certain. */
    boolean isUncertain() {
        return !uncertainNames.isEmpty() || isUncertain("");
    }

    /** Whether the content of a file whose name ends like this is not certain. */
    boolean isUncertain(String suffix) {
        return seen.entrySet().stream()
                .anyMatch(file -> !isSharedMemory(file.getKey())
                        && !file.getKey().equals("LOCK")
                        && file.getKey().endsWith(suffix)
                        && !file.getValue().uncertain.isEmpty());
    }

    private static boolean isSharedMemory(String name) {
        return name.endsWith("-shm");
    }

    /** The files as they may be after a power cut now, by name. */
    Map<String, byte[]> after(Fate fate, Random random) {
        Map<String, Inode> names = new TreeMap<>(certainNames);
        int namesKept =
                switch (fate) {
                    case ALL_KEPT -> uncertainNames.size();
                    case ALL_DROPPED -> 0;
                    case OLDEST_KEPT, ANY_KEPT, TORN, NAMES_TOO -> random.nextInt(uncertainNames.size() + 1);
                };
        for (int i = 0; i < uncertainNames.size(); i++) {
            if (fate == Fate.NAMES_TOO ? random.nextBoolean() : i < namesKept) {
                applyTo(names, uncertainNames.get(i));
            }
        }
        Map<String, byte[]> files = new TreeMap<>();
        names.forEach((name, inode) -> {
            if (!isSharedMemory(name)) {
                files.put(name, content(inode, fate, random));
            }
        });
        return files;
    }

    private static byte[] content(Inode inode, Fate fate, Random random) {
        byte[] content = inode.certain;
        int oldest = random.nextInt(inode.uncertain.size() + 1);
        for (int i = 0; i < inode.uncertain.size(); i++) {
            DiskOperation operation = inode.uncertain.get(i).operation();
            int length = operation.data().length();
            switch (fate) {
                case ALL_KEPT -> content = written(content, operation, 0, length);
                case ALL_DROPPED -> {}
                case OLDEST_KEPT -> content = i < oldest ? written(content, operation, 0, length) : content;
                case ANY_KEPT -> content = random.nextBoolean() ? written(content, operation, 0, length) : content;
                case TORN, NAMES_TOO -> content = torn(content, operation, random);
            }
        }
        return content;
    }

    private static byte[] torn(byte[] before, DiskOperation operation, Random random) {
        int length = operation.data().length();
        int unit = random.nextBoolean() ? SECTOR_BYTES : PAGE_BYTES;
        int middle = random.nextInt(length / unit + 1) * unit;
        return switch (random.nextInt(5)) {
            case 0 -> before;
            case 1 -> written(before, operation, 0, length);
            case 2 ->
                operation.kind() == DiskOperation.Kind.TRUNCATED
                        ? before
                        : written(before, operation, 0, Math.min(length, middle));
            case 3 ->
                operation.kind() == DiskOperation.Kind.TRUNCATED
                        ? before
                        : written(before, operation, Math.min(length, middle), length);
            // The new length has reached the disk and the bytes have not.
            default -> Arrays.copyOf(before, (int) Math.max(before.length, operation.offset() + length));
        };
    }

    static void write(Map<String, byte[]> files, Path root) throws IOException {
        for (Map.Entry<String, byte[]> file : files.entrySet()) {
            Path path = root.resolve(file.getKey());
            Files.createDirectories(path.getParent());
            Files.write(path, file.getValue());
        }
    }
}
