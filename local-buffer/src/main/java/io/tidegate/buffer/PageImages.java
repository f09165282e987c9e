package io.tidegate.buffer;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Every copy of every page of a segment that its database, its write-ahead log and its journal hold
 * (sqlite.org/fileformat2.html, 1.3, 3 and 4), read without SQLite and without believing a header: segments have pages of
 * 4,096 bytes, always. Nothing is written.
 *
 * <p>Confined to one thread.
 */
final class PageImages implements AutoCloseable {
    static final int PAGE_BYTES = 4096;

    /** A segment has a hundredth of this; what is beyond is not looked at. */
    private static final int IMAGES_MAX = 1 << 20;

    private static final int WAL_HEADER_BYTES = 32;
    private static final int FRAME_HEADER_BYTES = 24;
    private static final int FRAME_BYTES = FRAME_HEADER_BYTES + PAGE_BYTES;
    private static final int JOURNAL_RECORD_BYTES = 4 + PAGE_BYTES + 4;
    private static final int JOURNAL_SECTOR_BYTES = 512;

    /**
     * One copy of a page.
     *
     * @param page its number, from 1
     * @param isCommitted SQLite would take it, or would have taken it before another
     * @param isSound a checksum says that it is what was written; in the database nothing says so
     */
    record Image(FileChannel file, long offset, int page, boolean isCommitted, boolean isSound, boolean isDatabase) {
        /** The likeliest to be right first: what is written twice is the same, and the younger is whole more often. */
        private int order() {
            if (isCommitted && isSound) {
                return 0;
            }
            return isDatabase ? 1 : isCommitted ? 2 : 3;
        }
    }

    private final List<FileChannel> files = new ArrayList<>();
    private final List<Image> images = new ArrayList<>();
    private final Map<Integer, List<Image>> byPage = new HashMap<>();
    private int databasePages;

    private PageImages() {}

    static PageImages of(Path segment) throws IOException {
        PageImages found = new PageImages();
        try {
            found.addDatabase(segment);
            found.addWriteAheadLog(SegmentFile.walPath(segment));
            found.addJournal(segment.resolveSibling(segment.getFileName() + "-journal"));
        } catch (IOException e) {
            found.close();
            throw e;
        }
        for (Image image : found.images) {
            found.byPage
                    .computeIfAbsent(image.page(), page -> new ArrayList<>(1))
                    .add(image);
        }
        // Of equals the last in the file first.
        found.byPage
                .values()
                .forEach(copies -> copies.sort(Comparator.comparingInt(Image::order)
                        .thenComparing(Comparator.comparingLong(Image::offset).reversed())));
        return found;
    }

    /** All copies, the database's first, in the order of the files. */
    List<Image> all() {
        return images;
    }

    /** The copies of one page, the likeliest first. */
    List<Image> of(int page) {
        return byPage.getOrDefault(page, List.of());
    }

    int databasePages() {
        return databasePages;
    }

    /** The bytes of a page, zeros where the file ends; all zeros if the medium does not give it. */
    byte[] read(Image image) {
        return read(image.file(), image.offset(), PAGE_BYTES);
    }

    private static byte[] read(FileChannel file, long offset, int length) {
        ByteBuffer buffer = ByteBuffer.allocate(length);
        try {
            int read;
            do {
                read = file.read(buffer, offset + buffer.position());
            } while (read > 0 && buffer.hasRemaining());
        } catch (IOException e) {
            // What a failing card does not give back is lost like what it gives back wrongly; its page shows as bad.
            return new byte[length];
        }
        return buffer.array();
    }

    private FileChannel open(Path file) throws IOException {
        FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
        files.add(channel);
        return channel;
    }

    private void addDatabase(Path segment) throws IOException {
        if (!Files.exists(segment)) {
            return;
        }
        FileChannel file = open(segment);
        long pages = (file.size() + PAGE_BYTES - 1) / PAGE_BYTES;
        databasePages = (int) Math.min(IMAGES_MAX, pages);
        for (int i = 0; i < databasePages; i++) {
            images.add(new Image(file, (long) i * PAGE_BYTES, i + 1, true, false, true));
        }
    }

    private void addWriteAheadLog(Path wal) throws IOException {
        if (!Files.exists(wal)) {
            return;
        }
        FileChannel file = open(wal);
        int count = (int) Math.min(IMAGES_MAX, (file.size() - WAL_HEADER_BYTES) / FRAME_BYTES);
        if (count <= 0) {
            return;
        }
        ByteBuffer header = ByteBuffer.wrap(read(file, 0, WAL_HEADER_BYTES));
        ByteOrder order = (header.getInt(0) & 1) == 1 ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN;
        long salts = header.getLong(16);
        long before = header.getLong(24);
        long[] frameSalts = new long[count];
        int[] pages = new int[count];
        boolean[] isSound = new boolean[count];
        boolean[] isEnd = new boolean[count];
        for (int i = 0; i < count; i++) {
            ByteBuffer frame = ByteBuffer.wrap(read(file, WAL_HEADER_BYTES + (long) i * FRAME_BYTES, FRAME_BYTES));
            pages[i] = frame.getInt(0);
            isEnd[i] = frame.getInt(4) != 0;
            frameSalts[i] = frame.getLong(8);
            long sum = WalFile.checksum(before, frame.slice(0, 8).order(order));
            sum = WalFile.checksum(
                    sum, frame.slice(FRAME_HEADER_BYTES, PAGE_BYTES).order(order));
            before = frame.getLong(16);
            isSound[i] = sum == before;
        }
        // Without a header that some frame agrees with, the first frame says which round this is.
        long present = Arrays.stream(frameSalts).anyMatch(salt -> salt == salts) ? salts : frameSalts[0];
        int end = count;
        while (end > 0 && !(isEnd[end - 1] && frameSalts[end - 1] == present)) {
            end--;
        }
        for (int i = 0; i < count; i++) {
            boolean isCommitted = i < end && frameSalts[i] == present;
            images.add(new Image(
                    file,
                    WAL_HEADER_BYTES + (long) i * FRAME_BYTES + FRAME_HEADER_BYTES,
                    pages[i],
                    isCommitted,
                    isCommitted && isSound[i],
                    false));
        }
    }

    /** The journal of a sealing that was cut off: pages as they were before. */
    private void addJournal(Path journal) throws IOException {
        if (!Files.exists(journal)) {
            return;
        }
        FileChannel file = open(journal);
        long count = Math.min(IMAGES_MAX, (file.size() - JOURNAL_SECTOR_BYTES) / JOURNAL_RECORD_BYTES);
        for (int i = 0; i < count; i++) {
            long offset = JOURNAL_SECTOR_BYTES + (long) i * JOURNAL_RECORD_BYTES;
            int page = ByteBuffer.wrap(read(file, offset, 4)).getInt();
            images.add(new Image(file, offset + 4, page, true, false, false));
        }
    }

    @Override
    public void close() throws IOException {
        for (FileChannel file : files) {
            file.close();
        }
    }
}
