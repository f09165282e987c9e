package io.tidegate.core.runtime;

/** Something that keeps files on a disk that others use, too, and that can give the oldest of them up. */
public interface DiskUser {
    /** What its files take. Thread-safe. */
    long usedBytes();

    /**
     * Gives up the oldest of what it keeps, about so many bytes; does not wait until they are free.
     *
     * @return how many bytes will be free; 0: it has nothing more to give
     */
    long reclaim(long bytesMin);
}
