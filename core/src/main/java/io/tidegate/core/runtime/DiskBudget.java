package io.tidegate.core.runtime;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The limits of everything that is kept in one home: how much it may take in all, and how much of the disk it leaves
 * free. Those who use the disk give up records in the order in which they were added.
 *
 * <p>Thread-safe; users are asked to give up on the thread that calls {@link #balance}.
 */
public final class DiskBudget {
    private final Path directory;
    private final long bytesMax;
    private final long freeBytesMin;
    private final DiskSpace space;
    private final List<DiskUser> users = new ArrayList<>();

    /**
     * How the disk is.
     *
     * @param usedBytes by all users
     * @param bytesMax what they may use; {@link Long#MAX_VALUE}: no limit
     * @param freeBytes what this process could still write; {@link Long#MAX_VALUE}: the file system does not say
     * @param freeBytesMin what is to be left
     */
    public record Status(long usedBytes, long bytesMax, long freeBytes, long freeBytesMin) {
        /** What has to go; 0: the limits hold. */
        public long excessBytes() {
            return Math.max(0, Math.max(usedBytes - bytesMax, freeBytesMin - freeBytes));
        }
    }

    /**
     * @param directory somewhere on the disk
     * @param bytesMax {@link Long#MAX_VALUE} for no limit
     * @param freeBytesMin 0 for no limit
     */
    public DiskBudget(Path directory, long bytesMax, long freeBytesMin) {
        this(directory, bytesMax, freeBytesMin, DiskSpace.SYSTEM);
    }

    DiskBudget(Path directory, long bytesMax, long freeBytesMin, DiskSpace space) {
        if (bytesMax < 1 || freeBytesMin < 0) {
            throw new IllegalArgumentException("limits of a disk must be positive, found at most " + bytesMax
                    + " bytes used and at least " + freeBytesMin + " free");
        }
        this.directory = directory;
        this.bytesMax = bytesMax;
        this.freeBytesMin = freeBytesMin;
        this.space = space;
    }

    /** Without limits. */
    public static DiskBudget unlimited(Path directory) {
        return new DiskBudget(directory, Long.MAX_VALUE, 0);
    }

    /** Gives up after those that were added before. */
    public synchronized void add(DiskUser user) {
        users.add(user);
    }

    private synchronized List<DiskUser> users() {
        return List.copyOf(users);
    }

    public Status status() {
        return new Status(
                users().stream().mapToLong(DiskUser::usedBytes).sum(),
                bytesMax,
                space.usableBytes(directory).orElse(Long.MAX_VALUE),
                freeBytesMin);
    }

    /** Has users give up what is too much. True: something was given up, so that it is worth to look again soon. */
    public boolean balance() {
        long excess = status().excessBytes();
        long reclaimed = 0;
        for (DiskUser user : users()) {
            if (reclaimed >= excess) {
                break;
            }
            reclaimed += user.reclaim(excess - reclaimed);
        }
        return reclaimed > 0;
    }
}
