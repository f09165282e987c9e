package io.tidegate.buffer;

import java.util.concurrent.atomic.LongAdder;

/**
 * Counts what the log makes the medium write, by what SQLite and a journalling file system do for each step: pages of
 * 4 KiB to the write-ahead log and back to the database, and the file system's own journal for each fsync. What a card
 * does inside, to whole erase blocks, is not in it, nor is what others write.
 *
 * <p>Thread-safe.
 */
final class WriteMeter {
    static final int PAGE_BYTES = 4096;
    /** What an overflow page holds of a row (sqlite.org/fileformat.html 1.6). */
    private static final int OVERFLOW_BYTES = PAGE_BYTES - 4;
    /** The header of a frame shifts all pages in the write-ahead log against those of the disk: one more is touched. */
    private static final int SHIFTED_PAGES = 1;
    /** Of ext4 for an fsync that changes no more than times of a file, at least a clock tick after the last one. */
    private static final int SYNC_PAGES = 1;
    /** Of ext4 for an fsync of a file that has grown or is new: descriptor, inode, bitmaps, extents, commit. */
    private static final int GROWTH_PAGES = 6;
    /** Pages of the database that most checkpoints write again: the first, the last leaf, those above it. */
    private static final int REWRITTEN_PAGES = 3;

    private final LongAdder written = new LongAdder();
    private final LongAdder payload = new LongAdder();

    /** Bytes since the log was opened. */
    long writtenBytes() {
        return written.sum();
    }

    /** Bytes of data and keys of the records that were stored since then. */
    long payloadBytes() {
        return payload.sum();
    }

    /** A block was inserted. */
    void inserted(StoredBlock stored, Iterable<Run> runs) {
        for (Run run : runs) {
            payload.add(run.bytes());
        }
        written.add(frameBytes(stored.bytes()));
        pages(SHIFTED_PAGES + SYNC_PAGES);
    }

    /**
     * What a row takes in the write-ahead log: its leaf and, the more often the larger it is, a new leaf's entries in the
     * page above and in the first page; beyond a page also its overflow pages.
     */
    static long frameBytes(int rowBytes) {
        return rowBytes < OVERFLOW_BYTES ? PAGE_BYTES + 2L * rowBytes : PAGE_BYTES * (3L + rowBytes / OVERFLOW_BYTES);
    }

    /** The write-ahead log was copied back, by which the database grew. */
    void checkpointed(long grownBytes) {
        pages(grownBytes / PAGE_BYTES + REWRITTEN_PAGES + SYNC_PAGES + GROWTH_PAGES);
    }

    /** A whole file was made and synced, and its directory. */
    void created(long bytes) {
        pages(bytes / PAGE_BYTES + 2 * GROWTH_PAGES);
    }

    private void pages(long count) {
        written.add(count * PAGE_BYTES);
    }
}
